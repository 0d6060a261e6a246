"""What the peers need, brought into the cache once: a Python environment by its lock, jars by their SHA-256."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.settings import Settings
from hub.stack.layout import Layout

_LOCK = Path(__file__).with_name("requirements.lock")


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


def _uv(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "uv", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"uv {arguments[0]} failed; the first run needs a network:\n{done.stderr}")


@contextmanager
def _exclusive(settings: Settings) -> Iterator[Path]:
    folder = Layout.of(settings).cache / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "install.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield folder
