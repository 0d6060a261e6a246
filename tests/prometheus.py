"""Prometheus, promtool and Alertmanager for the tests: those of this machine, else Debian's, unpacked into the cache.

``python -m tests.prometheus`` fetches Debian's packages. Where that is impossible it says why and ends with 1.
"""

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests import debian

# The oldest versions that the rules were tried with: Debian 12's.
_OLDEST = {"prometheus": (2, 42), "promtool": (2, 42), "alertmanager": (0, 25), "amtool": (0, 25)}
_NAME = "prometheus"
_PACKAGES = ("prometheus", "prometheus-alertmanager")
_TEMPLATES = Path("/usr/share/prometheus/alertmanager/default.tmpl")


@cache
def program(name: str) -> Path:
    """Return a program of Prometheus or Alertmanager; a test that needs it is skipped, aloud, where there is none."""
    reason = "is not here; `make prometheus` fetches it where there is apt"
    # Debian gives Alertmanager another name than its makers.
    for candidate in (name, f"prometheus-{name}"):
        found = shutil.which(candidate, path=f"{debian.folder(_NAME) / 'usr/bin'}:{os.environ.get('PATH', '')}")
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
    if _TEMPLATES.exists() or debian.folder(_NAME) not in path.parents:
        return (str(path),)
    # Debian's reads its templates from where its package installs them. A namespace of its own shows them there.
    in_place = ("unshare", "--map-root-user", "--mount", "sh", "-c", 'mount --bind "$0" /usr/share && exec "$@"')
    command = (*in_place, str(debian.folder(_NAME) / "usr/share"))
    if subprocess.run((*command, "true"), capture_output=True, timeout=20).returncode != 0:
        pytest.skip("Debian's Alertmanager needs to be installed, or unprivileged namespaces (unshare)")
    return (*command, str(path))


def _version(path: Path) -> tuple[int, ...]:
    said = subprocess.run((path, "--version"), capture_output=True, text=True, check=True, timeout=20)
    # Prometheus prints its version; some of its programs do so on the error stream.
    match = re.search(r"version (\d+)\.(\d+)", said.stdout + said.stderr)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def main() -> int:
    """Fetch, and say what came of it."""
    if reason := debian.fetch(_NAME, _PACKAGES, "usr/bin/promtool"):
        print(f"Prometheus and Alertmanager could not be fetched: {reason}. Tests that need them are skipped.")
        return 1
    for name in _OLDEST:
        print(f"{name}: {program(name)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
