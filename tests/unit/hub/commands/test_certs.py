"""``credithub certs``: what is near its end is said, and the exit code says it too."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from hub.certificates.folder import CertificateFolder
from hub.commands import certs
from hub.settings import exact_settings

NAMES = ["localhost", "127.0.0.1", "::1"]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Run":
    return Run(tmp_path / "certs", monkeypatch)


class Run:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        settings = exact_settings(certs_folder=folder, certs_names="hub.example, 10.1.2.3")
        monkeypatch.setattr(certs, "load_settings", lambda: settings)
        self._app = Typer()
        certs.register(self._app)
        # With one command alone Typer would leave out its name.
        self._app.callback()(lambda: None)

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(self._app, ["certs", *arguments])


def test_it_shows_what_it_made_with_the_names_of_the_settings(run: Run) -> None:
    assert run("make").exit_code == 0
    assert run("client", "bank.yinhe").stdout.strip() == str(run.folder / "clients" / "bank.yinhe.pem")
    shown = run("show", "--json")
    lines = {line["name"]: line for line in json.loads(shown.stdout)}
    assert (shown.exit_code, set(lines)) == (0, {"ca", "server", "bank.yinhe"})
    assert lines["server"]["names"] == [*NAMES, "hub.example", "10.1.2.3"]
    assert {line["state"] for line in lines.values()} == {"valid"}
    assert lines["server"]["days_left"] == 396
    assert "PRIVATE" not in shown.stdout


@pytest.mark.parametrize(("ago", "state", "exit_code"), [(380, "near", 1), (400, "expired", 3)])
def test_what_is_near_its_end_or_past_it_is_said(run: Run, ago: int, state: str, exit_code: int) -> None:
    CertificateFolder(run.folder).make([], datetime.now(UTC) - timedelta(days=ago))
    shown = run("show", "--json")
    assert {line["name"]: line["state"] for line in json.loads(shown.stdout)} == {"ca": "valid", "server": state}
    assert shown.exit_code == exit_code
    assert "renew it: credithub certs renew server" in run("show").stdout
    assert run("renew", "server").exit_code == 0
    assert run("show").exit_code == 0


def test_an_interface_is_no_name_of_the_server() -> None:
    assert certs.names(exact_settings(listen_host="0.0.0.0")) == ()
    assert certs.names(exact_settings(listen_host="10.9.9.9", certs_names="a,,a ")) == ("a", "10.9.9.9")
