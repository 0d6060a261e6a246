"""What the supervisor starts: no process is told a secret that it has no use for, and nobody reads one in a command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hub.settings import exact_settings, settings_environment
from hub.stack import blueprint
from hub.stack.child import ChildSpec
from hub.stack.layout import HomeLayout
from hub.stack.ports import Ports

TOKEN, WEBHOOK, PASSWORD = "fictitious-token", "http://localhost/fictitious-webhook", "fictitious-password"
DATABASE = "fictitious-database"
# Services that somebody else runs, so that none is prepared here.
ELSEWHERE = {
    "kafka_bootstrap": "127.0.0.1:9",
    "registry_url": "http://127.0.0.1:9",
    "postgres_dsn": f"postgresql://u:{DATABASE}@127.0.0.1:9/d",
}


@contextmanager
def drawn(layout: HomeLayout, **settings: Any) -> Iterator[dict[str, ChildSpec]]:
    """Yield the specs of a supervisor's children, by their names."""
    own = exact_settings(home=layout.home, alert_webhook=WEBHOOK, alert_mail_password=PASSWORD, **settings)
    ports = Ports(layout.ports_file)
    try:
        plan = blueprint.draw(own, layout, ports, services_only=False).plan
        yield {spec.name: spec for spec in (*plan.services, *plan.processes, plan.prepare) if spec is not None}
    finally:
        ports.close()


def told(specs: dict[str, ChildSpec], secret: str) -> set[str]:
    """Return whose environment holds a secret; no command or address may."""
    for spec in specs.values():
        assert secret not in f"{spec.command} {spec.address}", spec.name
    return {name for name, spec in specs.items() if secret in " ".join(spec.environment.values())}


def test_the_token_is_made_once_and_given_to_the_node_and_its_sink_alone(layout: HomeLayout) -> None:
    made = []
    for _ in range(2):
        with drawn(layout, **ELSEWHERE) as specs:
            made.append(layout.upstream_token.read_text("utf-8"))
            assert told(specs, made[-1]) == {"upstream", "sink-upstream"}
    assert len(set(made)) == 1
    assert layout.upstream_token.stat().st_mode & 0o777 == 0o600


def test_a_token_that_the_operator_sets_wins(layout: HomeLayout) -> None:
    with drawn(layout, upstream_token=TOKEN, **ELSEWHERE) as specs:
        assert told(specs, TOKEN) == {"upstream", "sink-upstream"}
    assert not layout.upstream_token.exists()


def test_a_platform_that_is_named_gets_no_token_of_ours(layout: HomeLayout) -> None:
    with drawn(layout, upstream_url="http://127.0.0.1:9", **ELSEWHERE) as specs:
        assert "CREDITHUB_UPSTREAM_TOKEN" not in specs["sink-upstream"].environment
    assert not layout.upstream_token.exists()


def test_whom_alerts_go_to_is_told_to_none_of_them(layout: HomeLayout) -> None:
    with drawn(layout, **ELSEWHERE) as specs:
        assert told(specs, WEBHOOK) == told(specs, PASSWORD) == set()


def test_the_database_s_password_is_in_no_environment_but_that_of_the_preparation(layout: HomeLayout) -> None:
    with drawn(layout, **ELSEWHERE) as specs:
        assert told(specs, DATABASE) == {"prepare"}


def test_a_service_is_told_none_of_our_settings(layout: HomeLayout) -> None:
    names = set(settings_environment(exact_settings()))
    assert names.isdisjoint(blueprint.service_environment(layout))
