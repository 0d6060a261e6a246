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
_PR_SET_NO_NEW_PRIVS = 38


def drop_root(uid: int, gid: int) -> None:
    """Become ``uid`` for good: with the change the kernel takes every capability of root away."""
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def main(arguments: list[str]) -> None:
    """Set the process up and replace it by the command."""
    parent, death_signal, uid, gid = (int(argument) for argument in arguments[:4])
    command = arguments[4:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if uid >= 0:
            drop_root(uid, gid)
            # Nor by a program that is root's whoever starts it.
            libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        # After the change of user, which clears it.
        libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        # The supervisor may have died before the line above.
        if os.getppid() != parent:
            sys.exit(1)
    elif uid >= 0:
        drop_root(uid, gid)
    # The child must not inherit what the supervisor ignores.
    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(signal_number, signal.SIG_DFL)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
