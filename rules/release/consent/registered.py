"""What the register of enterprises says that pauses consents: another legal representative, or a striking off.

Only what a change changes counts. A first report of an old fact says nothing of who may sign today.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from catalogue.envelope import Op
from catalogue.errors import PoisonMessage
from catalogue.times import business_date
from rules.release.consent.lifecycle import FINAL, ActReason, Consent, State
from rules.release.visible import Payload

REGISTRATION, LEGAL_PERSON, CHANGES = "market.registration", "market.legal_person", "market.change"
DEREGISTRATION = "market.deregistration"
FOLLOWED = frozenset((REGISTRATION, LEGAL_PERSON, CHANGES, DEREGISTRATION))
"""The items 1, 3, 4 and 11."""

_REPRESENTATIVE = re.compile("法定代表人|法人代表|负责人|经营者")
# "法定代表人：某某" in what should be the name alone.
_LABEL = re.compile(r"^.{0,20}[:：]")


class Registered(NamedTuple):
    """What one record newly says. ``name``: of the legal representative from now on; "": the enterprise is gone."""

    name: str
    since: date | None = None
    """From which day on; None: from now on."""


def registered(change: Mapping[str, Any], payload: Payload) -> Iterator[Registered]:
    """Yield what the records of a value of ``credit.change.v1`` newly say; what cannot be read says nothing."""
    for record in change["records"]:
        if record["item"] in FOLLOWED and record["live"] and record["op"] == Op.REPORT:
            now = _payload(record, "", payload)
            before = _payload(record, "previous_", payload) if record["was_live"] else {}
            yield from _newly(record["item"], now, before)


def normalised_name(name: str) -> str:
    """Return a person's name as it is compared: without blanks, half-width."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def why_paused(consent: Consent, said: Registered, hash_of: Callable[[str], str]) -> ActReason | None:
    """Return why what the register says pauses a consent; None: it does not.

    ``hash_of``: the keyed hash of a normalised name, as signatories have it. Of a change with a day, what was signed
    after that day was signed by whoever came then.
    """
    if consent.state in FINAL or consent.signatory is None or consent.signed_at is None:
        return None
    if not said.name:
        reason = ActReason.STRUCK_OFF
    else:
        signed_on = business_date(consent.signed_at)
        if hash_of(normalised_name(said.name)) == consent.signatory.representative:
            return None
        if said.since is not None and said.since < signed_on:
            return None
        reason = ActReason.REPRESENTATIVE_CHANGED
    return None if consent.state is State.PAUSED and consent.reason is reason else reason


def _newly(item: str, now: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[Registered]:
    if item == DEREGISTRATION:
        yield Registered("")
    elif item == CHANGES:
        after = now.get("content_after")
        if now != before and after and _REPRESENTATIVE.search(now.get("change_matter") or ""):
            yield Registered(_LABEL.sub("", after), now.get("change_date"))
    else:
        name, former = now.get("legal_rep_name"), before.get("legal_rep_name")
        if name and former and normalised_name(name) != normalised_name(former):
            yield Registered(name)


def _payload(record: Mapping[str, Any], which: str, payload: Payload) -> Mapping[str, Any]:
    encoded, schema_id = record[f"{which}payload"], record[f"{which}schema_id"]
    if encoded is None or schema_id is None:
        return {}
    try:
        data = payload(schema_id, encoded)
    except PoisonMessage:
        return {}
    return data if isinstance(data, Mapping) else {}
