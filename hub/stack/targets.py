"""The list of processes that Prometheus scrapes, in the format of its ``file_sd_configs``.

It outlives a supervisor that is killed, so Prometheus misses what the list names and an alert fires. A stop that was
asked for empties it first: planned work wakes nobody.
"""

import contextlib
import json
from collections.abc import Mapping

from hub.stack.layout import HomeLayout


def publish(layout: HomeLayout, addresses: Mapping[str, str]) -> None:
    """Name what is to be scraped (host:port by process), with the home, because one Prometheus may watch several."""
    targets = [
        {"targets": [address], "labels": {"process": name, "home": str(layout.home)}}
        for name, address in addresses.items()
    ]
    file = layout.targets_file
    file.parent.mkdir(exist_ok=True)
    file.parent.chmod(0o755)
    # In one step: half a list would hide the other half.
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(targets, indent=1) + "\n", "utf-8")
    fresh.chmod(0o644)
    fresh.replace(file)


def withdraw(layout: HomeLayout) -> None:
    """Let Prometheus look for nothing any more; a full disk must not hold up a stop."""
    if layout.targets_file.exists():
        with contextlib.suppress(OSError):
            publish(layout, {})
