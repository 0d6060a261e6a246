"""The local store of one partition, in RocksDB: a cache of the processor's changelogs, never the truth.

It is written after the transaction that published the same, with the offset up to which it holds each changelog.
Lost or behind, it is filled from those topics.

The frame's own keys begin with ``o`` (offsets), ``p`` (positions) and ``t`` (topic ids); all others are the
processor's.
"""

import functools
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from rocksdict import AccessType, BlockBasedOptions, Cache, Options, Rdict, RdictIter, WriteBatch, WriteBufferManager

from catalogue.errors import Unavailable

_MB = 1 << 20


class StoreMemory(NamedTuple):
    """How much all stores of a process may hold in memory together, however many partitions it owns."""

    cached: int = 128 * _MB
    buffered: int = 96 * _MB


STORE_MEMORY = StoreMemory()


class ReadableStore(Protocol):
    """What reads a store: a real one, or what has nothing and keeps everything in memory above it."""

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key."""

    def below(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield the keys that begin so, with their values."""


class Store:
    """Keys and values are bytes. Not thread-safe: its partition is worked on by one thread at a time."""

    def __init__(self, path: Path, memory: StoreMemory = STORE_MEMORY) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _condemned(path).exists():
            shutil.rmtree(path, ignore_errors=True)
            _condemned(path).unlink()
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_write_buffer_size(16 * _MB)
        options.set_write_buffer_manager(_buffers(memory.buffered))
        options.set_max_open_files(256)
        # Most keys that are asked for are new ones: a filter answers that without reading a block.
        blocks = BlockBasedOptions()
        blocks.set_bloom_filter(10, False)
        blocks.set_block_cache(_cache(memory.cached))
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
def _cache(size: int) -> Cache:
    return Cache(size)


@functools.cache
def _buffers(size: int) -> WriteBufferManager:
    return WriteBufferManager(size, False)


def condemn(path: Path) -> None:
    """Have the store at ``path``, found corrupt, be deleted before it is opened again; its topics fill it."""
    _condemned(path).touch()


def is_corruption(problem: BaseException) -> bool:
    """Whether an error says that a store's files are not what was written."""
    return "Corruption" in str(problem)


def _condemned(path: Path) -> Path:
    return path.with_name(path.name + ".condemned")


def stored_position(topic: str) -> bytes:
    """Return the store's key of an input's position."""
    return b"p" + topic.encode()


def stored_offset(topic: str) -> bytes:
    """Return the store's key of the offset up to which it holds a topic."""
    return b"o" + topic.encode()


def stored_topic(topic: str) -> bytes:
    """Return the store's key of the broker's own id of the topic that the store is of."""
    return b"t" + topic.encode()
