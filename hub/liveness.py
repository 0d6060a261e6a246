"""Docker's health check of a process of the hub: it answers, or it hangs and is ended.

Docker starts a container again when its process ends, not when it is unhealthy, so the check itself ends what hangs.
A program of its own without any import of the hub, to be quick: ``python -I -S liveness.py PORT``. With ``init: true``
the process of the hub is a child of the container's first one.
"""

import contextlib
import http.client
import os
import signal
import sys
import time
from pathlib import Path

HUNG_AFTER_S = 60.0
"""A process that does not answer /readyz for so long hangs: whatever it works on, another thread answers."""
STARTS_WITHIN_S = 600.0
"""On a machine at its limit the programs take minutes to load, and to begin again would not make them quicker."""
_ANSWER_WITHIN_S = 4.0
_PAUSE_S = 1.0


def answers(port: int) -> bool:
    """Return whether anything comes from ``/readyz``: ready or not is another question."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_WITHIN_S)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/readyz")
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
    return True


def main(
    port: int, first: int = 1, hung_after_s: float = HUNG_AFTER_S, starts_within_s: float = STARTS_WITHIN_S
) -> int:
    """Return 0 once it answers; 1 when it does not, having ended the children of ``first`` that are old enough."""
    deadline = time.monotonic() + hung_after_s
    while not answers(port):
        if time.monotonic() > deadline:
            for pid in _children(first):
                if _age_s(pid) > starts_within_s:
                    print(f"no answer for {hung_after_s:.0f} s: {pid} is ended")
                    os.kill(pid, signal.SIGKILL)
            return 1
        time.sleep(_PAUSE_S)
    return 0


def _children(parent: int) -> list[int]:
    return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _stat(pid)[1:2] == [str(parent)]]


def _age_s(pid: int) -> float:
    uptime_s = float(Path("/proc/uptime").read_text("utf-8").split()[0])
    return uptime_s - int((_stat(pid)[19:20] or ["0"])[0]) / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on; nothing when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
