"""What a message of the merge's changelogs makes of the store."""

from bus import topics
from processing.output import StoreWrites
from processing.store import Store
from streams.merge.keys import COMPLETE, SUMS, stored_record, stored_state
from streams.merge.record_shares import ByItem
from streams.merge.rolling import forget, forget_subject


class MergeRestorer:
    """Writes records and states, and forgets the sums that rest on them.

    Whoever published these messages kept sums of his own. The ones in this store are made anew when they are next
    needed, with those of records that have none yet; at the latest on the next day.
    """

    def __init__(self, store: Store, by_item: ByItem) -> None:
        self._store, self._by_item = store, by_item
        # A store without any sums has none to forget, which spares a look-up per record.
        self._has_sums = any(True for _ in store.below(SUMS))

    def __call__(self, topic: str, key: bytes, value: bytes | None, writes: StoreWrites) -> None:
        """Add to ``writes`` what a message makes of the store."""
        # Another owner may have taken the subject on to a later day: that the sums are complete holds no more.
        writes[COMPLETE] = None
        if topic == topics.STATE:
            subject = key.decode()
            writes[stored_state(subject)] = value
            if self._has_sums:
                forget_subject(self._store, self._by_item, subject, writes)
        else:
            writes[stored_record(key)] = value
            if self._has_sums:
                subject, item, _ = key.decode().split("\x00", 2)
                forget(self._store, self._by_item, subject, item, writes)
