"""Everything that the hub's processes expect to find: topics, schemas, tables, keys and a business date."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bus import topics
from bus.access import security
from bus.avro.registry import Registry
from bus.business_date import MOST_AHEAD, publish_business_date, today
from bus.config import BusConfig
from bus.crypto.keys import create_key_file
from bus.grants import grant, has_admin
from bus.principals import principals
from bus.reading.offsets import watermarks
from bus.registration import has_subjects, register_all
from bus.schema_archive import archived, is_archivable, restore
from bus.users import PREPARE
from catalogue.errors import IntegrityError
from catalogue.load import load_catalogue
from hub.certificates.folder import CertificateFolder
from hub.database_access import DatabaseRole
from hub.key_check import check_keys, was_pushed
from hub.settings import Settings, bus_config, endpoints
from hub.stack.database_roles import make_roles
from rules.rating.loading import in_order_of_publication, load_models
from rules.release.labels import current_labels
from sinks.banks.recipients import bank_ids
from sinks.policies import publish_labels
from sinks.postgres import schema
from streams.rating.recording import publish_model, published_models


@dataclass(frozen=True, slots=True)
class Preparation:
    """What a preparation did: how many topics it created, how many schemas are registered, whether they were lost."""

    topics_created: int
    schemas_registered: int
    schemas_restored: bool


def prepare_hub(settings: Settings) -> Preparation:
    """Create what is missing; may be repeated.

    Raises UsageError for a Kafka with other partitions or another registry, and for a clock that is far ahead;
    IntegrityError when the keys are gone or exchanged, or the registry's schemas gone.
    """
    config, banks = bus_config(settings, PREPARE), list(bank_ids())
    _grant(settings, config, banks)
    created = topics.ensure_topics(config, topics.topic_specs(load_catalogue(), banks))
    if not settings.keys.exists():
        _refuse_other_keys(config, settings.keys)
        create_key_file(settings.keys)
    restored = _restore_schemas(config, settings)
    registered = register_all(config, banks)
    keep_schemas(config, settings)
    publish_labels(config, current_labels())
    _publish_first_models(config)
    if not settings.postgres.existing:
        make_roles(settings)
    owner = endpoints(settings).database(DatabaseRole.OWNER)
    schema.migrate(owner)
    schema.grant(owner)
    publish_business_date(config, today(), accepted=settings.processes.accept_date, most_ahead=MOST_AHEAD)
    # Behind what notices another registry, in which nothing of Kafka's could be read.
    check_keys(config, settings.keys)
    return Preparation(len(created), registered, restored)


def _grant(settings: Settings, config: BusConfig, banks: list[str]) -> None:
    """Make Kafka's users and their rights, where this process may: else who runs Kafka does (`credithub access`)."""
    folder = settings.client_files
    if folder is not None and has_admin(folder):
        grant(config, folder, principals(load_catalogue(), banks), secured=client_security(settings))


def _publish_first_models(config: BusConfig) -> None:
    """Publish the shipped rating models where none was published: from there on persons decide what is published."""
    with closing(Registry(config)) as registry:
        if published_models(config, registry):
            return
    for shipped in in_order_of_publication(load_models()):
        first = shipped.first
        publish_model(config, PREPARE, shipped.model, first.role, first.since, first.approved_by)


def client_security(settings: Settings) -> dict[str, str] | None:
    """Return how clients of the embedded broker secure their connection; None: as the administrator of another does."""
    if settings.kafka.bootstrap:
        return None
    server = CertificateFolder(settings.certificates).server_pem()
    return security(str(server.authority) if server else None)


def keep_schemas(config: BusConfig, settings: Settings) -> None:
    """Keep all schemas with their ids in a file of the home, from which they are restored when the registry is lost.

    Called before anything is written with a schema that was just registered.
    """
    if not is_archivable(config):
        return
    settings.home.mkdir(parents=True, exist_ok=True)
    unfinished = settings.schema_archive.with_suffix(".new")
    unfinished.write_bytes(archived(config))
    unfinished.replace(settings.schema_archive)


def _restore_schemas(config: BusConfig, settings: Settings) -> bool:
    """Restore the schemas of a registry that was lost; whether it was. Anew, they would get other ids.

    Raises IntegrityError when they are not kept.
    """
    if not _is_written(config) or has_subjects(config):
        return False
    if not (is_archivable(config) and settings.schema_archive.exists()):
        raise IntegrityError(
            f"The registry {config.shown_registry} is empty, but what Kafka holds was written with its schemas' ids.",
            remedy="Restore its database from a backup of the same moment or later, or lay an archive of it"
            f" (`credithub schemas export`) at {settings.schema_archive}.",
        )
    restore(config, settings.schema_archive.read_bytes())
    return True


def _is_written(config: BusConfig) -> bool:
    return any(end.high for end in watermarks(config, [(topics.SUBMISSION, 0), (topics.CALENDAR, 0)]).values())


def _refuse_other_keys(config: BusConfig, key_file: Path) -> None:
    # Once something was pushed, new keys could open none of it, and would give every record another identity.
    if was_pushed(config):
        raise IntegrityError(
            f"There is no key file {key_file}, but what Kafka holds was sealed and linked with one.",
            remedy="Restore it from its backup, or name it in CREDITHUB_KEY_FILE. With other keys nothing could be"
            " opened, and each record would come a second time.",
        )
