"""One partition of a bank's topic against the entries: what was told lies there, once, unaltered, and nothing else.

The topic is kept for 30 days. Its messages lie in the order of the entries, so whatever comes behind the first one that
is still kept has to be there, but for what an operator declared lost.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bus.avro.decoding import Decoder
from bus.topics import RELEASE, bank_topic
from catalogue.errors import PoisonMessage
from processing.output import InputMessage
from proofs.release.chain import Found
from proofs.release.headers import wrong_headers


class DeclaredLoss(NamedTuple):
    """So many messages of a partition, told by entries before an offset of ``release.v1``, are lost for good."""

    before: int = 0
    missing: int = 0


NO_LOSS = DeclaredLoss()


@dataclass(slots=True)
class BankCounts:
    """How many messages the entries tell; of these lie in the topic or did, are to come, or were declared lost."""

    told: int = 0
    delivered: int = 0
    pending: int = 0
    lost: int = 0


@dataclass(slots=True)
class BankPartition:
    """One partition of a bank's topic, read before the entries are; ``is_cut``: retention took messages from it."""

    bank: str
    partition: int
    is_cut: bool
    found: Found
    loss: DeclaredLoss = NO_LOSS
    counts: BankCounts = field(default_factory=BankCounts)
    _messages: dict[tuple[str, int], tuple[int, bytes, str | None]] = field(default_factory=dict)
    _last: dict[str, int] = field(default_factory=dict)
    _has_begun: bool = False

    def read(self, messages: Iterable[InputMessage], decode: Decoder) -> None:
        """Read what there is, and note each subject whose sequences have a gap or a repeat."""
        for message in messages:
            raw, place = message.value or b"", self._place(message.offset)
            try:
                value = decode(raw)
                subject, sequence = str(value["subject"]), int(value["sequence"])
            except (PoisonMessage, KeyError, ValueError) as problem:
                self.found(place, f"unreadable: {problem}")
                continue
            before = self._last.get(subject, None if self.is_cut else 0)
            if before is not None and sequence <= before:
                self.found(place, f"double sequence {sequence} of {subject}")
                continue
            # Where a loss was declared the entries alone tell what is missing beyond it.
            if before is not None and sequence != before + 1 and not self.loss.missing:
                self.found(place, f"sequence {sequence} of {subject} after {before}")
            self._last[subject] = sequence
            wrong = wrong_headers(value, decode.name(raw), message.headers)
            self._messages[subject, sequence] = message.offset, hashlib.sha256(raw).digest(), wrong

    def take(self, subject: str, message: Mapping[str, Any], told_at: int, *, is_certain: bool) -> None:
        """Take what the entry at an offset says was told; ``is_certain``: it was there before the topic was read."""
        sequence = message["sequence"]
        self.counts.told += 1
        there = self._messages.pop((subject, sequence), None)
        if there is None:
            self._take_missing(subject, sequence, told_at, is_certain=is_certain)
            return
        self._has_begun = True
        self.counts.delivered += 1
        offset, digest, wrong = there
        if digest != message["hash"]:
            what = f"{subject}: message {sequence} is not the one that {self._entry(told_at)} says was told"
            self.found(self._place(offset), what)
        elif wrong is not None:
            self.found(self._place(offset), wrong)

    def finish(self) -> None:
        """Note what no entry says was told."""
        for (subject, sequence), (offset, *_) in self._messages.items():
            self.found(self._place(offset), f"{subject}: no entry says that message {sequence} was told")

    def _take_missing(self, subject: str, sequence: int, told_at: int, *, is_certain: bool) -> None:
        if self.is_cut and not self._has_begun:
            self.counts.delivered += 1  # and retention took it
        elif told_at < self.loss.before and self.counts.lost < self.loss.missing:
            self.counts.lost += 1
        elif is_certain or sequence < self._last.get(subject, 0):
            what = f"{subject}: message {sequence}, which {self._entry(told_at)} says was told, is not there"
            self.found(f"{bank_topic(self.bank)}/{self.partition}", what)
        else:
            self.counts.pending += 1

    def _entry(self, offset: int) -> str:
        return f"{RELEASE}/{self.partition}@{offset}"

    def _place(self, offset: int) -> str:
        return f"{bank_topic(self.bank)}/{self.partition}@{offset}"
