"""The contract between the frame and a processor: who promises what. Read ``Processor`` before you write one."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar

from processing.output import Batches, Output, StoreWrites
from processing.store import STORE_MEMORY, Store, StoreMemory

# Takes (topic, key, value) of a changelog message and adds to the writes what the store holds because of it.
Restore = Callable[[str, bytes, bytes | None, StoreWrites], None]


class Processor(ABC):
    """A stateful processor: what it reads, what its store holds, and how to begin on a partition.

    A processor decides; the frame does everything that is Kafka's. It never sees a producer, a consumer or an offset
    that is to be committed. One object of this class serves a worker; it begins a ``PartitionTask`` for each partition
    that the worker owns. To add a processor is to write these two classes and to name them in an app
    (``processing.app``, as ``streams.app`` does).

    It declares:

    - ``name``: its consumer group, its transactional ids (``<name>.<partition>``) and the label of its metrics. Under
      another name it is another processor, which begins from the start.
    - ``inputs``: the topics that it reads, without prefix. All are keyed alike and have as many partitions as the
      settings say. One owner works on all topics of a partition.
    - ``changelogs``: the compacted topics, written by it alone, from which its store can be filled.
    - ``positions``: its own compacted topic for its input positions with outcome counts (``wire.POSITION``).
    - ``leading``: those of its inputs that are read to their end before anything else of the partition is taken.
    - ``most_records``: about how many records it takes at once, of all partitions; for so long what leads may wait.
    - ``store_memory``: what its stores may hold in memory; all processors of a process say the same.
    - ``compression``: that of what it publishes, by librdkafka's names.

    It promises:

    - What ``work`` yields follows from its batches and from its store. The same batch may come again, after a crash
      before its transaction was committed.
    - Each input message has exactly one outcome (``OUTCOMES``). One that cannot be read is rejected, never skipped.
    - Filling an empty store through ``restorer`` gives what the outputs wrote. What the store holds beyond that can be
      derived from it, for the store may be deleted at any time.
    - Keys of its store do not begin with the bytes ``o``, ``p`` or ``t``, which are the frame's.

    It may raise, in ``begin``, ``parts`` and ``work``:

    - ``Unavailable``: a service that it needs (the registry) is away. Nothing of the batch is published; the partition
      is fenced and restored anew, and the batch is worked on again.
    - ``PoisonMessage``, when something that was taken already cannot be read after all. Nothing of this output is
      published, and the batch is worked on once more with ``careful=True``.
    - Anything else is a fault: the worker process ends, and its successor reads the batch again.

    The frame promises:

    - What comes of the batches is one transaction: all messages, the dead letters and the positions behind the batches
      are visible together or not at all. The store is written after it, so it never runs ahead of the topics.
    - Nothing is taken of a partition while its ``leading`` topics have anything left, by what the broker said last.
    - A former owner is fenced before anything is read, so nobody else publishes for the partition.
    - Batches have no gap and no overlap: each begins at the position where the one before it ended. Events that are
      lost, or were deleted unread, stop the worker.
    - The batches of a partition come one at a time, and all partitions of a worker are worked on by one thread. A
      batch is begun when the one before it is committed and in the store.
    - A store that is damaged, ahead of its topics or of other topics is deleted and filled again.
    - A task that ``is_due`` is asked for its ``parts`` without batches within some seconds, by the clock of the worker.
    """

    name: str
    inputs: tuple[str, ...]
    changelogs: tuple[str, ...]
    positions: str
    leading: ClassVar[tuple[str, ...]] = ()
    most_records: ClassVar[int] = 8000
    compression: ClassVar[str] = "lz4"
    store_memory: ClassVar[StoreMemory] = STORE_MEMORY

    @abstractmethod
    def restorer(self, store: Store) -> Restore:
        """Return what turns the messages of the changelogs into writes to this store.

        Used by the partition's owner and by standbys, before and without a task; it must not need the registry. It may
        read the store. Writes come to the store in chunks, so what it reads there may lag behind its own writes.
        """

    @abstractmethod
    def begin(self, partition: int, store: Store, reached: Mapping[str, int]) -> "PartitionTask":
        """Return the task of a partition whose store is filled; ``reached``: the next offset of each input topic."""


class PartitionTask(ABC):
    """A processor at work on one partition, from its taking over until it is given away or fails."""

    def parts(self, batches: Batches, *, careful: bool = False) -> Iterable[Output]:
        """Yield what is to be published before the batches themselves, in transactions of their own.

        For work that is too large for one transaction. Each part is committed, and in the store, before the next one is
        asked for. Parts move no position: after a crash the same batches come again, and parts that were published
        must then not be found necessary a second time. ``batches`` is empty where only a moment has come (``is_due``).
        """
        return ()

    def is_due(self) -> bool:
        """Whether there are parts to publish although nothing comes: a moment has come, or former parts are to go on.

        Asked about once a second while no batch is worked on. Where it is, ``parts`` is called without batches.
        """
        return False

    @abstractmethod
    def work(self, batches: Batches, *, careful: bool = False) -> Iterable[Output]:
        """Yield what comes of the batches, with an outcome for every message, in pieces that are one transaction.

        The broker takes the messages of a piece while the next one is made. What is published of a key stays in order.

        ``careful``: an attempt at these batches ended with PoisonMessage. Whatever the task remembers of it is to be
        forgotten, and this time each message is to be read whole before it is taken, so that the unreadable one is
        found and rejected.
        """
