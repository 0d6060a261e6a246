"""The recipients' own https servers, which the hub calls: whatever they are sent is searched."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from bus import topics
from bus.reading.topic_reader import TopicReader
from bus.users import PREPARE, QUERIES
from hub.settings import Settings, bus_config
from rules.release.recipients import RecipientDefinition
from rules.release.webhooks import WebhookDefinition
from sinks.banks.recording import publish_recipients
from sinks.webhooks.registration import WebhookRegistrations
from tests.canaries.canary import Phase
from tests.canaries.places import Kind, Ledger
from tests.canaries.plan import HOOKED, LATE
from tests.canaries.rights import Channel, Told
from tests.https_receiver import Got, Receiver, https_receiver
from tests.waiting import until

_LOOPBACK = ("127.0.0.0/8",)
# A minute: whoever tried in vain is to come back soon once it is asked to.
_AWAY = (503, {"Retry-After": "60"})
_SENT_WITHIN_S = 180.0


class Hooks:
    """One server for each recipient that has one; one of them is away until ``open``."""

    def __init__(self, receivers: Mapping[str, Receiver]) -> None:
        self._receivers = receivers
        self._looked: dict[str, int] = dict.fromkeys(receivers, 0)
        receivers[LATE].answers = lambda got: _AWAY

    def authorities(self, file: Path) -> Path:
        """Write down which authorities made the servers' certificates."""
        file.write_text("".join(one.authority.read_text("utf-8") for one in self._receivers.values()))
        return file

    def register(self, settings: Settings, definitions: Mapping[str, RecipientDefinition]) -> None:
        """Have the hub call them. No file may name this machine, so it is published as a file's content would be."""
        registrations = WebhookRegistrations(settings.webhook_files)
        for name in HOOKED:
            registrations.register(name)
        hooked = [
            replace(definitions[name], webhook=WebhookDefinition(self._receivers[name].url, _LOOPBACK))
            for name in HOOKED
        ]
        publish_recipients(bus_config(settings, PREPARE), PREPARE, hooked)

    def open(self) -> None:
        """Let the one that was away take what comes."""
        self._receivers[LATE].answers = lambda got: (204, {})

    def settle(self, settings: Settings, ledger: Ledger, phase: Phase) -> None:
        """Wait until everything is sent to those that are there, and look at whatever came, taken or not."""
        for name, receiver in self._receivers.items():
            if name != LATE or phase is Phase.CLOSED:
                _await_all(receiver, _told(settings, name), name)
            came = receiver.got[self._looked[name] :]
            self._looked[name] += len(came)
            rule = Told(name, Channel.WEBHOOK, phase)
            for got in came:
                ledger.look(Kind.WEBHOOKS, f"{name} in {phase.name}", rule, _bytes_of(got))


@contextmanager
def hooks(folder: Path) -> Iterator[Hooks]:
    """Serve."""
    with ExitStack() as opened:
        yield Hooks({name: opened.enter_context(https_receiver(folder / name)) for name in HOOKED})


def _told(settings: Settings, recipient: str) -> set[tuple[str, int]]:
    """Return subject and sequence of all that a recipient's topic tells, by what lies beside the messages."""
    reader = TopicReader(bus_config(settings, QUERIES))
    return {
        ((message.key() or b"").decode(), int(dict(message.headers() or [])["sequence"] or b"0"))
        for message in reader.read_all(reader.partitions([topics.bank_topic(recipient)]))
    }


def _await_all(receiver: Receiver, due: set[tuple[str, int]], name: str) -> None:
    until(lambda: due <= _taken(receiver), f"{name} gets everything", patience_s=_SENT_WITHIN_S)


def _taken(receiver: Receiver) -> set[tuple[str, int]]:
    return {(message["subject"], message["sequence"]) for message in receiver.taken()}


def _bytes_of(got: Got) -> bytes:
    return "\n".join(f"{name}: {value}" for name, value in got.headers.items()).encode() + b"\n" + got.body
