"""The local store of one partition number: winning records, states, positions, in RocksDB.

Beside them lie, derived from the records, the running sums of the indicators (``a``), the shares of those that need
an order (``k``) and the days on which a share begins or ends to count (``x``).

It is a cache of ``credit.record.v1``, ``person.record.v1``, ``credit.state.v1`` and ``stream.position.v1``, written
after the transaction that published them, with the offset up to which it holds them. Lost or behind, it is filled
from those topics; it is never the truth.
"""

import functools
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

from rocksdict import AccessType, BlockBasedOptions, Cache, Options, Rdict, RdictIter, WriteBatch, WriteBufferManager

from catalogue.envelope import ItemId
from catalogue.errors import Unavailable

# By which definitions of the indicators all below ``a``, ``k`` and ``x`` was made.
DEFINITIONS = b"d"
# Whether that is all there is to make: of every record, up to the day that the engine reached.
COMPLETE = b"i"
_SEPARATOR = b"\x00"
_MB = 1 << 20
# Of all stores of a process together: a worker on few cores owns every number, and its memory shall not follow theirs.
_CACHED, _BUFFERED = 128 * _MB, 96 * _MB


class Store:
    """Keys and values are bytes; ``record_key`` and ``state_key`` say how they are made."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _condemned(path).exists():
            shutil.rmtree(path, ignore_errors=True)
            _condemned(path).unlink()
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_write_buffer_size(16 * _MB)
        options.set_write_buffer_manager(_buffers())
        options.set_max_open_files(256)
        # Most keys that are asked for are new ones: a filter answers that without reading a block.
        blocks = BlockBasedOptions()
        blocks.set_bloom_filter(10, False)
        blocks.set_block_cache(_cache())
        options.set_block_based_table_factory(blocks)
        self._path = path
        try:
            self._db = Rdict(str(path), options, access_type=AccessType.read_write())
        except Exception as exc:
            if "/LOCK:" in str(exc) and not is_corruption(exc):
                raise Unavailable(f"The store {path} is held by another process.", remedy="Stop that worker.") from exc
            # A store that does not open is rebuilt from its topics, never repaired.
            shutil.rmtree(path, ignore_errors=True)
            self._db = Rdict(str(path), options, access_type=AccessType.read_write())

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key."""
        value: bytes | None = self._db.get(key)
        return value

    def write(self, values: Mapping[bytes, bytes | None]) -> None:
        """Write all values or none; None deletes."""
        batch = WriteBatch(raw_mode=True)
        for key, value in values.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        self._db.write(batch)

    def clear(self, prefix: bytes) -> None:
        """Delete all keys that begin with a prefix, whose last byte is not 0xff."""
        self._db.delete_range(prefix, prefix[:-1] + bytes((prefix[-1] + 1,)))

    def below(self, prefix: bytes, start: bytes | None = None) -> Iterator[tuple[bytes, bytes]]:
        """Yield keys and values that begin with a prefix, in order, from ``start`` on."""
        look = self._db.iter()
        look.seek(start or prefix)
        yield from _while(look, prefix, look.next)

    def highest(self, prefix: bytes) -> Iterator[bytes]:
        """Yield the keys that begin with a prefix, from the last to the first."""
        look = self._db.iter()
        # No key goes on with 0xff: what follows a prefix is text or a number whose first byte is lower.
        look.seek_for_prev(prefix + b"\xff" * 24)
        for key, _ in _while(look, prefix, look.prev):
            yield key

    def close(self) -> None:
        """Close the files; the store cannot be used afterwards."""
        self._db.close()


def _while(look: RdictIter, prefix: bytes, step: Callable[[], None]) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and values from where an iterator is for as long as keys begin with a prefix."""
    while look.valid():
        key: bytes = look.key()
        if not key.startswith(prefix):
            return
        yield key, look.value()
        step()
    # A damaged block ends an iterator just as the last key does: this raises then. (Rdict.items never asks.)
    look.status()


@functools.cache
def _cache() -> Cache:
    return Cache(_CACHED)


@functools.cache
def _buffers() -> WriteBufferManager:
    return WriteBufferManager(_BUFFERED, False)


def condemn(path: Path) -> None:
    """Have the store at ``path``, found corrupt, be deleted before it is opened again; its topics fill it."""
    _condemned(path).touch()


def is_corruption(problem: BaseException) -> bool:
    """Whether an error says that a store's files are not what was written."""
    return "Corruption" in str(problem)


def _condemned(path: Path) -> Path:
    return path.with_name(path.name + ".condemned")


def record_key(subject: str, item: str, key: str) -> bytes:
    """Return the key of a winning record; it is the message key of its changelog, too."""
    return f"{subject}\0{item}\0{key}".encode()


def record_prefix(subject: str, item: str) -> bytes:
    """Return what the keys of all records of a subject's item begin with."""
    return f"r{subject}\0{item}\0".encode()


def stored_record(changelog_key: bytes) -> bytes:
    """Return the store's key of a record."""
    return b"r" + changelog_key


def running_key(subject: str, item: str) -> bytes:
    """Return the store's key of what the shares of a subject's item add up to."""
    return f"a{subject}\0{item}".encode()


def top_prefix(subject: str, indicator: str) -> bytes:
    """Return what the keys of an ordered indicator's shares begin with; sort key and record key follow."""
    return f"k{subject}\0{indicator}\0".encode()


def due_key(day: date, subject: str, item: str, key: str) -> bytes:
    """Return the key that says: on this day a share of this record begins or ends to count."""
    return due_prefix(day) + record_key(subject, item, key)


def due_prefix(day: date) -> bytes:
    """Return what the keys of everything due on a day begin with; they sort by day."""
    return b"x" + day.toordinal().to_bytes(4, "big")


def due_from(key: bytes) -> tuple[date, str, ItemId, str]:
    """Return (day, subject, item, record key) of a key that ``due_key`` made."""
    subject, item, record = key[5:].split(_SEPARATOR, 2)
    day = date.fromordinal(int.from_bytes(key[1:5], "big"))
    return day, subject.decode(), ItemId(item.decode()), record.decode()


def stored_state(subject: str) -> bytes:
    """Return the store's key of a state."""
    return b"s" + subject.encode()


def stored_position(topic: str) -> bytes:
    """Return the store's key of an input's position."""
    return b"p" + topic.encode()


def stored_offset(topic: str) -> bytes:
    """Return the store's key of the offset up to which it holds a topic."""
    return b"o" + topic.encode()


def stored_topic(topic: str) -> bytes:
    """Return the store's key of the broker's own id of the topic that the store is of."""
    return b"t" + topic.encode()
