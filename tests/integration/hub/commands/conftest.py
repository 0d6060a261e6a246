"""A hub with recipients, topics and users of its own, on the shared services, and `credithub bank` said to it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bus.config import BusConfig
from catalogue.errors import HubError
from hub.commands import bank
from hub.preparation import prepare_recipients
from hub.settings import Settings, load_settings
from tests import kafka
from tests.services import Services, own_access

PARTITIONS = 2
XINGHAI = "# 虚构机构，仅供示例。\nid: xinghai\nzh: 星海样例担保\nkind: guarantor\ncategories: [tax]\nportfolio: list\n"


def recipient_file(folder: Path, text: str = XINGHAI) -> str:
    """Write a recipient's file, and return its path."""
    file = folder / "new.yaml"
    file.write_text(text, "utf-8")
    return str(file)


@pytest.fixture
def hub(stack: Services, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Return the settings of a hub with topics of its own, whose recipients are the samples."""
    named = {
        "HOME": str(tmp_path / "home"), "KAFKA_BOOTSTRAP": stack.bootstrap, "REGISTRY_URL": stack.registry_url,
        "KAFKA_ACCESS": str(own_access(stack.client_file, tmp_path / "access")), "POSTGRES_DSN": stack.postgres_dsn,
        "UPSTREAM_URL": "unused", "TOPIC_PREFIX": topic_prefix, "PARTITIONS": str(PARTITIONS),
    }  # fmt: skip
    for name, value in named.items():
        monkeypatch.setenv(f"CREDITHUB_{name}", value)
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    prepare_recipients(settings)
    yield settings
    kafka.delete_topics(stack.bus(topic_prefix))


@pytest.fixture
def config(hub: Settings, stack: Services, topic_prefix: str) -> BusConfig:
    """Return the bus, as who may everything."""
    return stack.bus(topic_prefix, partitions=PARTITIONS)


@pytest.fixture
def says(hub: Settings) -> Callable[..., str]:
    """Return the function that runs `credithub bank …` and returns what it prints; it raises what that raised."""
    app = typer.Typer()
    app.callback()(lambda: None)
    bank.register(app)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["bank", *arguments])
        if isinstance(done.exception, HubError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output

    return run
