"""A headless Chromium for the tests of pages: this machine's, else Debian's, unpacked into the cache.

``python -m tests.browser`` fetches Debian's packages. Where that is impossible it says why and ends with 1.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import debian

_NAME = "browser"
# A font, for without one every Chinese character is the same empty box, and a page as wide as it never is.
_PACKAGES = ("chromium-headless-shell", "fonts-wqy-microhei")
_PROGRAM = "usr/lib/chromium/chromium-headless-shell"
_STARTS_S = 60
_FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


@cache
def program() -> tuple[Path, Mapping[str, str]]:
    """Return Chromium and its environment; a test that needs it is skipped, aloud, where there is none that starts."""
    own = debian.folder(_NAME)
    unpacked = own / _PROGRAM
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    installed = next((found for name in names if (found := shutil.which(name))), None)
    path = unpacked if unpacked.exists() else Path(installed) if installed else None
    if path is None:
        pytest.skip("Chromium is not here; `make browser` fetches it where there is apt")
    environment = _environment(own) if path == unpacked else dict(os.environ)
    said = subprocess.run((path, "--version"), env=environment, capture_output=True, text=True, timeout=_STARTS_S)
    if said.returncode != 0:
        pytest.skip(f"Chromium does not start: {said.stderr.strip()[-200:]}")
    return path, environment


def _environment(own: Path) -> dict[str, str]:
    libraries = [str(folder.parent) for folder in own.glob("usr/lib/**/*.so*")]
    (own / "fonts.conf").write_text(_FONTS.format(fonts=own / "usr/share/fonts", cache=own / "fontconfig"), "utf-8")
    return {
        **os.environ,
        "LD_LIBRARY_PATH": ":".join(sorted(set(libraries))),
        "FONTCONFIG_FILE": str(own / "fonts.conf"),
    }


@contextmanager
def chromium() -> Iterator[Browser]:
    """Open a browser; skips, aloud, where there is none."""
    path, environment = program()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, env=dict(environment))
        yield browser
        browser.close()


def main() -> int:
    """Fetch, and say what came of it."""
    if reason := debian.fetch(_NAME, _PACKAGES, _PROGRAM, with_missing=True):
        print(f"Chromium could not be fetched: {reason}. Tests that need it are skipped.")
        return 1
    path, _ = program()
    print(f"chromium: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
