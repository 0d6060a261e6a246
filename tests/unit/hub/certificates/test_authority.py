"""What the authority signs is taken by a strict verifier, for what it was made for and nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import verification

from catalogue.errors import UsageError
from hub.certificates.authority import Issued, alternative_names, issue_client, issue_server, new_authority

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def _policy(authority: Issued, at: datetime) -> verification.PolicyBuilder:
    return verification.PolicyBuilder().store(verification.Store([authority.certificate])).time(at)


def _server(authority: Issued, issued: Issued, name: str, at: datetime = NOW) -> Any:
    subject: Any = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    return _policy(authority, at).build_server_verifier(subject).verify(issued.certificate, [])


def _client(authority: Issued, issued: Issued, at: datetime = NOW) -> Any:
    return _policy(authority, at).build_client_verifier().verify(issued.certificate, [])


@pytest.mark.parametrize("name", ["hub.example", "10.1.2.3", "localhost", "127.0.0.1"])
def test_a_server_is_known_by_each_of_its_names(name: str) -> None:
    authority = new_authority(NOW)
    assert _server(authority, issue_server(authority, ["hub.example", "10.1.2.3"], NOW), name)


def test_a_client_is_known_by_its_name() -> None:
    authority = new_authority(NOW)
    issued = issue_client(authority, "bank.yinhe", NOW)
    assert _client(authority, issued)
    assert [a.value for a in issued.certificate.subject][-1] == "bank.yinhe"
    assert alternative_names(issued.certificate) == ("bank.yinhe",)
    assert alternative_names(authority.certificate) == ()


@pytest.mark.attack(by="who has a certificate", wants="to be taken for somebody else, or for an authority")
@pytest.mark.parametrize(
    "refused",
    [
        lambda authority: _server(authority, issue_server(authority, ["hub.example"], NOW), "other.example"),
        lambda authority: _server(authority, issue_client(authority, "localhost", NOW), "localhost"),
        lambda authority: _client(authority, issue_server(authority, [], NOW)),
        lambda authority: _client(new_authority(NOW), issue_client(authority, "bank.yinhe", NOW)),
        lambda authority: _client(authority, issue_client(authority, "x", NOW), NOW + timedelta(days=398)),
        lambda authority: _client(authority, issue_client(authority, "x", NOW), NOW - timedelta(hours=2)),
        # What an authority signed is no authority.
        lambda authority: _client(issue_client(authority, "x", NOW), issue_client(authority, "y", NOW)),
    ],
)
def test_nothing_else_is_taken(refused: Callable[[Issued], Any]) -> None:
    with pytest.raises((verification.VerificationError, ValueError)):
        refused(new_authority(NOW))


def test_nothing_outlives_its_authority() -> None:
    authority = new_authority(NOW)
    late = authority.certificate.not_valid_after_utc - timedelta(days=7)
    issued = issue_server(authority, [], late)
    assert issued.certificate.not_valid_after_utc == authority.certificate.not_valid_after_utc


def test_an_authority_that_has_expired_signs_nothing() -> None:
    authority = new_authority(NOW)
    with pytest.raises(UsageError, match="has expired") as refused:
        issue_client(authority, "bank.yinhe", authority.certificate.not_valid_after_utc)
    assert "certs renew ca" in refused.value.remedy


def test_the_pem_holds_the_key_of_its_certificate() -> None:
    issued = new_authority(NOW)
    text = issued.pem().encode()
    key = load_pem_private_key(text, None)
    certificate = x509.load_pem_x509_certificate(text)
    assert certificate == issued.certificate
    assert key.public_key() == certificate.public_key()
    # Kafka reads no other form of a private key.
    assert text.startswith(b"-----BEGIN PRIVATE KEY-----")


@pytest.mark.parametrize(
    "name", ["", "hub example", "*.example", "https://hub.example", "hub.example:9092", "银行", "-a"]
)
def test_what_is_no_name_of_a_server_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="neither a host name nor an address"):
        issue_server(new_authority(NOW), [name], NOW)
