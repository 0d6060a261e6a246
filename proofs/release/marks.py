"""``release.sequence.v1``, from which a successor goes on, against what the steps told."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bus.avro.decoding import Decoder
from bus.avro.registry import full_name
from bus.topics import RELEASE, RELEASE_SEQUENCE
from catalogue import wire
from catalogue.errors import PoisonMessage
from processing.output import InputMessage
from proofs.release.chain import Found, Step
from proofs.release.told import ToldSoFar
from rules.release.entitlement import Access, Entitlement, Opening

_STEP = full_name(wire.RELEASE_STEP)


@dataclass(slots=True)
class Marks:
    """The newest marks of one partition. They are of one transaction with the step that they name."""

    partition: int
    found: Found
    step: bytes = b""
    number: int = 0
    _by_subject: dict[str, tuple[str, Mapping[str, Any]]] = field(default_factory=dict)

    def read(self, messages: Iterable[InputMessage], decode: Decoder) -> None:
        """Read the topic to its end."""
        newest = {message.key or b"": message for message in messages}
        for key, message in newest.items():
            place, raw = f"{RELEASE_SEQUENCE}/{self.partition}@{message.offset}", message.value or b""
            try:
                value = decode(raw)
                is_step = decode.name(raw) == _STEP
            except PoisonMessage as problem:
                self.found(place, f"unreadable: {problem.message}")
                continue
            if is_step:
                self.step, self.number = raw, value["number"]
            elif value["subject"].encode() != key:
                self.found(place, f"the marks of {value['subject']} lie under another key")
            else:
                self._by_subject[value["subject"]] = place, value

    def compare(self, step: Step, told: Mapping[str, Mapping[str, ToldSoFar]]) -> None:
        """Compare with what is known behind the step that they name; ``told`` by enterprise and recipient."""
        if step.raw != self.step:
            what = f"the last step is another than the one at {step.place}"
            self.found(f"{RELEASE_SEQUENCE}/{self.partition}", what)
        for subject in self._by_subject.keys() | told.keys():
            place, value = self._by_subject.get(subject, (f"{RELEASE_SEQUENCE}/{self.partition}", {}))
            marks, known = dict(_marks(value)), told.get(subject, {})
            for recipient in marks.keys() | known.keys():
                sequence, entitlement = marks.get(recipient, (0, ToldSoFar().entitlement))
                one = known.get(recipient, ToldSoFar())
                if sequence != one.sequence:
                    what = f"{subject}: {recipient} was told {one.sequence} messages, its mark says {sequence}"
                    self.found(place, what)
                elif entitlement != one.entitlement and (entitlement.is_subscribed or one.entitlement.is_subscribed):
                    self.found(place, f"{subject}: by its mark {recipient} may see something else than it was told by")

    def finish(self, last: int, *, has_read: bool) -> None:
        """Note where steps are missing; ``last``: number of the last step, ``has_read``: the release read something."""
        if self.number > last:
            what = f"the last step is {last}, {RELEASE_SEQUENCE} knows step {self.number}"
            self.found(f"{RELEASE}/{self.partition}", what)
        elif has_read and not self.number:
            self.found(f"{RELEASE_SEQUENCE}/{self.partition}", "there is no step, and the release has read something")


def _marks(value: Mapping[str, Any]) -> Iterator[tuple[str, tuple[int, Entitlement]]]:
    entitlements = [_entitlement(one) for one in value.get("entitlements", ())]
    for mark in value.get("recipients", ()):
        yield mark["recipient"], (mark["sequence"], entitlements[mark["told"][0]["entitlement"]])


def _entitlement(value: Mapping[str, Any]) -> Entitlement:
    openings = tuple(
        Opening(one["item"], Access(one["access"]), tuple(one["consents"]), one["as_of"]) for one in value["openings"]
    )
    return Entitlement(value["policy"], value["is_subscribed"], tuple(value["categories"]), openings)
