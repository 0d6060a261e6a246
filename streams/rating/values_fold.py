"""What messages make of the values that the store keeps: for a batch, and for a store that lacks some."""

from collections.abc import Callable

from catalogue.errors import PoisonMessage
from processing.output import InputMessage, StoreWrites
from processing.store import Store
from rules.rating.scoring import is_rated
from streams.rating.keys import values_key
from streams.rating.values import Groups, pack, unpack
from streams.rating.values_reader import ValuesReader

ELSEWHERE = "It lies in another partition than its subject's."


class ValuesFold:
    """Takes messages of ``credit.indicator.v1``; ``belongs``: whether a subject is of this partition."""

    def __init__(self, store: Store, read: ValuesReader, belongs: Callable[[str], bool]) -> None:
        self._store, self._read, self._belongs = store, read, belongs
        # Subjects that were asked for, as they will be; and those of them of which a message was taken.
        self.touched: dict[str, Groups] = {}
        self._changed: set[str] = set()

    def of(self, subject: str) -> Groups:
        """Return the values of a subject, group by group; it is touched from here on."""
        groups = self.touched.get(subject)
        if groups is None:
            groups = self.touched[subject] = unpack(self._store.get(values_key(subject)))
        return groups

    def take(self, message: InputMessage) -> str:
        """Take a message and say what became of it; raises PoisonMessage for one that is to be set aside."""
        subject, group, shape, numbers = self._read(message.value)
        groups = self.touched.get(subject)
        if groups is None:
            if not self._belongs(subject):
                raise PoisonMessage(ELSEWHERE)
            if not is_rated(subject):
                return "duplicate"
            groups = self.of(subject)
        held = groups.get(group)
        if held is not None and message.offset < held[0]:
            # It was read ahead of its batch, when the store was filled anew.
            return "superseded"
        groups[group] = message.offset, shape, numbers
        self._changed.add(subject)
        return "duplicate" if held is not None and held[1:] == (shape, numbers) else "merged"

    def writes(self) -> StoreWrites:
        """Return what the store is to hold, and forget all that was touched."""
        writes = self._read.shapes.flush()
        writes.update((values_key(subject), pack(self.touched[subject])) for subject in self._changed)
        self.touched, self._changed = {}, set()
        return writes
