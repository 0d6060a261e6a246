"""A running hub shows its secrets to nobody: not in a list of processes, a log or its status; and each to few."""

import json
from urllib.parse import urlsplit

import psutil
import pytest

from hub.stack.layout import HomeLayout
from tests.integration.whole.conftest import Reference


@pytest.mark.attack(by="a local user", wants="a secret from process lists, environments, logs or `status`")
def test_a_secret_is_seen_by_the_process_that_needs_it_alone(reference: Reference) -> None:
    run = reference.run
    layout = HomeLayout.of(run.settings)
    token = layout.upstream_token.read_text("utf-8")
    password = urlsplit(run.settings.postgres.dsn or "").password
    assert token
    assert password
    assert layout.upstream_token.stat().st_mode & 0o077 == 0
    shown = run.command("status", "--json")
    status = json.loads(shown)
    processes = {row["name"]: psutil.Process(row["pid"]) for row in status["processes"] if row["pid"]}
    assert {"upstream", "sink-upstream", "worker-0", "proof", "clock"} <= set(processes)
    environments = {name: "\n".join(process.environ().values()) for name, process in processes.items()}
    assert {name for name, values in environments.items() if token in values} == {"upstream", "sink-upstream"}
    # They read it in the home's endpoints, a file for its owner alone.
    assert not [name for name, values in environments.items() if password in values]
    assert layout.endpoints_file.stat().st_mode & 0o077 == 0
    commands = [process.cmdline() for process in (*processes.values(), psutil.Process(status["pid"]))]
    logs = [file.read_text("utf-8", errors="replace") for file in layout.logs.iterdir()]
    seen = "\n".join([*map(str, commands), *logs, shown, run.command("status")])
    assert "sink-upstream" in seen
    assert token not in seen
    assert password not in seen
