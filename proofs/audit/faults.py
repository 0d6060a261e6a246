"""What is wrong with a chain: which kind of fault, where, and what it is."""

from dataclasses import dataclass, field
from enum import StrEnum

# Beyond it they are counted: who deleted a million entries is named by the first.
_MOST_KEPT = 100
_MOST_MISSING = 10_000


class FaultKind(StrEnum):
    """What somebody did, as far as the chain tells it."""

    MISSING = "MISSING"
    ALTERED = "ALTERED"
    DOUBLED = "DOUBLED"
    REORDERED = "REORDERED"
    FORGED = "FORGED"
    """Not signed by whose keys are known."""


@dataclass(slots=True)
class ChainFault:
    """One fault; ``kind`` becomes REORDERED where what is missing comes later."""

    kind: FaultKind
    place: str
    text: str

    def as_json(self) -> dict[str, str]:
        """Return it as a JSON object."""
        return {"kind": self.kind.value, "place": self.place, "text": self.text}


@dataclass(slots=True)
class ChainFaults:
    """All faults, in the order in which they were found; ``count`` of them, the first ones in ``first``."""

    first: list[ChainFault] = field(default_factory=list)
    count: int = 0

    def add(self, kind: FaultKind, place: str, text: str) -> ChainFault:
        """Note a fault, and return it."""
        fault = ChainFault(kind, place, text)
        self.count += 1
        if len(self.first) < _MOST_KEPT:
            self.first.append(fault)
        return fault


class NumberOrder:
    """Tells of the links of one chain, by their numbers 1…n, which are missing, doubled, or in another order."""

    def __init__(self, faults: ChainFaults) -> None:
        self._faults = faults
        self._missing: dict[int, ChainFault] = {}

    def check(self, last: int, number: int, place: str, what: str) -> bool:
        """Note it when a number does not follow ``last``, the highest before it; whether it does."""
        if number == last + 1:
            return True
        if number > last + 1:
            which = f"{what} {last + 1}" if number == last + 2 else f"{what} {last + 1} to {number - 1}"
            fault = self._faults.add(FaultKind.MISSING, place, f"{which} missing before {what} {number}")
            self._missing.update(dict.fromkeys(range(last + 1, min(number, last + 1 + _MOST_MISSING)), fault))
        elif (fault_of := self._missing.pop(number, None)) is not None:
            fault_of.kind = FaultKind.REORDERED
            self._faults.add(FaultKind.REORDERED, place, f"{what} {number} comes behind {what} {last}")
        else:
            self._faults.add(FaultKind.DOUBLED, place, f"{what} {number} a second time, behind {what} {last}")
        return False
