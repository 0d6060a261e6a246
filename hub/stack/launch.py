"""Start one child so that it cannot outlive its supervisor, then become that child.

Run as a program of its own (``python -I -S launch.py …``), because between fork and exec of a process
with threads Python code is not safe; here there is one thread. It imports nothing of the hub, to be quick.

    launch.py PARENT_PID DEATH_SIGNAL RUN_AS_UID RUN_AS_GID COMMAND…     (uid -1: stay who we are)
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_LINUX_CAPABILITY_VERSION_3 = 0x20080522


def drop_root(libc: ctypes.CDLL, uid: int, gid: int) -> None:
    """Become ``uid``, keeping one ability of root: to reach files below folders closed to others.

    PostgreSQL refuses to run as root, and the checkout or home may lie below a folder such as /root
    that only root may enter. Keeping CAP_DAC_OVERRIDE spares us opening those folders to everybody.
    """
    libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    header = (ctypes.c_uint32 * 2)(_LINUX_CAPABILITY_VERSION_3, 0)
    mask = 1 << _CAP_DAC_OVERRIDE
    data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    if libc.capset(header, data) == 0:
        libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)


def main(arguments: list[str]) -> None:
    """Set the process up and replace it by the command."""
    parent, death_signal, uid, gid = (int(argument) for argument in arguments[:4])
    command = arguments[4:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if uid >= 0:
            drop_root(libc, uid, gid)
        # After the change of user, which clears it.
        libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        # The supervisor may have died before the line above.
        if os.getppid() != parent:
            sys.exit(1)
    elif uid >= 0:
        os.setgid(gid)
        os.setuid(uid)
    # The child must not inherit what the supervisor ignores.
    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(signal_number, signal.SIG_DFL)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
