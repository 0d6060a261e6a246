"""The consents of the fan-out runs: so many signed authorisations, as the portal writes them, but in few transactions.

Run by ``benchmarks.fanout`` with the hub's settings: ``SUBJECTS RECIPIENTS EACH``. Recipient r has the consents of EACH
subjects, beginning with number r·EACH of all, so that each subject consents to equally many.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

from bus import clients, topics
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.signing import Signer
from bus.crypto.signing_keys import load_signing_keys
from bus.partitions import partition_of
from bus.users import ADMIN
from catalogue import wire
from hub.settings import bus_config, load_settings
from rules.release.consent.lifecycle import Act
from rules.release.consent.terms import Terms
from simulation.people import make_uscc
from tests.builders.signed_consents import Signing, terms

ACTS = (Act.REQUEST, Act.GRANT)
"""Of each consent."""
_BEGUN = datetime.now(UTC) - timedelta(days=1)


def recipient_ids(count: int) -> list[str]:
    """Return the ids of the recipients."""
    return [f"bank{number:02}" for number in range(count)]


def pairs(subjects: int, recipients: int, each: int) -> Iterator[tuple[int, str]]:
    """Yield (number of a subject, recipient) of each consent."""
    for place, recipient in enumerate(recipient_ids(recipients)):
        for number in range(each):
            yield (place * each + number) % subjects, recipient


def terms_of(subject: str, recipient: str) -> Terms:
    """Return the terms of a consent to everything that is delivered of tax payments."""
    end = _BEGUN + timedelta(days=90)
    return terms(subject, f"{recipient}-{subject}", recipient=recipient, start=_BEGUN, end=end)


class ConsentSender:
    """Sends transitions of consents, each behind the one before it of the same consent."""

    def __init__(self, config: BusConfig, signer: Signer) -> None:
        self._config, self._signing = config, Signing(signer)
        self._producer = clients.producer(config)
        with closing(Registry(config)) as registry:
            self._encode = Encoder(registry, topics.CONSENT, wire.CONSENT)

    def send(self, wanted: Iterable[Terms]) -> int:
        """Send the acts of each consent, wait until Kafka has them, and return how many they were."""
        config, sent = self._config, 0
        for one in wanted:
            partition = partition_of(one.subject, config.partitions)
            for act in ACTS:
                key, value = self._signing.act(one, act, datetime.now(UTC))
                self._producer.produce(config.topic(topics.CONSENT), self._encode(value), key, partition)
                sent += 1
            self._producer.poll(0)
        if self._producer.flush(120):
            raise RuntimeError("not everything was delivered")
        return sent


def main(subjects: int, recipients: int, each: int) -> int:
    """Send all consents and return how many messages they were."""
    settings = load_settings()
    signer = load_signing_keys(settings.signing_keys).signer
    wanted = (terms_of(make_uscc("630102", number), name) for number, name in pairs(subjects, recipients, each))
    return ConsentSender(bus_config(settings, ADMIN), signer).send(wanted)


if __name__ == "__main__":
    print(main(*(int(argument) for argument in sys.argv[1:])))
