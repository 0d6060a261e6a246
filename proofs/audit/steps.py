"""The chains of ``release.v1``, one a partition, as ``proofs.release.chain`` reads them; faults get their kinds."""

from collections.abc import Mapping
from typing import Any

from bus.avro.decoding import Decoder
from bus.topics import RELEASE
from catalogue.errors import PoisonMessage
from proofs.audit.anchors import AnchorCheck
from proofs.audit.faults import ChainFaults, FaultKind, NumberOrder
from proofs.release.chain import Chain, ChainEnd, Step


class StepCheck:
    """Takes one partition's messages in their order."""

    def __init__(self, partition: int, decode: Decoder, anchors: AnchorCheck, faults: ChainFaults) -> None:
        self._decode, self._anchors, self._faults = decode, anchors, faults
        self._partition, self._order = partition, NumberOrder(faults)
        self._problems: list[tuple[str, str]] = []
        self._chain = Chain(partition, decode, ChainEnd(), lambda *problem: self._problems.append(problem))
        self._highest = ChainEnd()
        self.steps = self.entries = 0

    def take(self, offset: int, raw: bytes) -> Mapping[str, Any] | None:
        """Take a message; return what it says, None where nobody can read it."""
        step = self._chain.take(offset, raw)
        try:
            value = self._decode(raw)
        except PoisonMessage:
            self._tell(FaultKind.ALTERED)
            return None
        if step is None:
            # What is wrong with an entry the step that ends it tells.
            self.entries += 1
        else:
            self.steps += 1
            self._take_step(step)
        return value

    def finish(self) -> None:
        """Note entries without the step that ends them."""
        self._chain.finish()
        self._tell(FaultKind.MISSING)

    def _take_step(self, step: Step) -> None:
        number, said, there = step.value["number"], step.value["entries"], len(step.entries)
        if self._order.check(self._highest.number, number, step.place, "step"):
            self._tell(FaultKind.MISSING if there < said else FaultKind.DOUBLED if there > said else FaultKind.ALTERED)
        self._problems.clear()
        self._anchors.passed((RELEASE, self._partition), number, step.value["digest"], step.place)
        if number > self._highest.number:
            self._highest = self._chain.end
        else:
            # One that is there twice, or too late: the chain goes on behind the highest.
            self._chain.end = self._highest

    def _tell(self, kind: FaultKind) -> None:
        if self._problems:
            place = self._problems[0][0]
            self._faults.add(kind, place, "; ".join(text for _, text in self._problems))
            self._problems.clear()
