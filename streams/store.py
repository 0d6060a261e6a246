"""The local store of one partition number: winning records, states, positions, in RocksDB.

It is a cache of ``credit.record.v1``, ``person.record.v1``, ``credit.state.v1`` and ``stream.position.v1``, written
after the transaction that published them, with the offset up to which it holds them. Lost or behind, it is filled
from those topics; it is never the truth.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from rocksdict import AccessType, Options, Rdict, WriteBatch

_SEPARATOR = b"\x00"


class Store:
    """Keys and values are bytes; ``record_key`` and ``state_key`` say how they are made."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_write_buffer_size(32 * 1024 * 1024)
        options.set_max_open_files(256)
        self._path = path
        try:
            self._db = Rdict(str(path), options, access_type=AccessType.read_write())
        except Exception:
            # A store that does not open is rebuilt from its topics, never repaired.
            shutil.rmtree(path, ignore_errors=True)
            self._db = Rdict(str(path), options, access_type=AccessType.read_write())

    def get(self, key: bytes) -> bytes | None:
        """Return the value of a key."""
        value: bytes | None = self._db.get(key)
        return value

    def write(self, values: dict[bytes, bytes]) -> None:
        """Write all values or none."""
        batch = WriteBatch(raw_mode=True)
        for key, value in values.items():
            batch.put(key, value)
        self._db.write(batch)

    def below(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield keys and values that begin with a prefix, in order."""
        for key, value in self._db.items(from_key=prefix):
            if not key.startswith(prefix):
                return
            yield key, value

    def close(self) -> None:
        """Close the files; the store cannot be used afterwards."""
        self._db.close()


def record_key(subject: str, item: str, key: str) -> bytes:
    """Return the key of a winning record; it is the message key of its changelog, too."""
    return _SEPARATOR.join((subject.encode(), item.encode(), key.encode()))


def record_prefix(subject: str, item: str) -> bytes:
    """Return what the keys of all records of a subject's item begin with."""
    return b"r" + _SEPARATOR.join((subject.encode(), item.encode(), b""))


def stored_record(changelog_key: bytes) -> bytes:
    """Return the store's key of a record."""
    return b"r" + changelog_key


def stored_state(subject: str) -> bytes:
    """Return the store's key of a state."""
    return b"s" + subject.encode()


def stored_position(topic: str) -> bytes:
    """Return the store's key of an input's position."""
    return b"p" + topic.encode()


def stored_offset(topic: str) -> bytes:
    """Return the store's key of the offset up to which it holds a topic."""
    return b"o" + topic.encode()
