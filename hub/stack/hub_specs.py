"""How the hub's own processes are run by the supervisor: commands, ports of their metrics, health checks."""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial

from hub.liveness import HUNG_AFTER_S
from hub.processes import CREDITHUB, HubProcess
from hub.settings import Settings
from hub.stack import checks, targets
from hub.stack.child import ChildSpec
from hub.stack.layout import HomeLayout
from hub.stack.ports import LOOPBACK, Ports

SUPERVISOR = "supervisor"


class HubSpecs:
    """The specs of the hub's processes; a port that somebody took while a process was down is chosen anew."""

    def __init__(
        self,
        wanted: Iterable[HubProcess],
        settings: Settings,
        layout: HomeLayout,
        ports: Ports,
        environment: Callable[[str, Collection[str]], Mapping[str, str]],
    ) -> None:
        """``environment`` is asked for that of a process, by its user at Kafka and the secrets that it needs."""
        self._layout, self._ports, self._environment = layout, ports, environment
        self._wanted = {process.name: process for process in wanted}
        first = settings.processes.metrics_port
        self._preferred = {name: first + offset for offset, name in enumerate((*self._wanted, SUPERVISOR))}
        self._addresses = {name: self._address(self._given(name)) for name in self._preferred}
        # What was not started yet is not missed: the services come first, and may take a while.
        self._listed = {SUPERVISOR: self._addresses[SUPERVISOR]}
        targets.publish(layout, self._listed)

    @property
    def supervisor_port(self) -> int:
        """The port on which the supervisor serves its own metrics."""
        return self._given(SUPERVISOR)

    def all(self) -> tuple[ChildSpec, ...]:
        """Return the specs, in the order of the processes."""
        return tuple(self._spec(name) for name in self._wanted)

    def _spec(self, name: str) -> ChildSpec:
        address = self._addresses[name]
        port = address.rpartition(":")[2]
        return ChildSpec(
            name,
            (*CREDITHUB, *self._wanted[name].arguments, "--metrics-port", port),
            self._layout.log_file(name),
            self._environment(self._wanted[name].user, self._wanted[name].secrets),
            check=checks.readiness_check(f"http://{address}/readyz", str(self._layout.home), name),
            address=f"http://{address}/metrics",
            hung_after_s=HUNG_AFTER_S,
            renewed=partial(self._renewed, name),
        )

    def _renewed(self, name: str) -> ChildSpec:
        address = self._address(self._ports.renew(_service(name), self._preferred[name]))
        self._addresses[name] = address
        if address != self._listed.get(name):
            self._listed[name] = address
            targets.publish(self._layout, self._listed)
        return self._spec(name)

    def _given(self, name: str) -> int:
        return self._ports.give(_service(name), self._preferred[name])

    @staticmethod
    def _address(port: int) -> str:
        return f"{LOOPBACK}:{port}"


def _service(name: str) -> str:
    return f"metrics.{name}"
