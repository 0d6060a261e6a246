"""Brings a cache of downloads to what is pinned; a start that finds all of it there touches no network."""

import contextlib
import fcntl
import shutil
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hub.stack.artifacts import LockedArtifact, is_registry_unpacked, locked, registry_folder
from hub.stack.fetcher import Fetcher, OnDownload, VerifiedFiles

_PARALLEL = 4


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
    verified = VerifiedFiles(cache)
    absent = []
    for artifact in locked("kafka") + locked("registry"):
        is_needed = artifact.packaging == "jar" or not is_registry_unpacked(cache)
        if is_needed and not verified.holds(artifact.path(cache / "m2"), artifact):
            absent.append(artifact)
    if cache.exists():
        verified.save()
    return absent


def is_complete(cache: Path) -> bool:
    """Return whether everything is there, so that a start needs no network."""
    return not missing(cache) and is_registry_unpacked(cache)


def download(cache: Path, *, mirror: str | None = None, on_download: OnDownload | None = None) -> int:
    """Bring the cache to what is pinned; return how many files were fetched.

    Touches no network when all is there. May be interrupted at any moment and called again.
    """
    if is_complete(cache):
        return 0
    with _exclusive(cache):
        absent = missing(cache)
        if absent:
            context = _maven_context(cache, mirror)
            fetcher = Fetcher(on_download)

            def fetch(artifact: LockedArtifact) -> None:
                located = context.project(artifact.group, artifact.name).at_version(artifact.version)
                pinned = located.artifact(artifact.classifier, artifact.packaging)
                folder = pinned.component.path_prefix.as_posix()
                urls = [f"{base}/{folder}/{pinned.filename}" for base in context.remote_repos.values()]
                fetcher.fetch(urls, artifact, artifact.path(cache / "m2"))

            # The largest first: started last, it would run alone at the end.
            with ThreadPoolExecutor(_PARALLEL) as pool:
                largest_first = sorted(absent, key=lambda artifact: -artifact.size)
                jobs = [pool.submit(fetch, artifact) for artifact in largest_first]
                try:
                    for job in jobs:
                        job.result()
                except BaseException:
                    # One file that cannot be fetched fails the start: do not try the forty others first.
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
        _unpack_registry(cache)
    return len(absent)


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
    # 60 MB that nobody reads again.
    archive.unlink()
