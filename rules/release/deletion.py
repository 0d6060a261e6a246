"""By when a recipient deletes what it was told by a consent that ended."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

from catalogue.times import business_date
from rules.release.consent.lifecycle import Consent
from rules.release.consent.terms import Disposal
from rules.release.reasons import WithdrawalReason

DELETED_WITHIN = timedelta(days=30)
"""How long after the end of a consent; ours."""
_FINAL = frozenset((WithdrawalReason.CONSENT_REVOKED, WithdrawalReason.CONSENT_EXPIRED))


def delete_by(
    reason: WithdrawalReason | None, numbers: Collection[str], consents: Iterable[Consent], moment: datetime
) -> date | None:
    """Return the last day on which what was told by the consents of these numbers may still be there.

    None where no consent ended for good, and where each lets the recipient keep what a law says.
    """
    if reason not in _FINAL:
        return None
    disposals = {one.terms.disposal for one in consents if one.terms.number in numbers}
    return business_date(moment) + DELETED_WITHIN if Disposal.DELETE in disposals else None
