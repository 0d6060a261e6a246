"""The arrows of the release and of the banks: the chain of steps, and each bank's topic against what the entries say.

Whether a step told what it had to tell is proved by the full pass alone: for that one has to know everybody's records.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from proofs.continuous.moment import FactKind, ProvenMoment
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.findings import RELEASE, bank_arrow
from proofs.release.chain import Chain, ChainEnd, Step
from proofs.release.headers import wrong_headers


class BankWindow:
    """One window of a bank's arrow: what the entries say was told, and what its topic holds."""

    def __init__(self, moment: ProvenMoment, bank: str, plain: PlainDecoder) -> None:
        self._moment, self.arrow, self._plain = moment, bank_arrow(bank), plain
        self._topic = topics.bank_topic(bank)
        self._due: dict[str, str] = {}
        self._told: list[tuple[str, str]] = []
        self._first_told: dict[str, int] = {}
        self.is_cut = False  # retention deleted what was not read yet

    def take_entry(self, subject: str, message: Mapping[str, Any], place: str) -> None:
        """Take what an entry says was told."""
        last, sequence = self._moment.last(self.arrow, subject), message["sequence"]
        if sequence != last + 1:
            self._moment.differ(RELEASE, place, f"message {sequence} of {subject} to {self.arrow} after {last}")
        self._moment.follow(self.arrow, subject, sequence)
        self._due[_token(subject, sequence, message["hash"])] = place

    def take_message(self, raw: bytes, headers: Iterable[tuple[str, bytes]] | None, where: str) -> None:
        """Take a message of the bank's topic; raises PoisonMessage when it cannot be read."""
        value = self._plain(raw)
        subject, sequence = value["subject"], value["sequence"]
        wrong = wrong_headers(value, self._plain.name(raw), headers)
        if wrong is not None:
            self._moment.differ(self.arrow, where, wrong)
        self._told.append((_token(subject, sequence, hashlib.sha256(raw).digest()), where))
        self._first_told.setdefault(subject, sequence)

    def settle(self) -> None:
        """Compare both sides."""
        places = dict(self._told)
        for one in self._moment.balance(self.arrow).settle(self._due, [token for token, _ in self._told]):
            subject, sequence, _ = [*one.token.split("\x00"), "", ""][:3]
            if one.was_seen:
                place, problem = places.get(one.token, self._topic), "was told what no entry says, or a second time"
            elif self.is_cut and int(sequence) < self._first_told.get(subject, 1 << 62):
                continue
            else:
                place, problem = self._topic, f"of {self._due.get(one.token, topics.RELEASE)} was not told"
            self._moment.differ(self.arrow, place, f"{subject}: message {sequence} {problem}", one.times)


class StepsWindow:
    """One window of the steps of all partitions. It ends where no transaction is open, so steps are whole."""

    def __init__(self, moment: ProvenMoment, registry: Registry, banks: Mapping[str, BankWindow]) -> None:
        """``banks`` by the ids of the recipients."""
        self._moment, self._decode, self._banks = moment, Decoder(registry), banks
        self._chains: dict[int, Chain] = {}

    def take(self, partition: int, offset: int, raw: bytes) -> None:
        """Take a message of ``release.v1``."""
        chain = self._chains.get(partition)
        if chain is None:
            end = self._moment.chains.get(partition, ChainEnd())
            chain = self._chains[partition] = Chain(partition, self._decode, end, self._found)
        step = chain.take(offset, raw)
        if step is not None:
            self._take_step(step)

    def reached(self, partition: int) -> Mapping[str, int]:
        """Return up to which offsets of its inputs the last step of a partition came."""
        chain = self._chains.get(partition)
        return (self._moment.chains.get(partition, ChainEnd()) if chain is None else chain.end).after

    def settle(self) -> None:
        """Note entries without a step, and keep where the chains end."""
        for partition, chain in self._chains.items():
            chain.finish()
            self._moment.chains[partition] = chain.end
            self._moment.touch(FactKind.CHAIN, partition)

    def _take_step(self, step: Step) -> None:
        for entry in step.entries:
            subject = entry.value["subject"]
            for message in entry.value["messages"]:
                bank = self._banks.get(message["recipient"])
                if bank is None:
                    self._found(entry.place, f"{subject}: told to {message['recipient']}, which has no topic")
                else:
                    bank.take_entry(subject, message, entry.place)

    def _found(self, place: str, what: str) -> None:
        self._moment.differ(RELEASE, place, what)


def bank_windows(moment: ProvenMoment, banks: Iterable[str], plain: PlainDecoder) -> dict[str, BankWindow]:
    """Return a window for each bank."""
    return {bank: BankWindow(moment, bank, plain) for bank in banks}


def _token(subject: str, sequence: int, digest: bytes) -> str:
    return f"{subject}\x00{sequence}\x00{digest.hex()}"
