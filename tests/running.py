"""What runs until it is told to stop, on a thread of the test."""

import traceback
from threading import Event, Thread
from typing import Any

_JOIN_S = 60


class Running:
    """A sink's ``run`` in a thread; ``stop`` raises what it raised."""

    def __init__(self, run: Any, *args: Any, **more: Any) -> None:
        self._stop = Event()
        self._failed: list[BaseException] = []
        self._thread = Thread(target=self._run, args=(run, args, more), daemon=True)
        self._thread.start()

    def _run(self, run: Any, args: tuple[Any, ...], more: dict[str, Any]) -> None:
        try:
            run(*args, self._stop, **more)
        except BaseException as exc:
            traceback.print_exc()
            self._failed.append(exc)

    def ended(self) -> bool:
        """Wait for it to end by itself; whether it did."""
        self._thread.join(_JOIN_S)
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Ask it to end and wait."""
        self._stop.set()
        assert self.ended()
        if self._failed:
            raise self._failed[0]
