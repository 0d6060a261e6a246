"""Downloads of pinned files: resumed where they stopped, and checked by SHA-256 before they get their final name.

jgo's own download writes straight to the final name, only warns of a wrong checksum and does not resume. So jgo is
asked for coordinates, repositories and paths alone, and `Fetcher` does this part.
"""

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path

import requests

from catalogue.errors import StackError
from hub.stack.artifacts import LockedArtifact, sha256_of

_TRIES = 5
_TRIES_WITHOUT_A_BYTE = 3
_CHUNK_BYTES = 256 * 1024
_TIMEOUT_S = 20

OnDownload = Callable[[str, int, int], None]
"""Called with (file name, bytes so far, bytes in all), from several threads."""


class VerifiedFiles:
    """Remembers which files were checked, by size and time of change, so that a warm start hashes nothing."""

    def __init__(self, cache: Path) -> None:
        self._file = cache / "verified.json"
        self._stamps: dict[str, list[int | str]] = {}
        with contextlib.suppress(FileNotFoundError, ValueError):
            self._stamps = json.loads(self._file.read_text("utf-8"))

    def holds(self, file: Path, artifact: LockedArtifact) -> bool:
        """Return whether the file is there and is the pinned one."""
        try:
            stat = file.stat()
        except FileNotFoundError:
            return False
        if stat.st_size != artifact.size:
            return False
        stamp: list[int | str] = [stat.st_size, stat.st_mtime_ns, artifact.sha256]
        if self._stamps.get(str(file)) == stamp:
            return True
        if sha256_of(file) != artifact.sha256:
            return False
        self._stamps[str(file)] = stamp
        return True

    def save(self) -> None:
        """Keep what was checked for the next start."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self._stamps), "utf-8")
        fresh.replace(self._file)


class Fetcher:
    """Downloads one pinned file with resumption; the final name appears only when the content is right."""

    def __init__(self, on_download: OnDownload | None = None, *, pause_s: float = 0.5) -> None:
        self._on_download = on_download or (lambda _name, _done, _total: None)
        self._pause_s = pause_s

    def fetch(self, urls: list[str], artifact: LockedArtifact, target: Path) -> Path:
        """Download from the first address that has the file.

        Raises StackError when no address answers, or what they send is not the pinned file.
        """
        part = target.with_name(target.name + ".part")
        target.parent.mkdir(parents=True, exist_ok=True)
        failure: Exception | None = None
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(self._pause_s * 2 ** (attempt - 1))
            try:
                self._receive(urls[attempt % len(urls)], artifact, part)
            except requests.RequestException as error:
                failure = error
                # Not one byte has arrived: there is more likely no network than a short disturbance.
                if not part.exists() and attempt >= _TRIES_WITHOUT_A_BYTE - 1:
                    break
                continue
            if part.stat().st_size < artifact.size:
                failure = None
                continue
            if sha256_of(part) == artifact.sha256:
                part.replace(target)
                return target
            # A file with wrong content is not mended by resuming it.
            part.unlink()
            failure = None
        if failure is not None:
            raise StackError(
                f"Cannot download {artifact.file_name}: {type(failure).__name__}.",
                remedy="The first start needs a network. `credithub up` goes on where it stopped; "
                "or name a mirror in CREDITHUB_JAR_REPOSITORY; or copy another machine's cache.",
            ) from failure
        raise StackError(
            f"{artifact.file_name} was downloaded {_TRIES} times and is not the pinned file.",
            remedy="A proxy may be altering downloads: name another mirror in CREDITHUB_JAR_REPOSITORY.",
        )

    def _receive(self, url: str, artifact: LockedArtifact, part: Path) -> None:
        have = part.stat().st_size if part.exists() else 0
        if have == artifact.size:
            return
        if have > artifact.size:
            part.unlink()
            have = 0
        headers = {"Range": f"bytes={have}-"} if have else {}
        with requests.get(url, stream=True, timeout=_TIMEOUT_S, headers=headers) as response:
            response.raise_for_status()
            resumed = have > 0 and response.status_code == 206
            done = have if resumed else 0
            with part.open("ab" if resumed else "wb") as stream:
                for chunk in response.iter_content(_CHUNK_BYTES):
                    stream.write(chunk)
                    done += len(chunk)
                    self._on_download(artifact.file_name, done, artifact.size)
