"""``credithub worker`` as it is, but for two hooks of the harness: ``python -m tests.chaos.worker … worker --index N``.

``CHAOS_STOP_FILE``: while that file is there, the process stops itself (SIGSTOP) when it is about to commit a
transaction of which messages still wait in the producer's queue. No signal from outside is sure to meet that moment.

``CHAOS_BREAK``: a safeguard to do without, so that it can be seen that the checks find what it prevents.
"""

import os
import signal
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import confluent_kafka

import bus.clients
import streams.merge.subject
from bus import topics
from rules.merge import Outcome, Record

FENCING, POSITIONS, IDEMPOTENCE = "fencing", "positions", "idempotence"
BREAKS = (FENCING, POSITIONS, IDEMPOTENCE)


class StoppingProducer(bus.clients.HubProducer):
    """The producer of a partition number, with the hooks."""

    def __init__(self, settings: dict[str, Any]) -> None:
        broken = os.environ.get("CHAOS_BREAK")
        if broken == FENCING:
            # Nobody ends the transactions of a former owner, because nobody has its name.
            settings = {**settings, "transactional.id": f"{settings['transactional.id']}.{os.urandom(4).hex()}"}
        self._stop_file = Path(os.environ["CHAOS_STOP_FILE"])
        self._apart = None
        if broken == POSITIONS:
            plain = {k: v for k, v in settings.items() if not k.startswith("transaction")}
            self._apart = confluent_kafka.Producer(plain)
        super().__init__(settings)

    def produce(self, topic: str, value: bytes, key: bytes | None, number: int, **more: Any) -> None:
        """Send a message, in the transaction; a position outside of it, when that is what is broken."""
        if self._apart is not None and topic.endswith(topics.POSITION):
            self._apart.produce(topic, value, key, number)
            self._apart.flush()
            return
        super().produce(topic, value, key, number, **more)

    def commit_transaction(self, *timeout_s: float) -> None:
        """Commit, after a rest when the harness asks for one."""
        waiting = len(self)
        if waiting and self._stop_file.exists():
            self._stop_file.rename(self._stop_file.with_suffix(".stopped"))
            self._stop_file.with_suffix(".stopped").write_text(str(waiting))
            os.kill(os.getpid(), signal.SIGSTOP)
            print(f"{datetime.now():%H:%M:%S} goes on with {waiting} messages in its queue", flush=True)  # noqa: DTZ005
        super().commit_transaction(*timeout_s)


def _join(held: Record | None, seen: Record) -> tuple[Record, Outcome]:
    if held is not None and seen.envelope.version < held.envelope.version:
        return held, Outcome.SUPERSEDED
    return seen, Outcome.MERGED


def hook() -> None:
    """Put the hooks in place; fails when the product has no such place any more."""
    _put(bus.clients, "HubProducer", StoppingProducer)
    if os.environ.get("CHAOS_BREAK") == IDEMPOTENCE:
        _put(streams.merge.subject, "join", _join)
        _put(streams.merge.subject, "same_content", lambda one, other: False)


def _put(module: ModuleType, name: str, value: object) -> None:
    assert hasattr(module, name), f"{module.__name__} has no {name}: the harness must follow the product"
    setattr(module, name, value)


if __name__ == "__main__":
    from hub.main import main

    hook()
    main()
