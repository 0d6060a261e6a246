"""Makes certificates (X.509, RFC 5280): a local authority, and what it signs for servers and for clients.

Keys are ECDSA on P-256, which every client of Kafka and HTTP reads. A certificate names its own algorithms.
"""

import ipaddress
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from catalogue.errors import UsageError

_ORGANISATION = "credithub"
AUTHORITY_LIFE = timedelta(days=3650)
# The most that browsers take of a server (CA/Browser Forum, ballot SC-22).
CERTIFICATE_LIFE = timedelta(days=397)
# A client whose clock is late must not refuse what was made this minute.
_BACKDATED = timedelta(hours=1)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.I)

PrivateKey = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: PrivateKey

    def pem(self) -> str:
        """Return the key (PKCS #8, not encrypted) and the certificate, as one PEM text."""
        key = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return key.decode() + certificate_pem(self.certificate)


def certificate_pem(certificate: x509.Certificate) -> str:
    """Return a certificate as PEM text."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def new_authority(now: datetime) -> Issued:
    """Make an authority that signs itself, for servers and clients, and for no further authority."""
    key = _new_key()
    # Authorities that follow each other must not have one name: a client could not tell whose signature it sees.
    name = _name(f"credithub authority {now:%Y-%m-%d} {secrets.token_hex(4)}")
    usage = _usage(digital_signature=False, signs_certificates=True)
    builder = (
        _builder(name, name, key, now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    return Issued(builder.sign(key, hashes.SHA256()), key)


def issue_server(authority: Issued, names: Collection[str], now: datetime) -> Issued:
    """Make a certificate for servers at these names and addresses, and at loopback.

    Raises UsageError when one is neither a host name nor an address.
    """
    alternatives = [_alternative(name) for name in dict.fromkeys((*_LOOPBACK, *names))]
    subject = _name(next(iter(names), _LOOPBACK[0])[:64])
    return _issue(authority, subject, now, ExtendedKeyUsageOID.SERVER_AUTH, alternatives)


def issue_client(authority: Issued, name: str, now: datetime) -> Issued:
    """Make a certificate by which a client is known under this name."""
    # Strict verifiers take no certificate without an alternative name. Its use still makes it no server's.
    return _issue(authority, _name(name), now, ExtendedKeyUsageOID.CLIENT_AUTH, [x509.DNSName(name)])


def alternative_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the names and addresses that a certificate is for; an authority's has none."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in names)


def _issue(
    authority: Issued, subject: x509.Name, now: datetime, use: x509.ObjectIdentifier, names: list[x509.GeneralName]
) -> Issued:
    key = _new_key()
    # What outlives its authority would be refused all the same.
    life = min(CERTIFICATE_LIFE, authority.certificate.not_valid_after_utc - now)
    if life <= timedelta():
        raise UsageError(
            "The authority has expired.", remedy="`credithub certs renew ca`, and hand out the new ca.pem."
        )
    builder = (
        _builder(subject, authority.certificate.subject, key, now, life)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True, signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
    )
    return Issued(builder.sign(authority.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _new_key() -> PrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _usage(*, digital_signature: bool, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        if _HOST.fullmatch(name) is None:
            raise UsageError(
                f"{name!r} is neither a host name nor an address.",
                remedy="CREDITHUB_CERTS_NAMES holds names and addresses, separated by commas, without ports.",
            ) from None
        return x509.DNSName(name)
