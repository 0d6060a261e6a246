"""What a step told one recipient of one enterprise, against what it had to tell."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from proofs.release.chain import Found, Step, StepEntry
from proofs.release.messages import DueMessage, Messages


class ToldMessage(NamedTuple):
    """A message that a step says it told, and the entry that says so."""

    entry: StepEntry
    message: Mapping[str, Any]

    @property
    def sequence(self) -> int:
        """Its sequence, of the enterprise in the recipient's topic."""
        return int(self.message["sequence"])


def by_subject(step: Step) -> dict[str, dict[str, list[ToldMessage]]]:
    """Return by enterprise and recipient what a step told, in its order."""
    told: dict[str, dict[str, list[ToldMessage]]] = {}
    for entry in step.entries:
        own = told.setdefault(entry.value["subject"], {})
        for message in entry.value["messages"]:
            own.setdefault(message["recipient"], []).append(ToldMessage(entry, message))
    return told


class Comparison:
    """Compares the messages of one step, and names what differs first, for the rest follows from it."""

    def __init__(self, step: Step, messages: Messages, found: Found) -> None:
        self._step, self._messages, self._found = step, messages, found

    def agree(self, told: Sequence[ToldMessage], wanted: Sequence[DueMessage], sequence: int) -> bool:
        """Whether messages are the first of those wanted; ``sequence``: of the message before them."""
        for at, one in enumerate(told):
            if at >= len(wanted):
                self.not_due(one)
                return False
            problem = self._otherwise(one, wanted[at], sequence + at + 1)
            if problem:
                self._found(one.entry.place, f"{_named(one)} has another {problem} than was due")
                return False
        return True

    def not_due(self, one: ToldMessage) -> None:
        """Note a message of which nothing was due."""
        self._found(one.entry.place, f"{_named(one)} was not due")

    def untold(self, subject: str, recipient: str, count: int) -> None:
        """Note messages that this step had to tell."""
        self._found(self._step.place, f"{subject}: {count} messages that were due to {recipient} were not told")

    def _otherwise(self, one: ToldMessage, wanted: DueMessage, sequence: int) -> str:
        """Return what is other than wanted; nothing where nothing is."""
        value, message = one.entry.value, one.message
        pairs = {
            "sequence": (message["sequence"], sequence),
            "item": (value["item"], wanted.item),
            "op": (value["op"], wanted.op),
            "reason": (value["reason"], wanted.reason),
            "policy": (value["policy"], self._step.value["policy"]),
            "consents": (tuple(message["consents"]), wanted.consents),
            "handle": (message["handle"], wanted.handle),
        }
        differing = next((name for name, (said, due) in pairs.items() if said != due), "")
        if differing:
            return differing
        due = self._messages.hash(wanted, message["recipient"], sequence)
        return "" if due == message["hash"] else "content"


def _named(one: ToldMessage) -> str:
    return f"{one.entry.value['subject']}: message {one.sequence} to {one.message['recipient']}"
