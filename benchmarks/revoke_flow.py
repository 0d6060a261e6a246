"""Events of the enterprises of the revocations' run, in turn: each a new version of one of its enterprise's records.

``SUBJECTS FIRST COUNT``: so many events at once. ``SUBJECTS FIRST --rate=R``: R events a second, until its standard
input ends. It prints (JSON) when it began to send, by the monotonic clock, and the number of the event that would come
next, for ``FIRST`` of the next run.
"""

import json
import sys
import threading
import time

from benchmarks.scale_input import SplicedEvents
from bus import clients
from bus.avro.registry import Registry
from bus.users import ADMIN
from hub.settings import bus_config, load_settings
from simulation.people import make_uscc

RECORDS = 144
"""Of each enterprise, as one of the sample city has them."""
_TICK_S = 0.01


def subject_of(number: int) -> str:
    """Return the code of an enterprise."""
    return make_uscc("630105", number)


class Flow:
    """Sends event after event, beginning with the one numbered ``first``."""

    def __init__(self, subjects: int, first: int) -> None:
        config = bus_config(load_settings(), ADMIN)
        registry = Registry(config)
        self._event = SplicedEvents(registry)
        registry.close()
        self._codes = [subject_of(number) for number in range(subjects)]
        self._producer, self._topic = clients.producer(config), config.topic(self._event.topic)
        self.next = first

    def send(self, count: int) -> None:
        """Hand so many events to the client."""
        for number in range(self.next, self.next + count):
            turn, subject = divmod(number, len(self._codes))
            code = self._codes[subject]
            self._producer.produce(self._topic, self._event(code, turn, turn % RECORDS), code.encode())
        self.next += count

    def send_at(self, rate: float, stop: threading.Event) -> None:
        """Send at a rate until ``stop``."""
        begun, first = time.monotonic(), self.next
        while not stop.is_set():
            self.send(max(0, int((time.monotonic() - begun) * rate) + 1 - (self.next - first)))
            self._producer.poll(_TICK_S)

    def close(self) -> None:
        """Wait until Kafka has all of it."""
        if self._producer.flush(120):
            raise RuntimeError("not everything was delivered")


def main(subjects: str, first: str, wanted: str) -> dict[str, float]:
    """Send, and return what is printed."""
    flow = Flow(int(subjects), int(first))
    begun_s = time.monotonic()
    if wanted.startswith("--rate="):
        stop = threading.Event()

        def await_end() -> None:
            sys.stdin.read()
            stop.set()

        threading.Thread(target=await_end, daemon=True).start()
        flow.send_at(float(wanted.removeprefix("--rate=")), stop)
    else:
        flow.send(int(wanted))
    flow.close()
    return {"begun_s": begun_s, "next": flow.next}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
