"""One partition of the release, step by step: what each step told against what it had to tell."""

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.crypto.signing import Verifier
from bus.topics import CHANGE, CONSENT, LIST_CHANGE, RECIPIENT, RELEASE_INPUTS
from catalogue.errors import PoisonMessage
from processing.output import InputMessage
from proofs.release.chain import Found, Step
from proofs.release.comparing import Comparison, ToldMessage, by_subject
from proofs.release.due import Due
from proofs.release.entitled import LabelsOf, Moment
from proofs.release.feed import Feed
from proofs.release.known import Consents, EnterpriseRecords, Recipients
from proofs.release.messages import DueMessage, Messages
from proofs.release.resends import Resends
from proofs.release.told import BEGINNING, ToldSoFar
from rules.release.entitlement import Entitlement
from rules.release.visible import is_enterprise


class TakenChange(NamedTuple):
    """A change of an enterprise's records, or of a list, and where it lies."""

    topic: str
    value: Mapping[str, Any]
    offset: int

    @property
    def is_of_a_list(self) -> bool:
        """Whether it is of a list."""
        return self.topic == LIST_CHANGE


@dataclass(frozen=True, slots=True)
class ReplayInputs:
    """What one partition's release is replayed from; ``messages``: each input's, from its beginning on."""

    partition: int
    messages: Mapping[str, Iterator[InputMessage]]
    labels_of: LabelsOf
    verifier: Verifier


ToldTo = Mapping[str, Sequence[ToldMessage]]
"""By recipient what a step told of an enterprise."""


class ReleaseReplay:
    """Takes the steps of a partition in their order. ``told`` is then what each recipient knows of each enterprise."""

    def __init__(self, inputs: ReplayInputs, registry: Registry, found: Found) -> None:
        self._partition, self._labels_of, self._found = inputs.partition, inputs.labels_of, found
        self._decode = Decoder(registry)
        self._feeds = {topic: Feed(inputs.messages[topic]) for topic in RELEASE_INPUTS}
        self._recipients = Recipients(self._decode)
        self._consents = Consents(self._decode, inputs.verifier, found)
        self._messages = Messages(registry)
        self._enterprises: dict[str, EnterpriseRecords] = {}
        self.told: dict[str, dict[str, ToldSoFar]] = {}
        self.outcomes: dict[str, Counter[str]] = {topic: Counter() for topic in RELEASE_INPUTS}
        self._entitlements: dict[Entitlement, Entitlement] = {}
        self._touched: set[str] = set()
        self._resends = Resends()
        self._last: tuple[Step, Due] | None = None

    @property
    def is_settled(self) -> bool:
        """Whether the last step says that everybody was told what he may see; without any step there is nothing."""
        return self._last is None or bool(self._last[0].value["is_settled"])

    def take(self, step: Step) -> None:
        """Take a step with its entries."""
        after = step.value["after"]
        self._fold_governance(after)
        moment = Moment(step.value["policy"], step.value["moment"])
        due = Due(moment, self._labels_of, self._recipients, self._consents, self._decode.payload)
        changes = self._changes(after)
        told, comparison = by_subject(step), Comparison(step, self._messages, self._found)
        as_of = step.value["before"].get(CHANGE, 0)
        for subject in dict.fromkeys((*told, *changes)):
            if subject in changes:
                self._tell_changes(due, subject, changes[subject], told.get(subject, {}), comparison, as_of)
            else:
                self._tell_differences(due, subject, told[subject], comparison, as_of)
        self._last = step, due
        if step.value["is_settled"]:
            self._note_untold(self._touched)
            # Who was told nothing of an enterprise then had nothing to be told anew.
            self._resends.settle(self._touched)
            self._touched = set()

    def finish(self) -> None:
        """Note what the last step left untold, where it says that it left nothing."""
        if self.is_settled:
            self._note_untold(self._enterprises)

    def unread(self, topic: str) -> int:
        """Return how many messages of an input come behind the last step; a consent that is there twice is named."""
        count = 0
        for message in self._feeds[topic].rest():
            count += 1
            if topic == CONSENT:
                with contextlib.suppress(PoisonMessage):
                    self._consents.take(message, f"{CONSENT}/{self._partition}@{message.offset}")
        return count

    def _fold_governance(self, after: Mapping[str, int]) -> None:
        for message in self._feeds[RECIPIENT].upto(after.get(RECIPIENT, 0)):
            try:
                entry = self._recipients.take(message)
            except PoisonMessage:
                self.outcomes[RECIPIENT]["rejected"] += 1
                continue
            self.outcomes[RECIPIENT]["merged"] += 1
            if entry is not None:
                self._touched.add(entry.subject)
                if entry.is_resend and entry.subject in self._enterprises:
                    is_told = entry.recipient in self.told.get(entry.subject, {})
                    self._resends.ask((entry.subject, entry.recipient), is_told=is_told)
        for message in self._feeds[CONSENT].upto(after.get(CONSENT, 0)):
            try:
                self._consents.take(message, f"{CONSENT}/{self._partition}@{message.offset}")
            except PoisonMessage:
                self.outcomes[CONSENT]["rejected"] += 1
                continue
            self.outcomes[CONSENT]["merged"] += 1
            self._touched.add((message.key or b"").decode().partition("\0")[0])

    def _changes(self, after: Mapping[str, int]) -> dict[str, list[TakenChange]]:
        """Return by enterprise the changes that a step told: those of records before those of lists."""
        found: dict[str, list[TakenChange]] = {}
        for topic in (CHANGE, LIST_CHANGE):
            for message in self._feeds[topic].upto(after.get(topic, 0)):
                try:
                    value = self._decode(message.value or b"")
                except PoisonMessage:
                    self.outcomes[topic]["rejected"] += 1
                    continue
                if not is_enterprise(value):
                    self.outcomes[topic]["superseded"] += 1
                    continue
                found.setdefault(value["subject"], []).append(TakenChange(topic, value, message.offset))
        return found

    def _tell_changes(
        self,
        due: Due,
        subject: str,
        changes: Sequence[TakenChange],
        told: ToldTo,
        comparison: Comparison,
        as_of: int,
    ) -> None:
        """Compare what was told of an enterprise that changed: the whole difference first, then each change."""
        known, enterprise = self.told.setdefault(subject, {}), self._enterprises.get(subject)
        first, name = changes[0], None
        if not first.is_of_a_list:
            name, as_of = first.value["subject_name"], first.offset
        if enterprise is None:
            enterprise = self._enterprises[subject] = EnterpriseRecords(name)
        else:
            name = enterprise.name
        nows, wanted = dict[str, Entitlement](), dict[str, list[DueMessage]]()
        for recipient in self._recipients.versions:
            own = known.get(recipient, ToldSoFar())
            now = nows[recipient] = self._now(due, subject, recipient, own, as_of)
            is_other = own.is_other(now)
            wanted[recipient] = list(due.difference(recipient, subject, name, enterprise, own, now)) if is_other else []
        for change in changes:
            is_readable = _want_change(due, change, enterprise, nows, wanted)
            self.outcomes[change.topic]["merged" if is_readable else "rejected"] += 1
        for recipient in dict.fromkeys((*wanted, *told)):
            messages, due_messages = told.get(recipient, []), wanted.get(recipient, [])
            own = known.get(recipient, ToldSoFar())
            is_right = comparison.agree(messages, due_messages, own.sequence)
            if is_right and len(messages) < len(due_messages):
                comparison.untold(subject, recipient, len(due_messages) - len(messages))
            if messages or due_messages or not own.is_whole:
                sequence = messages[-1].sequence if messages else own.sequence
                known[recipient] = ToldSoFar(sequence, nows.get(recipient, own.entitlement))

    def _tell_differences(self, due: Due, subject: str, told: ToldTo, comparison: Comparison, as_of: int) -> None:
        """Compare what was told of an enterprise that did not change: differences, or the next parts of them."""
        known = self.told.setdefault(subject, {})
        for recipient, messages in told.items():
            if subject not in self._enterprises or recipient not in self._recipients.versions:
                comparison.not_due(messages[0])
                continue
            own = known.get(recipient, ToldSoFar())
            known[recipient] = self._told_on(due, subject, recipient, own, messages, comparison, as_of)

    def _told_on(
        self,
        due: Due,
        subject: str,
        recipient: str,
        own: ToldSoFar,
        messages: Sequence[ToldMessage],
        comparison: Comparison,
        as_of: int,
    ) -> ToldSoFar:
        """Return what a recipient was told of an enterprise behind these messages, which have to be what was due."""
        enterprise, key = self._enterprises[subject], (subject, recipient)
        while messages:
            now = self._now(due, subject, recipient, own, as_of)
            if own.is_other(now):
                wanted = list(due.difference(recipient, subject, enterprise.name, enterprise, own, now))
                part = messages[: len(wanted)]
                if not comparison.agree(part, wanted, own.sequence):
                    return ToldSoFar(messages[-1].sequence, now)
                sequence, messages = own.sequence + len(part), messages[len(part) :]
                if len(part) < len(wanted):
                    so_far = own.upto if own.goes_on(now) else BEGINNING
                    return own.cut(sequence, due.cut_at(enterprise, wanted[: len(part)], so_far), now)
                own = ToldSoFar(sequence, now)
            elif key in self._resends and now.is_subscribed:
                # Behind the difference: what may be seen no more is withdrawn before all is told anew.
                self._resends.answer(key)
                own = ToldSoFar(own.sequence)
            else:
                comparison.not_due(messages[0])
                return ToldSoFar(messages[-1].sequence, own.entitlement)
        return own

    def _now(self, due: Due, subject: str, recipient: str, own: ToldSoFar, as_of: int) -> Entitlement:
        """Return the entitlement of the step's moment, as it follows the one before; equal ones are one object."""
        now = due.entitlements.of(recipient, subject)
        if own.is_whole and not own.is_other(now):
            return own.entitlement
        now = now.following(own.entitlement, as_of)
        return self._entitlements.setdefault(now, now)

    def _note_untold(self, subjects: Iterable[str]) -> None:
        if self._last is None:
            return
        step, due = self._last
        for subject in subjects:
            if subject not in self._enterprises:
                continue
            own = self.told.get(subject, {})
            for recipient in self._recipients.versions:
                now = due.entitlements.of(recipient, subject)
                is_anew = now.is_subscribed and self._resends.is_owed((subject, recipient))
                if is_anew or own.get(recipient, ToldSoFar()).is_other(now):
                    what = f"{subject}: {recipient} was not told what else it may see, or may not see any more"
                    self._found(step.place, what)


def _want_change(
    due: Due,
    change: TakenChange,
    enterprise: EnterpriseRecords,
    nows: Mapping[str, Entitlement],
    wanted: Mapping[str, list[DueMessage]],
) -> bool:
    """Add what each recipient is due of a change, which then counts; return whether all of it can be read."""
    problems: list[PoisonMessage] = []
    for recipient in (name for name, now in nows.items() if now.is_subscribed):
        if change.is_of_a_list:
            wanted[recipient].extend(due.list_change(change.value, enterprise))
            continue
        wanted[recipient].extend(
            due.change(
                recipient, change.value, enterprise, nows[recipient], lambda _, problem: problems.append(problem)
            )
        )
    if change.is_of_a_list:
        enterprise.fold_list(change.value)
    else:
        enterprise.fold(change.value, change.offset)
    return not problems
