"""Prometheus, promtool and Alertmanager for the tests: those of this machine, else Debian's, unpacked into the cache.

``python -m tests.prometheus`` fetches Debian's packages. It installs nothing and need not be root: apt's own signatures
and hashes say what is right, and the programs are only unpacked. Where that is impossible it says why and ends with 1.
"""

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.java import exclusive
from tests.services import REPOSITORY

# The oldest versions that the rules were tried with: Debian 12's.
_OLDEST = {"prometheus": (2, 42), "promtool": (2, 42), "alertmanager": (0, 25), "amtool": (0, 25)}
_PACKAGES = ("prometheus", "prometheus-alertmanager")
_APT_S = 90
_TEMPLATES = Path("/usr/share/prometheus/alertmanager/default.tmpl")


def folder() -> Path:
    """Return where Debian's programs lie, once they were fetched."""
    downloads = Path(os.environ.get("CREDITHUB_CACHE") or REPOSITORY / ".credithub" / "cache")
    return downloads.absolute() / "prometheus"


@cache
def program(name: str) -> Path:
    """Return a program of Prometheus or Alertmanager; a test that needs it is skipped, aloud, where there is none."""
    reason = "is not here; `make prometheus` fetches it where there is apt"
    # Debian gives Alertmanager another name than its makers.
    for candidate in (name, f"prometheus-{name}"):
        found = shutil.which(candidate, path=f"{folder() / 'usr/bin'}:{os.environ.get('PATH', '')}")
        if found is None:
            continue
        version = _version(Path(found))
        if version >= _OLDEST[name]:
            return Path(found)
        reason = f"is of version {version}, older than {_OLDEST[name]}"
    pytest.skip(f"{name} {reason}")


def alertmanager() -> tuple[str, ...]:
    """Return the command that runs Alertmanager; skips, aloud, where it cannot run without being installed."""
    path = program("alertmanager")
    if _TEMPLATES.exists() or folder() not in path.parents:
        return (str(path),)
    # Debian's reads its templates from where its package installs them. A namespace of its own shows them there.
    in_place = ("unshare", "--map-root-user", "--mount", "sh", "-c", 'mount --bind "$0" /usr/share && exec "$@"')
    command = (*in_place, str(folder() / "usr/share"))
    if subprocess.run((*command, "true"), capture_output=True, timeout=20).returncode != 0:
        pytest.skip("Debian's Alertmanager needs to be installed, or unprivileged namespaces (unshare)")
    return (*command, str(path))


def _version(path: Path) -> tuple[int, ...]:
    said = subprocess.run((path, "--version"), capture_output=True, text=True, check=True, timeout=20)
    # Prometheus prints its version; some of its programs do so on the error stream.
    match = re.search(r"version (\d+)\.(\d+)", said.stdout + said.stderr)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def fetch() -> str | None:
    """Unpack Debian's packages into the cache, unless they are there; return why it could not be done."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return "there is no apt on this machine"
    target = folder()
    with exclusive(target.parent):
        if (target / "usr/bin/promtool").exists():
            return None
        fresh = target.with_name("prometheus.part")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        # Whoever has no lists of packages, or old ones, gets lists of their own: the machine's are root's.
        reason = _download(fresh, ()) and _download_by_own_lists(fresh, target.with_name("apt"))
        if reason is None:
            for package in fresh.glob("*.deb"):
                subprocess.run(("dpkg-deb", "-x", package, fresh), check=True, timeout=_APT_S)
                package.unlink()
            fresh.rename(target)
        return reason


def _download(into: Path, options: tuple[str, ...]) -> str | None:
    return _apt(options, "download", *_PACKAGES, where=into)


def _download_by_own_lists(into: Path, lists: Path) -> str | None:
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    options = ("-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={lists}")
    return _apt(options, "update", where=into) or _download(into, options)


def _apt(options: tuple[str, ...], *arguments: str, where: Path) -> str | None:
    """Run apt-get; return what it says when it fails."""
    # As root, apt would hand the download to a user that may not be able to write here.
    command = ("apt-get", "-qq", "-o", "APT::Sandbox::User=root", *options, *arguments)
    try:
        done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=_APT_S)
    except subprocess.TimeoutExpired:
        return f"apt-get {arguments[0]} takes longer than {_APT_S} s"
    return None if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def main() -> int:
    """Fetch, and say what came of it."""
    if reason := fetch():
        print(f"Prometheus and Alertmanager could not be fetched: {reason}. Tests that need them are skipped.")
        return 1
    for name in _OLDEST:
        print(f"{name}: {program(name)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
