"""A department's file as a source of tables; it fulfils ``producers.submissions.source.TableSource``."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from pathlib import Path

from catalogue.envelope import Channel
from catalogue.errors import FileRefused
from connectors.files.tables import open_tables
from connectors.tables import SourceTable


class FileSource:
    """A file and the folders that it lies in. Raises FileRefused when there is none."""

    channel = Channel.FILE
    # A file's own times tell when it was copied, not for when it holds.
    stamped_at: datetime | None = None

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name, self.title = path.name, path.stem
        self.hints: tuple[str, ...] = (path.stem, *filter(None, [path.parent.name]))
        self._stamp = _stamp(path)

    @property
    def folders(self) -> tuple[str, ...]:
        """Return the names of the folders, the nearest first."""
        return folders_of(self._path)

    @cached_property
    def sha256(self) -> str:
        """Return the SHA-256 of the file, hex."""
        return file_sha256(self._path)

    def tables(self) -> Iterator[SourceTable]:
        """Open the file and yield its tables; raises FileRefused as ``open_tables`` does."""
        return open_tables(self._path)

    def refuse_changed(self) -> None:
        """Raise FileRefused when the file was written since: the receipt would name another one."""
        if _stamp(self._path) != self._stamp:
            raise FileRefused(
                f"“{self.name}”在报送过程中被改动，这次报送没有完成。", remedy="请等文件存好后，重新运行同一条命令。"
            )


def folders_of(path: Path) -> tuple[str, ...]:
    """Return the names of the folders that a path lies in, the nearest first."""
    return tuple(folder.name for folder in path.resolve().parents)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _stamp(path: Path) -> tuple[int, int]:
    """Return when a file was written, and its size in bytes."""
    try:
        written = path.stat()
    except OSError as exc:
        raise FileRefused(f"无法读取文件“{path}”：{exc.strerror}。", remedy="请核对路径和权限。") from exc
    return written.st_mtime_ns, written.st_size
