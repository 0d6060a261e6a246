"""What is no sink is refused, and the upstream node does not start without a token; both say what to do."""

from pathlib import Path

import pytest

from catalogue.errors import UsageError
from connectors.http_in.server import CalmServer
from hub.commands import sinks


@pytest.mark.parametrize("token", [None, "", " "])
def test_the_node_does_not_start_without_a_token(
    token: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CREDITHUB_HOME", str(tmp_path))
    monkeypatch.delenv("CREDITHUB_UPSTREAM_TOKEN", raising=False)
    if token is not None:
        monkeypatch.setenv("CREDITHUB_UPSTREAM_TOKEN", token)
    monkeypatch.setattr(CalmServer, "run", lambda _: pytest.fail("it starts"))
    with pytest.raises(UsageError) as refused:
        sinks.upstream(port=1, openapi=False, metrics_port=0)
    assert refused.value.exit_code == 2
    assert "CREDITHUB_UPSTREAM_TOKEN" in refused.value.remedy
    assert not (tmp_path / "upstream").exists()


@pytest.mark.parametrize("name", ["bank.../../x", "bank.", "bank", "bank.yinhe", "release", "\x1b[31m"])
def test_what_names_no_sink_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("KAFKA_BOOTSTRAP", "REGISTRY_URL", "POSTGRES_DSN", "UPSTREAM_URL"):
        monkeypatch.setenv(f"CREDITHUB_{variable}", "127.0.0.1:9")
    with pytest.raises(UsageError) as refused:
        sinks.sink(name, metrics_port=0)
    assert "postgres, upstream" in refused.value.remedy
    assert "\x1b" not in str(refused.value)
    assert not list(tmp_path.iterdir())
