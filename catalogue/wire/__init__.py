"""Avro schemas of the hub's own topics: what happens to a report on its way. One module a topic.

They lie beside the catalogue because every stage reads or writes them. ``credithub schemas generate`` writes them
to ``schemas/avro/internal``.
"""

from catalogue.wire.anchor import ANCHOR
from catalogue.wire.audit import AUDIT_ENTRY
from catalogue.wire.bank import BANK_LIST_ENTRY, BANK_SCOPE, bank_indicators
from catalogue.wire.calendar import BUSINESS_DATE
from catalogue.wire.change import CHANGE
from catalogue.wire.consent import CONSENT
from catalogue.wire.indicators import INDICATOR_VALUES
from catalogue.wire.keys import KEY_FINGERPRINT
from catalogue.wire.lists import LIST, LIST_CHANGE
from catalogue.wire.position import POSITION
from catalogue.wire.proven import PROVEN
from catalogue.wire.rating import RATING, RATING_CHANGE, RATING_MODEL, REVIEW
from catalogue.wire.recipients import PORTFOLIO_ENTRY, RECIPIENT, TOPIC_LOSS
from catalogue.wire.record import RECORD
from catalogue.wire.reference import RATING_REFERENCE
from catalogue.wire.rejected import REJECTED
from catalogue.wire.release import LABEL_POLICY, RELEASE_ENTRY, RELEASE_MARKS, RELEASE_SNAPSHOT, RELEASE_STEP
from catalogue.wire.returned import RETURNED
from catalogue.wire.scorecards import RECIPIENT_CARD
from catalogue.wire.state import STATE
from catalogue.wire.submission import SUBMISSION
from catalogue.wire.unresolved import UNRESOLVED
from catalogue.wire.upstream import UPSTREAM_RECEIPT, UPSTREAM_UP

__all__ = [
    "ANCHOR",
    "AUDIT_ENTRY",
    "BANK_LIST_ENTRY",
    "BANK_SCOPE",
    "BUSINESS_DATE",
    "CHANGE",
    "CONSENT",
    "INDICATOR_VALUES",
    "KEY_FINGERPRINT",
    "LABEL_POLICY",
    "LIST",
    "LIST_CHANGE",
    "PORTFOLIO_ENTRY",
    "POSITION",
    "PROVEN",
    "RATING",
    "RATING_CHANGE",
    "RATING_MODEL",
    "RATING_REFERENCE",
    "RECIPIENT",
    "RECIPIENT_CARD",
    "RECORD",
    "REJECTED",
    "RELEASE_ENTRY",
    "RELEASE_MARKS",
    "RELEASE_SNAPSHOT",
    "RELEASE_STEP",
    "RETURNED",
    "REVIEW",
    "STATE",
    "SUBMISSION",
    "TOPIC_LOSS",
    "UNRESOLVED",
    "UPSTREAM_RECEIPT",
    "UPSTREAM_UP",
    "bank_indicators",
]
