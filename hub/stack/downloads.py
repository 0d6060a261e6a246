"""The jars of Kafka and the registry: fetched once, by their Maven coordinates, checked by SHA-256.

jgo knows coordinates, repositories and local paths. Its own download writes straight to the final name,
only warns of a wrong checksum and does not resume, so `Fetcher` does that part:
a file has its final name only when its SHA-256 is the one in ``artifacts.lock.json``.
"""

import contextlib
import fcntl
import hashlib
import json
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from catalogue.errors import StackError

LOCK_FILE = Path(__file__).with_name("artifacts.lock.json")
_TRIES = 5
_TRIES_WITHOUT_A_BYTE = 3
_CHUNK_BYTES = 256 * 1024
_TIMEOUT_S = 20
_PARALLEL = 4

Progress = Callable[[str, int, int], None]
"""Called with (file name, bytes so far, bytes in all), from several threads."""


@dataclass(frozen=True, slots=True)
class LockedArtifact:
    """One file of a Maven repository, pinned."""

    group: str
    name: str
    version: str
    classifier: str
    packaging: str
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        suffix = f"-{self.classifier}" if self.classifier else ""
        return f"{self.name}-{self.version}{suffix}.{self.packaging}"

    def path(self, repository: Path) -> Path:
        """Return where the file lies below a local repository."""
        return repository.joinpath(*self.group.split("."), self.name, self.version, self.file_name)


def locked(component: str) -> tuple[LockedArtifact, ...]:
    """Return the pinned files of ``kafka`` or ``registry``, in the order of the class path."""
    raw = json.loads(LOCK_FILE.read_text("utf-8"))
    return tuple(LockedArtifact(**entry) for entry in raw[component])


def is_registry_unpacked(cache: Path) -> bool:
    """Return whether the registry lies unpacked in the cache; the folder is renamed into place when whole."""
    return (registry_folder(cache) / "quarkus-run.jar").exists()


def registry_folder(cache: Path) -> Path:
    """Return where the unpacked registry lies."""
    return cache / f"apicurio-registry-{locked('registry')[0].version}"


def classpath(cache: Path) -> str:
    """Return Kafka's class path."""
    return ":".join(str(artifact.path(cache / "m2")) for artifact in locked("kafka"))


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file, as hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Verified:
    """Remembers which files were checked, by size and time of change, so that a warm start hashes nothing."""

    def __init__(self, cache: Path) -> None:
        self._file = cache / "verified.json"
        self._seen: dict[str, list[int | str]] = {}
        with contextlib.suppress(FileNotFoundError, ValueError):
            self._seen = json.loads(self._file.read_text("utf-8"))

    def holds(self, file: Path, artifact: LockedArtifact) -> bool:
        """Return whether the file is there and is the pinned one."""
        try:
            stat = file.stat()
        except FileNotFoundError:
            return False
        if stat.st_size != artifact.size:
            return False
        stamp: list[int | str] = [stat.st_size, stat.st_mtime_ns, artifact.sha256]
        if self._seen.get(str(file)) == stamp:
            return True
        if sha256_of(file) != artifact.sha256:
            return False
        self._seen[str(file)] = stamp
        return True

    def save(self) -> None:
        """Write down what was checked."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(self._seen), "utf-8")
        fresh.replace(self._file)


class Fetcher:
    """Downloads one pinned file with resumption; the final name appears only when the content is right."""

    def __init__(self, progress: Progress | None = None, *, pause_s: float = 0.5) -> None:
        self._progress = progress or (lambda _name, _done, _total: None)
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
                # Nothing at all has come: more likely no network than a bad moment of it.
                if not part.exists() and attempt >= _TRIES_WITHOUT_A_BYTE - 1:
                    break
                continue
            if part.stat().st_size < artifact.size:
                failure = None
                continue
            if sha256_of(part) == artifact.sha256:
                part.replace(target)
                return target
            # Resuming a wrong file cannot mend it.
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
                    self._progress(artifact.file_name, done, artifact.size)


def _maven_context(cache: Path, mirror: str | None) -> Any:
    # jgo takes 0.4 s to import, which a start that downloads nothing must not pay.
    from jgo import MavenContext

    return MavenContext(repo_cache=cache / "m2", remote_repos={"mirror": mirror.rstrip("/")} if mirror else None)


@contextlib.contextmanager
def _exclusive(cache: Path) -> Iterator[None]:
    """Let one process at a time write into a cache that several homes may share."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "download.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def missing(cache: Path) -> list[LockedArtifact]:
    """Return the pinned files that the cache lacks or holds damaged."""
    verified = Verified(cache)
    lacking = []
    for artifact in locked("kafka") + locked("registry"):
        is_needed = artifact.packaging == "jar" or not is_registry_unpacked(cache)
        if is_needed and not verified.holds(artifact.path(cache / "m2"), artifact):
            lacking.append(artifact)
    if cache.exists():
        verified.save()
    return lacking


def is_complete(cache: Path) -> bool:
    """Return whether a start needs no network."""
    return not missing(cache) and is_registry_unpacked(cache)


def download(cache: Path, *, mirror: str | None = None, progress: Progress | None = None) -> int:
    """Bring the cache to what is pinned; return how many files were fetched.

    Touches no network when all is there. May be interrupted at any moment and called again.
    """
    if is_complete(cache):
        return 0
    with _exclusive(cache):
        lacking = missing(cache)
        if lacking:
            context = _maven_context(cache, mirror)
            fetcher = Fetcher(progress)

            def bring(artifact: LockedArtifact) -> None:
                located = context.project(artifact.group, artifact.name).at_version(artifact.version)
                pinned = located.artifact(artifact.classifier, artifact.packaging)
                folder = pinned.component.path_prefix.as_posix()
                urls = [f"{base}/{folder}/{pinned.filename}" for base in context.remote_repos.values()]
                fetcher.fetch(urls, artifact, artifact.path(cache / "m2"))

            # The largest first: otherwise it is what everybody waits for in the end.
            with ThreadPoolExecutor(_PARALLEL) as pool:
                largest_first = sorted(lacking, key=lambda artifact: -artifact.size)
                jobs = [pool.submit(bring, artifact) for artifact in largest_first]
                try:
                    for job in jobs:
                        job.result()
                except BaseException:
                    # One file that cannot be had is the end: do not try the forty others first.
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
        _unpack_registry(cache)
    return len(lacking)


def _unpack_registry(cache: Path) -> None:
    if is_registry_unpacked(cache):
        return
    target = registry_folder(cache)
    fresh = target.with_name(target.name + ".part")
    shutil.rmtree(fresh, ignore_errors=True)
    archive = locked("registry")[0].path(cache / "m2")
    with tarfile.open(archive) as tar:
        tar.extractall(fresh, filter="data")
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    # Unpacked, the archive is 60 MB of nothing.
    archive.unlink()
