"""The hub's processes: where they answer, and that another port is taken when theirs is gone."""

import json
from collections.abc import Callable

from bus.users import CLOCK
from hub.processes import HubProcess
from hub.settings import exact_settings
from hub.stack.hub_specs import HubSpecs
from hub.stack.layout import HomeLayout
from hub.stack.ports import Ports


def test_prometheus_is_told_where_the_processes_answer(layout: HomeLayout) -> None:
    taken: set[int] = set()
    free: Callable[[int], bool] = lambda port: port not in taken  # noqa: E731
    ports = Ports(layout.ports_file, claim=lambda port: (lambda: None) if free(port) else None, free=free)
    settings = exact_settings(home=layout.home, metrics_port=9400)
    specs = HubSpecs([HubProcess("clock", ("clock",), CLOCK)], settings, layout, ports, lambda user, secrets: {})

    def targets() -> dict[str, str]:
        rows = json.loads(layout.targets_file.read_text())
        return {row["labels"]["process"]: row["targets"][0] for row in rows}

    (clock,) = specs.all()
    # Nobody is missed before it was started.
    assert targets() == {"supervisor": "127.0.0.1:9401"}
    assert clock.command[-3:] == ("clock", "--metrics-port", "9400")
    assert clock.renewed is not None
    assert clock.renewed().address == clock.address
    assert targets() == {"clock": "127.0.0.1:9400", "supervisor": "127.0.0.1:9401"}
    # Another program took it while the clock was down.
    taken.add(9400)
    again = clock.renewed()
    assert again.command[-1] == "9402"
    assert again.address == "http://127.0.0.1:9402/metrics"
    assert targets() == {"clock": "127.0.0.1:9402", "supervisor": "127.0.0.1:9401"}
