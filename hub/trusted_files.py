"""What tells the hub where to send and what to run: nobody else may have put it there, or may change it."""

import os
import stat
from pathlib import Path

from catalogue.errors import UsageError

_ROOT = 0


def refuse_planted(path: Path) -> None:
    """Raise UsageError for a file or folder, or a link to one, that is another user's or that everybody may change.

    What is not there is nobody's. Of a folder that everybody may write into others can move out what lies in it.
    """
    try:
        found = (path.lstat(), path.stat())
    except FileNotFoundError:
        return
    owners = {status.st_uid for status in found} - {os.geteuid(), _ROOT}
    if owners:
        raise UsageError(
            f"{path} belongs to another user (uid {min(owners)}, this is uid {os.geteuid()}), who may have made it.",
            remedy="Look at it first. If it is the hub's, run this as its user, or `chown` it; if not, run this in a"
            " folder of your own, or name one in CREDITHUB_HOME.",
        )
    if found[1].st_mode & stat.S_IWOTH:
        raise UsageError(f"{path} can be changed by everybody.", remedy=f"Look at it first, then `chmod o-w {path}`.")
