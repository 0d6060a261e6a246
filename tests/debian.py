"""Programs of Debian for the tests, unpacked into the cache. It installs nothing and need not be root.

apt's own signatures and hashes say what is right, and the packages are only unpacked.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.java import exclusive
from tests.services import REPOSITORY

_APT_S = 180


def folder(name: str) -> Path:
    """Return where the packages that were fetched under a name lie."""
    downloads = Path(os.environ.get("CREDITHUB_CACHE") or REPOSITORY / ".credithub" / "cache")
    return downloads.absolute() / name


def fetch(name: str, packages: Sequence[str], program: str, *, with_missing: bool = False) -> str | None:
    """Unpack packages, unless ``program`` is there; return why it could not be done.

    ``with_missing``: and what of their dependencies this machine does not have.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return "there is no apt on this machine"
    target = folder(name)
    with exclusive(target.parent):
        if (target / program).exists():
            return None
        fresh = target.with_name(f"{name}.part")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        # Whoever has no lists of packages, or old ones, gets lists of their own: the machine's are root's.
        reason = _download(fresh, packages, (), with_missing) and _download_by_own_lists(
            fresh, packages, target.with_name("apt"), with_missing
        )
        if reason is None:
            for package in fresh.glob("*.deb"):
                subprocess.run(("dpkg-deb", "-x", package, fresh), check=True, timeout=_APT_S)
                package.unlink()
            fresh.rename(target)
        return reason


def _download_by_own_lists(into: Path, packages: Sequence[str], lists: Path, with_missing: bool) -> str | None:
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    options = ("-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={lists}")
    reason, _ = _apt(options, "update", where=into)
    return reason or _download(into, packages, options, with_missing)


def _download(into: Path, packages: Sequence[str], options: tuple[str, ...], with_missing: bool) -> str | None:
    if with_missing:
        simulated = (*options, "--simulate", "--no-install-recommends")
        reason, said = _apt(simulated, "install", *packages, where=into)
        if reason is not None:
            return reason
        lines = [line.split() for line in said.splitlines() if line.startswith("Inst ")]
        packages = sorted({*packages, *(words[1] for words in lines)})
    return _apt(options, "download", *packages, where=into)[0]


def _apt(options: tuple[str, ...], *arguments: str, where: Path) -> tuple[str | None, str]:
    """Run apt-get; return what it says when it fails, and what it printed."""
    # As root, apt would hand the download to a user that may not be able to write here.
    command = ("apt-get", "-q", "-o", "APT::Sandbox::User=root", *options, *arguments)
    try:
        done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=_APT_S)
    except subprocess.TimeoutExpired:
        return f"apt-get {arguments[0]} takes longer than {_APT_S} s", ""
    return None if done.returncode == 0 else done.stderr.strip().splitlines()[-1], done.stdout
