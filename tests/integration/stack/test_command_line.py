"""``credithub up | down | status | logs`` as a person or a program runs them."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hub.processes import environment_without_settings
from hub.settings import Settings
from tests.services import Services


def credithub(*arguments: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**environment_without_settings(), "CREDITHUB_HOME": str(home), **variables}
    program = [sys.executable, "-c", "from hub.main import main; main()", *arguments]
    return subprocess.run(program, env=environment, capture_output=True, text=True, timeout=120, check=False)


def cache_of(settings: Settings) -> dict[str, str]:
    return {"CREDITHUB_CACHE": str(settings.stack.cache)}


def test_up_on_a_running_stack_says_so_and_changes_nothing(stack: Services, settings: Settings) -> None:
    before = credithub("status", "--json", home=settings.home)
    done = credithub("up", "--services-only", home=settings.home, **cache_of(settings))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Already up.")
    assert stack.bootstrap in done.stdout
    password = stack.postgres_dsn.split(":")[2].split("@")[0]
    assert password not in done.stdout
    after = credithub("status", "--json", home=settings.home)
    first, second = (json.loads(answer.stdout)["processes"] for answer in (before, after))
    assert [row["pid"] for row in first] == [row["pid"] for row in second]


@pytest.mark.attack(by="who reads what `up --json` says", wants="the database's password")
def test_up_tells_programs_the_addresses_without_any_password(settings: Settings) -> None:
    done = credithub("up", "--services-only", "--json", home=settings.home, **cache_of(settings))
    told, known = json.loads(done.stdout), json.loads(settings.endpoints_file.read_text("utf-8"))
    assert (told["kafka"], told["already_up"], told["endpoints_file"]) == (
        known["bootstrap"], True, str(settings.endpoints_file),
    )  # fmt: skip
    passwords = {
        part for dsn in known.values() if "@" in dsn for part in dsn.split("@")[0].split("://")[1].split(":")[1:]
    }
    assert passwords
    assert not [one for one in passwords if one in done.stdout + done.stderr]


def test_status_shows_every_process(stack: Services, settings: Settings) -> None:
    done = credithub("status", home=settings.home)
    assert done.returncode == 0
    assert stack.registry_url in done.stdout
    assert {"postgres", "kafka", "registry"} <= {line.split()[0] for line in done.stdout.splitlines() if line}


def test_a_stopped_stack_answers_3(tmp_path: Path) -> None:
    done = credithub("status", "--json", home=tmp_path / "none")
    assert done.returncode == 3
    assert json.loads(done.stdout)["phase"] == "stopped"
    down = credithub("down", home=tmp_path / "none")
    assert (down.returncode, down.stdout) == (0, "Nothing was running.\n")
    assert not (tmp_path / "none").exists()


def test_a_pinned_port_that_is_taken_fails_with_the_remedy(stack: Services, settings: Settings, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        pinned = {"CREDITHUB_PIN_PORTS": "true", "CREDITHUB_KAFKA_PORT": port}
        done = credithub("up", "--services-only", home=tmp_path / "home", **pinned, **cache_of(settings))
    assert done.returncode == 1
    assert f"Port {port} for kafka is taken" in done.stderr
    assert "CREDITHUB_KAFKA_PORT" in done.stderr
    status = credithub("status", home=tmp_path / "home")
    assert status.returncode == 3
    assert f"Port {port}" in status.stdout


def test_no_network_on_the_first_start_names_the_remedy(tmp_path: Path) -> None:
    done = credithub(
        "up",
        home=tmp_path / "home",
        CREDITHUB_JAR_REPOSITORY="http://127.0.0.1:9",
        CREDITHUB_CACHE=str(tmp_path / "c"),
    )
    assert done.returncode == 1
    assert "needs a network" in done.stderr
    assert "CREDITHUB_JAR_REPOSITORY" in done.stderr
    assert not list((tmp_path / "c").rglob("*.jar"))


def test_logs_show_the_end_and_refuse_an_unknown_name(stack: Services, settings: Settings) -> None:
    done = credithub("logs", "supervisor", "-n", "2", home=settings.home)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2
    unknown = credithub("logs", "nobody", home=settings.home)
    assert unknown.returncode == 2
    assert "kafka" in unknown.stderr


def test_purge_refuses_a_folder_of_other_things(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "precious").touch()
    done = credithub("down", "--purge", home=tmp_path)
    assert done.returncode == 1
    assert (tmp_path / "precious").exists()
