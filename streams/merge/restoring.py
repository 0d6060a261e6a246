"""What a message of the merge's changelogs makes of the store."""

from bus import topics
from processing.output import StoreWrites
from processing.store import Store
from rules.indicators.groups import Groups
from streams.merge.keys import COMPLETE, TILES, stored_record, stored_state, stored_values
from streams.merge.rolling import forget, forget_subject


class MergeRestorer:
    """Writes records, states and values, and forgets the tiles that rest on them.

    Whoever published these messages kept tiles of his own. The ones in this store are made anew when they are next
    needed, with those of records that have none yet; at the latest on the next day.
    """

    def __init__(self, store: Store, groups: Groups) -> None:
        self._store, self._groups = store, groups
        # A store without any tiles has none to forget, which spares a look-up per record.
        self._has_tiles = any(True for _ in store.below(TILES))

    def __call__(self, topic: str, key: bytes, value: bytes | None, writes: StoreWrites) -> None:
        """Add to ``writes`` what a message makes of the store."""
        # Another owner may have taken the subject on to a later day: that the tiles are complete holds no more.
        writes[COMPLETE] = None
        if topic == topics.STATE:
            subject = key.decode()
            writes[stored_state(subject)] = value
            if self._has_tiles:
                forget_subject(self._store, self._groups, subject, writes)
        elif topic == topics.INDICATOR:
            writes[stored_values(key)] = value
        else:
            writes[stored_record(key)] = value
            if self._has_tiles:
                subject, item, _ = key.decode().split("\x00", 2)
                forget(self._store, self._groups, subject, item, writes)
