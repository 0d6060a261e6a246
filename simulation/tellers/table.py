"""Which teller an item has, by its number in the list; an item without one draws each cell by itself."""

from collections.abc import Mapping

from simulation.setting import Teller
from simulation.tellers import (
    administration,
    annual,
    bidding,
    courts,
    innovation,
    insurance,
    lists,
    market,
    property_rights,
    qualifications,
    ratings,
    statements,
    tax,
    trade,
    utilities,
)

TELLERS: Mapping[int, Teller] = {
    **market.TELLERS,
    **annual.TELLERS,
    **tax.TELLERS,
    **statements.TELLERS,
    **insurance.TELLERS,
    **utilities.TELLERS,
    **bidding.TELLERS,
    **courts.TELLERS,
    **administration.TELLERS,
    **lists.TELLERS,
    **ratings.TELLERS,
    **innovation.TELLERS,
    **property_rights.TELLERS,
    **qualifications.TELLERS,
    **trade.TELLERS,
}
