"""The state of processes that others run, in containers for instance: each is asked, for no supervisor tells it."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx

from bus.users import QUERIES
from hub.database_access import DatabaseRole
from hub.settings import Settings, endpoints
from hub.stack import checks
from hub.stack.health import ServiceCheck
from hub.stack.status import ProcessStatus, StackStatus
from monitoring.addresses import shown_address

_ANSWER_WITHIN_S = 5.0


def status_elsewhere(settings: Settings, addresses: str) -> StackStatus:
    """Ask the services, and ``/readyz`` of each process at ``host:port[,…]``; a host may stand for several replicas.

    Raises UsageError when a service is not named.
    """
    named = endpoints(settings)
    dsn = named.database(DatabaseRole.READER)
    login = settings.kafka.client_file(settings.home, QUERIES)
    services: dict[str, tuple[str, ServiceCheck]] = {
        "kafka": (
            named.bootstrap,
            checks.KafkaCheck(named.bootstrap, login),
        ),
        "registry": (shown_address(named.registry_url), checks.registry_check(named.registry_url)),
        "postgres": (shown_address(dsn), checks.postgres_check(dsn)),
    }
    with ThreadPoolExecutor(max_workers=16) as pool:
        asked = [pool.submit(_service, name, *service) for name, service in services.items()]
        asked += [pool.submit(_process, *replica) for address in addresses.split(",") for replica in _replicas(address)]
        rows = tuple(question.result() for question in asked)
    waiting_for = [row.name for row in rows if row.state not in ("external", "healthy")]
    step = f"waiting for {', '.join(waiting_for)}" if waiting_for else ""
    return StackStatus("degraded" if waiting_for else "ready", step, "", "", None, False, rows)


def _replicas(address: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the address of each process behind one host's name; the name alone when there is none."""
    host, _, port = address.strip().rpartition(":")
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, int(port), socket.AF_INET, socket.SOCK_STREAM)}
    except OSError:
        found = {host}
    for ip in sorted(found):
        yield host, f"{ip}:{port}"


def _service(name: str, address: str, check: ServiceCheck) -> ProcessStatus:
    try:
        check()
    except Exception as error:  # whatever a check raises means "not healthy"
        return _row(name, "unhealthy", str(error).split("\n")[0], address)
    return _row(name, "external", "ok", address)


def _process(host: str, address: str) -> ProcessStatus:
    try:
        answer = httpx.get(f"http://{address}/readyz", timeout=_ANSWER_WITHIN_S, trust_env=False)
        told = answer.json()
        state = "healthy" if answer.status_code == httpx.codes.OK else "unready"
        # A replica says itself which of them it is.
        return _row(
            told["process"], state, "ok" if state == "healthy" else f"{told['state']}: {told['reason']}", address
        )
    except (httpx.HTTPError, ValueError, KeyError) as error:
        return _row(host, "unhealthy", f"no answer ({type(error).__name__})", address)


def _row(name: str, state: str, health: str, address: str) -> ProcessStatus:
    return ProcessStatus(name, None, state, 0, None, "", health, address)
