"""Everything that the hub's processes expect to find: topics, schemas, tables, keys and a business date."""

from dataclasses import dataclass
from pathlib import Path

from bus import topics
from bus.business_date import MOST_AHEAD, publish_business_date, today
from bus.config import BusConfig
from bus.crypto.keys import create_key_file
from bus.reading.offsets import watermarks
from bus.registration import register_all
from catalogue.errors import IntegrityError
from catalogue.load import load_catalogue
from hub.settings import Settings, bus_config, endpoints
from sinks.banks.recipients import bank_ids
from sinks.postgres.schema import migrate


@dataclass(frozen=True, slots=True)
class Preparation:
    """What a preparation did: how many topics it created, how many schemas are registered."""

    topics_created: int
    schemas_registered: int


def prepare_hub(settings: Settings) -> Preparation:
    """Create what is missing; may be repeated.

    Raises UsageError for a Kafka with other partitions or another registry, and for a clock that is far ahead;
    IntegrityError when the keys are gone.
    """
    config, banks = bus_config(settings), list(bank_ids())
    created = topics.ensure_topics(config, topics.topic_specs(load_catalogue(), banks))
    if not settings.keys.exists():
        _refuse_other_keys(config, settings.keys)
        create_key_file(settings.keys)
    registered = register_all(config, banks)
    migrate(endpoints(settings).postgres_dsn)
    publish_business_date(config, today(), accepted=settings.processes.accept_date, most_ahead=MOST_AHEAD)
    return Preparation(len(created), registered)


def _refuse_other_keys(config: BusConfig, key_file: Path) -> None:
    # Once something was pushed, new keys could open none of it, and would give every record another identity.
    if any(end.high for end in watermarks(config, [(topics.SUBMISSION, 0)]).values()):
        raise IntegrityError(
            f"There is no key file {key_file}, but what Kafka holds was sealed and linked with one.",
            remedy="Restore it from its backup, or name it in CREDITHUB_KEY_FILE. With other keys nothing could be"
            " opened, and each record would come a second time.",
        )
