"""The folder keeps every certificate that it ever held, and gives a server what it needs or says why not."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.x509 import verification

from catalogue.errors import UsageError
from hub.certificates.folder import CertificateFile, CertificateFolder

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=380)


def contents(path: Path) -> dict[str, bytes]:
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def by_name(folder: CertificateFolder) -> dict[str, CertificateFile]:
    return {file.name: file for file in folder.files() if file.kind != "former authority"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "certs"


@pytest.fixture
def folder(path: Path) -> CertificateFolder:
    folder = CertificateFolder(path)
    folder.make(["hub.example"], NOW)
    folder.add_client("bank.yinhe", NOW)
    return folder


def test_every_file_is_its_owner_s_alone(folder: CertificateFolder, path: Path) -> None:
    folder.renew("server", [], LATER)
    entries = [path, *path.rglob("*")]
    assert {stat.S_IMODE(entry.stat().st_mode) for entry in entries if entry.is_dir()} == {0o700}
    assert {stat.S_IMODE(entry.stat().st_mode) for entry in entries if entry.is_file()} == {0o600}


def test_nothing_is_made_twice(folder: CertificateFolder, path: Path) -> None:
    before = contents(path)
    with pytest.raises(UsageError, match="already"):
        folder.make([], LATER)
    with pytest.raises(UsageError, match="already"):
        folder.add_client("bank.yinhe", LATER)
    assert contents(path) == before


def test_what_a_make_that_was_cut_short_left_is_not_overwritten(path: Path) -> None:
    path.mkdir()
    (path / "ca.key.pem").write_text("left", "utf-8")
    with pytest.raises(UsageError, match="already") as refused:
        CertificateFolder(path).make([], NOW)
    assert "cut short" in refused.value.remedy
    assert contents(path) == {"ca.key.pem": b"left"}


@pytest.mark.attack(by="who names a client", wants="a certificate written somewhere else")
@pytest.mark.parametrize("name", ["../x", "a/b", "", "A", "a..b", ".a", "a.", "ca", "server", "a" * 49, "a\n"])
def test_a_client_s_name_leads_out_of_no_folder(folder: CertificateFolder, path: Path, name: str) -> None:
    before = contents(path)
    with pytest.raises(UsageError, match="no name of a client"):
        folder.add_client(name, NOW)
    with pytest.raises(UsageError, match="There is no certificate"):
        folder.renew(name if name not in ("ca", "server") else "x", [], NOW)
    assert contents(path) == before


@pytest.mark.parametrize("name", ["server", "bank.yinhe"])
def test_what_is_renewed_is_kept_under_its_date(folder: CertificateFolder, path: Path, name: str) -> None:
    before = by_name(folder)[name]
    former = before.path.read_bytes()
    folder.renew(name, ["hub.example"], LATER)
    after = by_name(folder)[name]
    assert after.left(LATER) == timedelta(days=397)
    assert after.certificate.serial_number != before.certificate.serial_number
    (kept,) = (path / "former").iterdir()
    assert kept.name.startswith(f"{name}.until-{before.certificate.not_valid_after_utc:%Y%m%d}.")
    assert kept.read_bytes() == former


def test_a_new_authority_is_trusted_beside_the_former_one(folder: CertificateFolder) -> None:
    signed_before = by_name(folder)["bank.yinhe"].certificate
    folder.renew("ca", [], LATER)
    folder.add_client("bank.qinghe", LATER)
    signed_after = by_name(folder)["bank.qinghe"].certificate
    trusted = [file.certificate for file in folder.files() if file.name == "ca"]
    assert len(trusted) == 2
    store = verification.Store(trusted)
    for certificate in (signed_before, signed_after):
        assert verification.PolicyBuilder().store(store).time(LATER).build_client_verifier().verify(certificate, [])
    assert signed_after.issuer == trusted[0].subject != trusted[1].subject
    # One that has expired is trusted no more.
    folder.renew("ca", [], NOW + timedelta(days=3651))
    assert len([file for file in folder.files() if file.name == "ca"]) == 2


def test_a_server_gets_its_files_by_absolute_paths(folder: CertificateFolder, path: Path) -> None:
    pem = folder.server_pem()
    assert pem is not None
    assert (pem.authority, pem.identity) == (path / "ca.pem", path / "server.pem")
    assert CertificateFolder(path.parent / "none").server_pem() is None


@pytest.mark.attack(by="a local user", wants="a server whose key he has")
def test_a_server_does_not_start_with_a_key_that_others_can_read(folder: CertificateFolder, path: Path) -> None:
    (path / "server.pem").chmod(0o644)
    with pytest.raises(UsageError, match="by others") as refused:
        folder.server_pem()
    assert "renew" in refused.value.remedy


@pytest.mark.parametrize("text", ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_a_damaged_or_missing_file_is_named(folder: CertificateFolder, path: Path, text: str) -> None:
    (path / "server.pem").write_text(text, "utf-8")
    with pytest.raises(UsageError, match=r"server.pem is damaged"):
        folder.server_pem()
    (path / "server.pem").unlink()
    with pytest.raises(UsageError, match=r"There is no file .*server.pem"):
        folder.server_pem()


def test_without_certificates_it_says_how_to_make_them(path: Path) -> None:
    for use in (lambda f: list(f.files()), lambda f: f.add_client("x", NOW), lambda f: f.renew("ca", [], NOW)):
        with pytest.raises(UsageError, match="no certificates") as refused:
            use(CertificateFolder(path))
        assert "certs make" in refused.value.remedy
