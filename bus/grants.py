"""Makes the table of principals true at a broker: users with passwords, ACLs, and the files that users log in with.

Needs an administrator: ``admin.json`` in the folder of the client files. Where there is none, as at a Kafka that others
run, its administrators do it, with the commands that `commands` returns.
"""

import json
import os
import secrets
import shlex
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)

from bus import clients
from bus.access import client_settings, is_refusal, login, raise_if_refused, security_of, user_of
from bus.config import BusConfig
from bus.crypto.private_files import written_beside
from bus.principals import Operation, Principal, Resource, Right
from bus.users import ADMIN, file_of
from catalogue.errors import StackError

MECHANISM = "SCRAM-SHA-512"
# The least that Kafka takes. More would slow down whoever guesses a password, and each login; these cannot be guessed.
_ITERATIONS = 4096
_PASSWORD_BYTES = 24
_WITHIN_S = 30.0
_ASK_AGAIN_S = 0.02
_RESOURCES = {
    Resource.TOPIC: ResourceType.TOPIC,
    Resource.GROUP: ResourceType.GROUP,
    Resource.TRANSACTIONAL_ID: ResourceType.TRANSACTIONAL_ID,
}
_OPERATIONS = {
    Operation.READ: AclOperation.READ,
    Operation.WRITE: AclOperation.WRITE,
    Operation.DESCRIBE: AclOperation.DESCRIBE,
    Operation.CREATE: AclOperation.CREATE,
    Operation.ALTER_CONFIGS: AclOperation.ALTER_CONFIGS,
    Operation.DESCRIBE_CONFIGS: AclOperation.DESCRIBE_CONFIGS,
}


def has_admin(folder: Path) -> bool:
    """Whether the folder of the client files lets this process make users."""
    return file_of(folder, ADMIN).exists()


def new_password() -> str:
    """Return a password that nobody guesses, without a letter that needs quotes anywhere."""
    return secrets.token_urlsafe(_PASSWORD_BYTES)


def write_client_file(file: Path, settings: dict[str, str]) -> None:
    """Write a client file in one step, for its owner alone."""
    with written_beside(file, json.dumps(settings, indent=1) + "\n") as fresh:
        os.replace(fresh, file)


def grant(
    config: BusConfig,
    folder: Path,
    principals: Sequence[Principal],
    *,
    anew: Collection[str] = (),
    secured: Mapping[str, str] | None = None,
) -> None:
    """Make users and ACLs as the table says, and a client file for each user; may be repeated.

    ``anew``: principals that get another password. ``secured``: how users secure their connections (`bus.access`),
    None: as the administrator does. Raises StackError when the broker does not take it.
    """
    admin = _administrator(config, folder)
    if secured is None:
        secured = security_of(client_settings(file_of(folder, ADMIN)))
    for principal in principals:
        _write(config, file_of(folder, principal.name), principal, secured, anew=principal.name in anew)
    try:
        admin.list_topics(timeout=_WITHIN_S)
        _make_users(admin, folder, principals)
        made = _make_acls(admin, config, principals)
    except KafkaException as exc:
        raise_if_refused(exc, "make users and ACLs")
        raise StackError(f"Kafka does not take its users and ACLs: {exc}.", remedy="See `credithub status`.") from exc
    _await_login(config, folder, principals[0])
    if made:
        _await_rights(admin, config, folder, principals, made)


def revoke(config: BusConfig, folder: Path, users: Sequence[str]) -> None:
    """Take users away: their rights, at once, their passwords and client files; may be repeated.

    Raises StackError when the broker does not do it.
    """
    admin = _administrator(config, folder)
    names = [config.topic(user) for user in users]
    try:
        current = _acls_of(admin, names)
        _delete_acls(admin, current)
        _delete_passwords(admin, names)
    except KafkaException as exc:
        raise_if_refused(exc, "take users away")
        raise StackError(f"Kafka keeps its users {names}: {exc}.", remedy="See `credithub status`.") from exc
    for user in users:
        file_of(folder, user).unlink(missing_ok=True)


def _administrator(config: BusConfig, folder: Path) -> AdminClient:
    return clients.admin(BusConfig(config.bootstrap, "", client_file=str(file_of(folder, ADMIN))))


def _write(config: BusConfig, file: Path, principal: Principal, secured: Mapping[str, str], *, anew: bool) -> None:
    current = client_settings(file) if file.exists() else {}
    has_password = bool(current) and not anew
    password = user_of(current)[1] if has_password else new_password()
    wanted = login(config.topic(principal.name), password, MECHANISM, secured)
    if current != wanted:
        write_client_file(file, wanted)


def _make_users(admin: AdminClient, folder: Path, principals: Sequence[Principal]) -> None:
    # Each time, for the broker's data may be of a backup, with other passwords.
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _ITERATIONS)
    wanted = [
        UserScramCredentialUpsertion(user, info, password.encode())
        for user, password in (user_of(client_settings(file_of(folder, one.name))) for one in principals)
    ]
    for done in admin.alter_user_scram_credentials(wanted, request_timeout=_WITHIN_S).values():
        done.result()


def _make_acls(admin: AdminClient, config: BusConfig, principals: Sequence[Principal]) -> set[AclBinding]:
    """Make the ACLs what the table says, and return those that were missing."""
    current = _acls_of(admin, [config.topic(principal.name) for principal in principals])
    wanted = {_binding(config, principal, right) for principal in principals for right in principal.rights()}
    if missing := wanted - current:
        for done in admin.create_acls([*missing], request_timeout=_WITHIN_S).values():
            done.result()
    # What the table said once.
    _delete_acls(admin, current - wanted)
    return missing


def _acls_of(admin: AdminClient, names: Sequence[str]) -> set[AclBinding]:
    # Of each user alone: a broker that others use, too, has many more.
    asked = [
        admin.describe_acls(
            AclBindingFilter(
                ResourceType.ANY, None, ResourcePatternType.ANY, f"User:{name}", None, AclOperation.ANY,
                AclPermissionType.ANY,
            ),
            request_timeout=_WITHIN_S,
        )
        for name in names
    ]  # fmt: skip
    return {acl for answer in asked for acl in answer.result()}


def _delete_acls(admin: AdminClient, acls: Collection[AclBinding]) -> None:
    if not acls:
        return
    for done in admin.delete_acls([*map(_exactly, acls)], request_timeout=_WITHIN_S).values():
        done.result()


def _exactly(acl: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        acl.restype, acl.name, acl.resource_pattern_type, acl.principal, acl.host, acl.operation, acl.permission_type
    )


def _delete_passwords(admin: AdminClient, names: Sequence[str]) -> None:
    deletions = [UserScramCredentialDeletion(name, ScramMechanism.SCRAM_SHA_512) for name in names]
    for done in admin.alter_user_scram_credentials(deletions, request_timeout=_WITHIN_S).values():
        try:
            done.result()
        except KafkaException as exc:
            # It has none any more.
            if exc.args[0].code() != KafkaError.RESOURCE_NOT_FOUND:
                raise


def _binding(config: BusConfig, principal: Principal, right: Right) -> AclBinding:
    return AclBinding(
        _RESOURCES[right.resource],
        config.topic(right.name),
        ResourcePatternType.PREFIXED if right.is_prefix else ResourcePatternType.LITERAL,
        f"User:{config.topic(principal.name)}",
        "*",
        _OPERATIONS[right.operation],
        AclPermissionType.ALLOW,
    )


def _await_login(config: BusConfig, folder: Path, principal: Principal) -> None:
    """Wait until the brokers, which clients ask, have learned what the controller knows."""
    deadline = time.monotonic() + _WITHIN_S
    entering = BusConfig(config.bootstrap, "", client_file=str(file_of(folder, principal.name)))
    while not clients.lets_in(entering):
        if time.monotonic() > deadline:
            raise StackError(
                f"Kafka does not let its new user {config.topic(principal.name)} in.",
                remedy="See `credithub logs kafka`.",
            )


def _await_rights(
    admin: AdminClient, config: BusConfig, folder: Path, principals: Sequence[Principal], made: Collection[AclBinding]
) -> None:
    """Wait until new ACLs hold: an answer says that they are committed, not that who decides has read them."""
    deadline = time.monotonic() + _WITHIN_S
    # They were made by one request, and are read as one.
    one = _exactly(next(iter(made)))
    makers = [
        (clients.admin(BusConfig(config.bootstrap, "", client_file=str(file_of(folder, principal.name)))), topics)
        for principal in principals
        if (topics := [NewTopic(config.topic(name), 1, 1) for name in principal.makes])
    ]
    while not (
        admin.describe_acls(one, request_timeout=_WITHIN_S).result()
        and all(_lets_make(maker, topics) for maker, topics in makers)
    ):
        if time.monotonic() > deadline:
            raise StackError("Kafka does not apply its new ACLs.", remedy="See `credithub logs kafka`.")
        time.sleep(_ASK_AGAIN_S)


def _lets_make(maker: AdminClient, topics: list[NewTopic]) -> bool:
    """Whether the controller, which decides who creates topics and reads ACLs for itself, lets a user create these."""
    for asked in maker.create_topics(topics, request_timeout=_WITHIN_S, validate_only=True).values():
        try:
            asked.result()
        except KafkaException as exc:
            if is_refusal(exc.args[0]):
                return False
            if exc.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise StackError(f"Kafka does not say who may create topics: {exc}.") from exc
    return True


def commands(config: BusConfig, principals: Sequence[Principal]) -> Iterator[str]:
    """Yield the commands of Kafka's own tools that make the same, for whoever administrates a Kafka that others run."""
    tool = ("kafka-acls.sh", "--bootstrap-server", config.bootstrap, "--command-config", "admin.properties", "--add")
    for principal in principals:
        user = config.topic(principal.name)
        named: dict[tuple[Resource, str, bool], list[str]] = {}
        for right in principal.rights():
            named.setdefault((right.resource, config.topic(right.name), right.is_prefix), []).append(right.operation)
        for (resource, name, is_prefix), operations in named.items():
            pattern = "prefixed" if is_prefix else "literal"
            options = [option for operation in operations for option in ("--operation", operation)]
            yield shlex.join(
                [*tool, "--allow-principal", f"User:{user}", *options, f"--{resource}", name,
                 "--resource-pattern-type", pattern]
            )  # fmt: skip
