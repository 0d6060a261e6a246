"""Everything that the hub's processes expect to find: topics, schemas, tables, keys and a business date."""

import logging
import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bus import topics
from bus.access import security
from bus.avro.registry import Registry
from bus.business_date import MOST_AHEAD, publish_business_date, today
from bus.config import BusConfig
from bus.crypto.keys import create_key_file
from bus.grants import grant, has_admin, revoke
from bus.principals import principals
from bus.reading.offsets import watermarks
from bus.registration import has_subjects, register_all
from bus.schema_archive import archived, is_archivable, restore
from bus.users import PREPARE, bank_user, file_of
from catalogue.errors import IntegrityError, UsageError
from catalogue.load import load_catalogue
from hub.certificates.folder import CertificateFolder
from hub.database_access import DatabaseRole
from hub.key_check import check_keys, check_signing_keys, was_pushed
from hub.recipients_folder import banks_of, begin_with_samples, filed, lay, recipients_folder, removed_of, take_away
from hub.settings import Settings, bus_config, endpoints
from hub.stack.database_roles import make_roles
from rules.rating.loading import in_order_of_publication, load_models
from rules.release.labels import current_labels
from rules.release.recipient_files import load_recipients
from rules.release.recipient_messages import RecipientVersion
from rules.release.schemas import releasable_schemas
from sinks.banks.recording import publish_recipients, published_recipients
from sinks.policies import publish_labels
from sinks.postgres import schema
from streams.rating.recording import publish_model, published_models

log = logging.getLogger(__name__)


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
    config = bus_config(settings, PREPARE)
    created = _prepare_topics(settings, config)
    if not settings.keys.exists():
        _refuse_other_keys(config, settings.keys)
        create_key_file(settings.keys)
    restored = _restore_schemas(config, settings)
    registered = _register(settings, config)
    publish_labels(config, current_labels())
    _publish_recipients(settings, config)
    _publish_first_models(config)
    if not settings.postgres.existing:
        make_roles(settings)
    owner = endpoints(settings).database(DatabaseRole.OWNER)
    schema.migrate(owner)
    schema.grant(owner)
    publish_business_date(config, today(), accepted=settings.processes.accept_date, most_ahead=MOST_AHEAD)
    # Behind what notices another registry, in which nothing of Kafka's could be read.
    check_keys(config, settings.keys)
    check_signing_keys(config, settings.signing_keys)
    return Preparation(created, registered, restored)


def prepare_recipients(settings: Settings) -> list[RecipientVersion]:
    """Make what the recipients need, topics, users, rights and schemas, and publish what their files say anew.

    Returns the versions that were published. Raises as ``prepare_hub`` does.
    """
    config = bus_config(settings, PREPARE)
    _prepare_topics(settings, config)
    _restore_schemas(config, settings)
    _register(settings, config)
    return _publish_recipients(settings, config)


def refuse_without_client_file(settings: Settings, bank: str) -> None:
    """Raise UsageError where a bank would get a user, and its client file cannot be written."""
    folder = settings.client_files
    if folder is None or not has_admin(folder) or os.access(folder, os.W_OK):
        return
    for one in principals(load_catalogue(), [bank]):
        if not file_of(folder, one.name).exists():
            raise UsageError(
                f"There is no client file of {one.name} in {str(folder)!r}, and none can be written there.",
                remedy="Lay it there first: with Compose, give the user a password and a file in docker-compose.yml.",
            )


def _publish_recipients(settings: Settings, config: BusConfig) -> list[RecipientVersion]:
    if _refile(settings, config):
        _prepare_topics(settings, config)
        _register(settings, config)
    wanted = load_recipients(recipients_folder(settings)).values()
    return publish_recipients(config, PREPARE, wanted, removed_of(settings))


def _refile(settings: Settings, config: BusConfig) -> bool:
    """Lay a file for each recipient that was published and has none; whether there were any.

    A folder that was lost, or another one that was named by mistake, must take nothing from anybody, and give nothing.
    """
    with closing(Registry(config)) as registry:
        newest = published_recipients(config, registry)
    if not newest:
        begin_with_samples(settings)
    has_file = filed(settings)
    unfiled = [version for name, version in sorted(newest.items()) if name not in has_file]
    for version in unfiled:
        if version.is_removed:
            take_away(settings, version.definition)
        else:
            lay(settings, version.definition)
            log.warning(
                "the recipient %s had no file: it is as it was published. `credithub bank remove %s` takes it away",
                version.recipient, version.recipient,
            )  # fmt: skip
    return bool(unfiled)


def _prepare_topics(settings: Settings, config: BusConfig) -> int:
    """Make users with their rights, and the topics that are missing; return how many these were."""
    active, removed = banks_of(settings), removed_of(settings)
    folder = settings.client_files
    # Where this process may not, who runs Kafka does (`credithub access`).
    if folder is not None and has_admin(folder):
        every = principals(load_catalogue(), active, removed)
        grant(config, folder, every, secured=client_security(settings))
        if removed:
            revoke(config, folder, [bank_user(bank) for bank in removed])
    return len(topics.ensure_topics(config, topics.topic_specs(load_catalogue(), [*active, *removed])))


def _register(settings: Settings, config: BusConfig) -> int:
    schemas = releasable_schemas(load_catalogue())
    registered = register_all(config, schemas, [*banks_of(settings), *removed_of(settings)])
    keep_schemas(config, settings)
    return registered


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
