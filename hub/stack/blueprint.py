"""From the settings to a plan: which services we run ourselves, their ports, addresses and commands."""

import signal
from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from bus.grants import has_admin, write_client_file
from bus.users import ADMIN, PREPARE, QUERIES, file_of
from hub.certificates.folder import CertificateFolder
from hub.database_access import DatabaseRole
from hub.processes import CREDITHUB, DATABASE_ADDRESSES, child_environment, environment_without_settings, hub_processes
from hub.settings import Endpoints, Settings, changed_settings
from hub.stack import checks, kafka, postgres, registry, targets
from hub.stack.child import ChildSpec
from hub.stack.health import ServiceCheck
from hub.stack.hub_specs import HubSpecs
from hub.stack.layout import HomeLayout
from hub.stack.orphans import STACK_VARIABLE
from hub.stack.ports import LOOPBACK, Ports
from hub.stack.secret_files import generated_secret
from hub.stack.status import write_json
from hub.stack.supervisor import Plan
from monitoring.addresses import shown_address

_REGISTRY_MANAGEMENT_PORT = 9990
_Environment = dict[str, str]


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A plan together with the addresses it will answer at."""

    plan: Plan
    endpoints: Endpoints
    metrics_port: int
    """Where the supervisor serves its own metrics; 0: nowhere."""


def service_environment(layout: HomeLayout) -> dict[str, str]:
    """Return the environment of a service: none of our settings, and the mark by which orphans are found."""
    return {**environment_without_settings(), STACK_VARIABLE: str(layout.home)}


def own_environment(settings: Settings, layout: HomeLayout, user: str, secrets: Collection[str] = ()) -> dict[str, str]:
    """Return the environment of a process of ours: the settings, of secrets the named ones, and the same mark.

    ``user``: as whom it comes to Kafka. It is told where the client file of that one lies, and of no other; the
    preparation, which makes them, of the folder.
    """
    access = settings.kafka.client_file(settings.home, user) if user else ""
    own = settings if user == PREPARE else changed_settings(settings, kafka_access=access or None)
    return {**child_environment(own, secrets), STACK_VARIABLE: str(layout.home)}


def draw(settings: Settings, layout: HomeLayout, ports: Ports, *, services_only: bool) -> Blueprint:
    """Choose ports, prepare the services that we run, and return the plan.

    Raises StackError when a port or a preparation fails.
    """
    environment = service_environment(layout)
    node, kafka_spec = _kafka(settings, layout, ports, environment)
    dsns, postgres_spec = _postgres(settings, layout, ports, environment)
    registry_url, registry_spec = _registry(settings, layout, ports, environment)
    upstream_port = None if settings.upstream.url else ports.give("upstream", settings.upstream.port)
    with ThreadPoolExecutor() as pool:
        jobs: list[Future[None]] = []
        if node:
            jobs.append(pool.submit(kafka.prepare, layout, node))
        if not settings.postgres.existing:
            jobs.append(pool.submit(postgres.prepare, layout))
        elif not (settings.registry.url or settings.postgres.registry_dsn):
            jobs.append(pool.submit(registry.create_external_store, settings.postgres.existing))
        for job in jobs:
            job.result()
    processes: tuple[ChildSpec, ...] = ()
    metrics_port, portal_url = 0, ""
    # What ran before must not be looked for.
    targets.publish(layout, {})
    if not services_only:
        if upstream_port is not None and not settings.upstream.token:
            settings = changed_settings(settings, upstream_token=generated_secret(layout.upstream_token))
        if not settings.portal.token:
            settings = changed_settings(settings, portal_token=generated_secret(settings.portal_token))
        portal_port = ports.give("portal", settings.portal.port)
        portal_url = f"http://{LOOPBACK}:{portal_port}"
        door_port = ports.give("registry-door", settings.registry_door.port)
        wanted = hub_processes(settings, upstream_port, door_port=door_port, portal_port=portal_port)
        specs = HubSpecs(wanted, settings, layout, ports, partial(own_environment, settings, layout))
        processes, metrics_port = specs.all(), specs.supervisor_port
    prepare = ChildSpec(
        "prepare",
        (*CREDITHUB, "prepare"),
        layout.log_file("prepare"),
        own_environment(settings, layout, PREPARE, DATABASE_ADDRESSES),
        one_shot=True,
    )
    endpoints = Endpoints(
        bootstrap=node.bootstrap if node else settings.kafka.bootstrap or "",
        registry_url=registry_url,
        **dsns,
        upstream_url=settings.upstream.url or f"http://{LOOPBACK}:{upstream_port}",
        portal_url=settings.portal.url or portal_url,
    )
    plan = Plan((postgres_spec, kafka_spec, registry_spec), prepare, processes, services_only)
    return Blueprint(plan, endpoints, metrics_port)


def publish_endpoints(file: Path, endpoints: Endpoints) -> None:
    """Write the addresses for the clients; private, because the database's password is in one."""
    write_json(file, asdict(endpoints))


def _external(name: str, address: str, check: ServiceCheck, layout: HomeLayout) -> ChildSpec:
    return ChildSpec(name, (), layout.log_file(name), check=check, address=shown_address(address))


def _kafka(
    settings: Settings, layout: HomeLayout, ports: Ports, environment: _Environment
) -> tuple[kafka.BrokerNode | None, ChildSpec]:
    if settings.kafka.bootstrap:
        folder = settings.client_files
        # Where the preparation makes the users, they are not there before it.
        user = ADMIN if folder is not None and has_admin(folder) else QUERIES
        login = settings.kafka.client_file(settings.home, user)
        check = checks.KafkaCheck(settings.kafka.bootstrap, login)
        return None, _external("kafka", settings.kafka.bootstrap, check, layout)
    node = kafka.BrokerNode(
        1,
        layout.kafka,
        ports.give("kafka", settings.kafka.port),
        ports.give("kafka-internal", settings.kafka.port + 2),
        ports.give("kafka-controller", settings.kafka.port + 1),
        generated_secret(layout.kafka / "node.password"),
        server.identity if (server := CertificateFolder(settings.certificates).server_pem()) else None,
    )
    administrator = file_of(layout.access, ADMIN)
    write_client_file(administrator, node.administrator)
    spec = ChildSpec(
        "kafka",
        kafka.broker_command(layout, node),
        layout.log_file("kafka"),
        environment,
        check=checks.KafkaCheck(node.bootstrap, str(administrator)),
        address=node.bootstrap,
        grace_s=30.0,
    )
    return node, spec


def _postgres(
    settings: Settings, layout: HomeLayout, ports: Ports, environment: _Environment
) -> tuple[dict[str, str], ChildSpec]:
    """Return the addresses by the fields of the endpoints, and the server."""
    if existing := settings.postgres.existing:
        check = checks.postgres_check(existing)
        named = {field: address or "" for field, address in settings.postgres.addresses().items()}
        return named, _external("postgres", existing, check, layout)
    port = ports.give("postgres", settings.postgres.port)
    spec = ChildSpec(
        "postgres",
        postgres.command(layout, port),
        layout.log_file("postgres"),
        environment,
        # The other roles are not there before the first preparation.
        check=checks.postgres_check(postgres.dsn(layout, port)),
        before_start=lambda: postgres.clear_postmaster_file(layout.postgres / "data"),
        address=f"{LOOPBACK}:{port}",
        # SIGINT, PostgreSQL's "fast" stop, ends sessions; SIGTERM would wait for them. SIGQUIT ends it at once, and the
        # next start recovers.
        stop_signal=signal.SIGINT,
        death_signal=signal.SIGQUIT,
        run_as=postgres.run_as(),
        folder=layout.postgres / "data",
    )
    return {role.field: postgres.dsn(layout, port, role.user) for role in DatabaseRole}, spec


def _registry(settings: Settings, layout: HomeLayout, ports: Ports, environment: _Environment) -> tuple[str, ChildSpec]:
    if settings.registry.url:
        check = checks.registry_check(settings.registry.url)
        return settings.registry.url, _external("registry", settings.registry.url, check, layout)
    port = ports.give("registry", settings.registry.port)
    management = ports.give("registry-management", _REGISTRY_MANAGEMENT_PORT)
    if settings.postgres.registry_dsn:
        store = registry.store_at(settings.postgres.registry_dsn)
    elif settings.postgres.existing:
        store = registry.external_store(settings.postgres.existing)
    else:
        store = registry.embedded_store(layout, ports.give("postgres", settings.postgres.port))
    url = registry.url(port)
    spec = ChildSpec(
        "registry",
        registry.command(layout),
        layout.log_file("registry"),
        {**environment, **registry.environment(store, port, management)},
        check=checks.registry_check(url),
        after=("postgres",),
        address=url,
    )
    return url, spec
