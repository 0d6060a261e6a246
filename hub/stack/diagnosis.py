"""Why a service does not stay up, judged by the state of the machine and not by the text of its log."""

import errno

from catalogue.errors import StackError
from hub.stack import ports, preflight
from hub.stack.child import ChildSpec
from hub.stack.layout import HomeLayout

_TAIL_LINES = 3


def disk_full(layout: HomeLayout, free: int) -> StackError:
    """Return the error for a disk without space."""
    return StackError(
        f"The disk of {layout.home} is full ({free // 1024**2} MB free).",
        remedy="Free some space and run `credithub up` again; nothing that was acknowledged is lost.",
    )


def from_os_error(error: OSError, layout: HomeLayout) -> StackError:
    """Translate what the operating system refused."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(layout, preflight.free_bytes(layout.home))
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StackError(
            f"{error.filename} cannot be written.",
            remedy="Give yourself the right to it, or put the data elsewhere with CREDITHUB_HOME.",
        )
    return StackError(f"The operating system refused: {error}.", remedy="See `credithub logs supervisor`.")


def diagnose(spec: ChildSpec, last_exit: str, layout: HomeLayout) -> StackError:
    """Return the error for a service that keeps dying before it was ever healthy."""
    free = preflight.free_bytes(layout.home)
    if free < preflight.EXHAUSTED_BYTES:
        return disk_full(layout, free)
    if taken := ports.taken(spec.address):
        return StackError(
            f"{spec.name} cannot listen: {taken}, while the stack was starting.",
            remedy="Run `credithub up` again, which chooses a free port.",
        )
    tail = ""
    if spec.log_file.exists():
        tail = "\n".join(spec.log_file.read_text("utf-8", errors="replace").strip().splitlines()[-_TAIL_LINES:])
    return StackError(
        f"{spec.name} does not stay up ({last_exit}). The end of its log:\n{tail}",
        remedy=f"See `credithub logs {spec.name}`.",
    )
