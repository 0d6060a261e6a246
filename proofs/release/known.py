"""What is known at a step: recipients, consents and records, as their topics tell them up to the step's offsets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bus.avro.decoding import Decoder
from bus.crypto.signing import ForgedSignature, Verifier
from catalogue.errors import PoisonMessage
from processing.output import InputMessage
from proofs.release.chain import Found
from rules.release.consent.artefact import TYPE, Held, digest_of, follow, read_message
from rules.release.consent.lifecycle import Consent, IllegalTransition
from rules.release.disclosure import LiveRecord
from rules.release.lists import Member, member_of
from rules.release.recipient_messages import PortfolioEntry, RecipientVersion, TopicLoss, recipient_message


class Recipients:
    """The newest version of each recipient, which enterprises their lists have, and what their topics lost."""

    def __init__(self, decode: Decoder) -> None:
        self._decode = decode
        self.versions: dict[str, RecipientVersion] = {}
        self.losses: dict[str, TopicLoss] = {}
        self._entries: dict[tuple[str, str], PortfolioEntry] = {}

    def take(self, message: InputMessage) -> PortfolioEntry | None:
        """Take a message; return the entry that it newly makes. Raises PoisonMessage."""
        raw = message.value or b""
        said = recipient_message(self._decode.name(raw), self._decode(raw))
        if isinstance(said, RecipientVersion):
            known = self.versions.get(said.recipient)
            if known is None or said.version > known.version:
                self.versions[said.recipient] = said
            return None
        if isinstance(said, TopicLoss):
            declared = self.losses.get(said.recipient)
            if declared is None or said.version > declared.version:
                self.losses[said.recipient] = said
            return None
        key = said.recipient, said.subject
        before = self._entries.get(key)
        if before is not None and said.version <= before.version:
            return None
        self._entries[key] = said
        return said

    def is_entry(self, recipient: str, subject: str) -> bool:
        """Whether a recipient's list has an enterprise."""
        entry = self._entries.get((recipient, subject))
        return entry is not None and entry.is_in


class Consents:
    """The consents of each enterprise, each transition verified."""

    def __init__(self, decode: Decoder, verifier: Verifier, found: Found) -> None:
        self._decode, self._verifier, self._found = decode, verifier, found
        self._held: dict[str, dict[str, Held]] = {}

    def take(self, message: InputMessage, place: str) -> None:
        """Take a transition; raises PoisonMessage for one that nobody signed, or that does not follow."""
        value = self._decode(message.value or b"")
        try:
            signed = self._verifier.verify(value["artefact"], TYPE)
            said = read_message(value, message.key or b"", *signed)
            terms = said.step.terms
            own = self._held.setdefault(terms.subject, {})
            held = own.get(terms.number)
            if held is not None and said.step.version <= held.consent.version:
                self._found(place, f"double: version {said.step.version} of the consent {terms.number}")
                return
            own[terms.number] = follow(held, said, digest_of(value["artefact"]))
        except (ForgedSignature, IllegalTransition, ValueError, KeyError, TypeError, AttributeError) as exc:
            raise PoisonMessage(f"It is no transition that this hub signed: {exc}") from exc

    def of(self, subject: str) -> tuple[Consent, ...]:
        """Return the consents of an enterprise."""
        return tuple(held.consent for held in self._held.get(subject, {}).values())


@dataclass(slots=True)
class EnterpriseRecords:
    """What counts of one enterprise; ``records`` by their places (item and record key with a NUL between)."""

    name: str | None = None
    records: dict[str, LiveRecord] = field(default_factory=dict)
    indicators: dict[str, Any] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    """By list."""
    as_of: date = date.min

    def in_order(self) -> Iterator[tuple[str, LiveRecord]]:
        """Yield the records in the order of their places, in which they are told."""
        yield from sorted(self.records.items())

    def since(self, record: Mapping[str, Any]) -> int:
        """Return at which offset of the changes a record began to count; 0 of one that does not."""
        held = self.records.get(place_of(record))
        return 0 if held is None else held.since

    def fold(self, change: Mapping[str, Any], offset: int) -> None:
        """Take a change."""
        self.name = change["subject_name"] or None
        for record in change["records"]:
            place = place_of(record)
            if not record["live"]:
                self.records.pop(place, None)
                continue
            since = self.since(record) if record["was_live"] else offset
            self.records[place] = LiveRecord(
                record["item"], record["record_key"], record["source_time"], record["unit"], record["schema_id"],
                record["payload"], since,
            )  # fmt: skip
        if change["indicators"]:
            self.indicators.update((one["id"], one["current"]) for one in change["indicators"])
            self.as_of = change["as_of"]

    def fold_list(self, change: Mapping[str, Any]) -> None:
        """Take a change of a list."""
        self.members.pop(change["list"], None)
        member = member_of(change)
        if member is not None:
            self.members[change["list"]] = member


def place_of(record: Mapping[str, Any]) -> str:
    """Return the place of a record among those of its enterprise."""
    return f"{record['item']}\0{record['record_key']}"
