"""Whoever has an account on the hub's machine: he prepares files and folders, waits, and reads or exchanges secrets."""

import contextlib
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from catalogue.errors import UsageError
from hub.commands.alertmanager import alertmanager
from hub.settings import endpoints, exact_settings, load_settings
from hub.stack import downloads
from hub.stack.artifacts import LockedArtifact, sha256_of
from hub.stack.layout import HomeLayout
from hub.stack.secret_files import generated_secret
from hub.stack.status import write_json
from producers.submissions.receipts import ReceiptFolder
from tests.attacks.cases import receipt

STRANGER = 10001
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


@pytest.mark.attack(
    by="a local user", wants="the hub's secret written through a link that he laid under a guessed name"
)
def test_a_link_laid_where_a_secret_will_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim, file = tmp_path / "readable by him", tmp_path / "token"
    victim.write_text("untouched")
    monkeypatch.setattr(os, "getpid", lambda: 4711)
    for name in ("token", "token.4711.new", "token.new", ".token.new"):
        (tmp_path / name).symlink_to(victim)
    write_json(file, "secret")
    assert victim.read_text() == "untouched"
    assert not file.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.attack(by="a local user", wants="to read the secret that the hub writes into a file which he made before")
def test_a_file_made_beforehand_for_a_secret(tmp_path: Path) -> None:
    file = tmp_path / "endpoints.json"
    file.touch(mode=0o666)
    file.chmod(0o666)
    with file.open() as his:
        write_json(file, "secret")
        assert his.read() == ""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.attack(by="a local user", wants="the hub to go on with a token or password that others read")
@pytest.mark.parametrize("mode", [0o604, 0o640, 0o602])
def test_a_secret_that_others_read_or_write_is_not_used(tmp_path: Path, mode: int) -> None:
    generated_secret(tmp_path / "token")
    (tmp_path / "token").chmod(mode)
    with pytest.raises(UsageError, match="by others") as refused:
        generated_secret(tmp_path / "token")
    assert "chmod 600" in refused.value.remedy


@pytest.mark.attack(by="a local user", wants="the hub to take a secret that he chose, behind a link")
def test_a_secret_behind_a_link_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "his").write_text("chosen")
    (tmp_path / "his").chmod(0o600)
    (tmp_path / "token").symlink_to(tmp_path / "his")
    with pytest.raises(UsageError, match="cannot be read"):
        generated_secret(tmp_path / "token")


@pytest.mark.attack(by="a local user", wants="the hub's data in a folder from which he can move it away")
def test_a_home_that_everybody_may_write_into(tmp_path: Path) -> None:
    home, victim = tmp_path / "home", tmp_path / "victim"
    home.mkdir()
    home.chmod(0o777)
    victim.mkdir(mode=0o755)
    (home / "run").symlink_to(victim)
    with pytest.raises(UsageError, match="changed by everybody"):
        HomeLayout.of(exact_settings(home=home)).create()
    assert stat.S_IMODE(victim.stat().st_mode) == 0o755


@as_root
@pytest.mark.attack(by="a local user", wants="to be asked for the programs and the addresses that the hub uses")
@pytest.mark.parametrize("name", ["home", "cache"])
def test_a_folder_that_he_made_is_no_home_and_no_cache(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    os.chown(tmp_path / name, STRANGER, STRANGER)
    layout = HomeLayout.of(exact_settings(home=tmp_path / "home", cache=tmp_path / "cache"))
    with pytest.raises(UsageError, match="belongs to another user"):
        layout.create()


@pytest.mark.attack(by="a local user", wants="records sent to a Kafka of his, by a credithub.env in a folder for files")
@pytest.mark.parametrize("plant", [lambda file: os.chown(file, STRANGER, STRANGER), lambda file: file.chmod(0o666)])
def test_settings_that_others_put_into_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: Callable[[Path], None]
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "credithub.env"
    file.write_text("CREDITHUB_KAFKA_BOOTSTRAP=his.example:9092\n")
    assert load_settings().kafka.bootstrap == "his.example:9092"
    try:
        plant(file)
    except PermissionError:
        pytest.skip("only root can give a file away")
    with pytest.raises(UsageError, match=r"credithub\.env"):
        load_settings()


@pytest.mark.attack(by="a local user", wants="a push to go to services of his, by addresses that he left")
def test_addresses_that_others_may_change(tmp_path: Path) -> None:
    settings = exact_settings(home=tmp_path)
    settings.endpoints_file.parent.mkdir()
    names = ("bootstrap", "registry_url", "postgres_dsn", "postgres_sink_dsn", "postgres_reader_dsn")
    write_json(settings.endpoints_file, dict.fromkeys((*names, "postgres_proof_dsn", "upstream_url"), "his.example"))
    assert endpoints(settings).bootstrap == "his.example"
    settings.endpoints_file.chmod(0o606)
    with pytest.raises(UsageError, match="changed by everybody"):
        endpoints(settings)


@pytest.mark.attack(by="a local user", wants="what refused cells hold, from the receipts that are kept")
def test_receipts_are_for_the_operator_alone(tmp_path: Path) -> None:
    folder = tmp_path / "receipts"
    folder.mkdir(mode=0o755)
    ReceiptFolder(folder).kept(receipt())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.attack(by="a local user", wants="the contact's password or address, from Alertmanager's configuration")
@pytest.mark.parametrize("name", ["CREDITHUB_ALERT_WEBHOOK", "CREDITHUB_ALERT_MAIL_PASSWORD"])
def test_the_contact_of_alerts_is_told_to_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    file = tmp_path / "alertmanager.yml"
    file.touch(mode=0o666)
    monkeypatch.setenv("CREDITHUB_ALERT_MAIL_TO", "operator@hub.example")
    monkeypatch.setenv("CREDITHUB_ALERT_MAIL_USER", "hub")
    monkeypatch.setenv(name, "https://topsecret.example")
    with file.open() as his:
        alertmanager(file)
        assert his.read() == ""
    assert "topsecret" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) & 0o037 == 0


@pytest.mark.attack(by="whoever is at the mirror", wants="a program of his written outside of the cache (zip slip)")
@pytest.mark.parametrize("member", ["../../slipped", "/tmp/credithub-slipped", "link/slipped"])
def test_an_archive_that_leaves_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, member: str) -> None:
    archive = tmp_path / "registry.tar.gz"
    (tmp_path / "payload").write_text("his program")
    with tarfile.open(archive, "w:gz") as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, ".."
        tar.addfile(link)
        tar.add(tmp_path / "payload", member)
    cache = tmp_path / "cache"
    pinned = LockedArtifact("g", "registry", "1", "all", "tar.gz", archive.stat().st_size, sha256_of(archive))
    target = pinned.path(cache / "m2")
    target.parent.mkdir(parents=True)
    archive.rename(target)
    monkeypatch.setattr(downloads, "locked", lambda kind: [pinned] if kind == "registry" else [])
    with contextlib.suppress(tarfile.FilterError):
        downloads.download(cache)
    assert not list(tmp_path.rglob("slipped"))
    assert not Path("/tmp/credithub-slipped").exists()
