"""What a client is by TLS: whom it trusts, and the certificate by which it is known."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import httpx

from catalogue.errors import UsageError

# The other side's word for what it finds wrong with our certificate (RFC 8446, 6.2), as OpenSSL names the alerts.
_REFUSES_OURS = frozenset(
    f"{version}_ALERT_{alert}"
    for version in ("TLSV13", "TLSV1", "SSLV3")
    for alert in (
        "CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNSUPPORTED_CERTIFICATE", "CERTIFICATE_REVOKED",
        "CERTIFICATE_EXPIRED", "CERTIFICATE_UNKNOWN", "UNKNOWN_CA", "ACCESS_DENIED", "HANDSHAKE_FAILURE",
    )
)  # fmt: skip
_NAME_ANOTHER = "Name a certificate, with its key, that it knows and that has not expired."


@dataclass(frozen=True, slots=True)
class ClientTls:
    """PEM files. Without ``authority`` those that browsers know are trusted; ``certificate`` may hold the key too."""

    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return a context that trusts nobody else; raises UsageError naming the file that is missing or wrong."""
        if self.authority:
            context = _only_trusting(_present(self.authority))
        else:
            context = httpx.create_ssl_context(trust_env=False)
        if self.key and not self.certificate:
            raise UsageError(f"{self.key} is the key of no certificate.", remedy="Name the certificate beside it.")
        if self.certificate:
            _load(context, _present(self.certificate), _present(self.key) if self.key else None)
        return context


def tls_problem(error: BaseException) -> tuple[str, str] | None:
    """Return what is wrong with a certificate, and the remedy, when that is, or may be, why a connection failed.

    The library's errors hold OpenSSL's, at the end of their causes. ``error`` is of an ``https`` connection.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"its certificate is refused ({cause.verify_message})",
            "Name the authority that signed it, and the address that it was made for.",
        )
    if cause is not None and cause.reason in _REFUSES_OURS:
        return f"it refuses our certificate ({cause.reason})", _NAME_ANOTHER
    # By TLS 1.3 a client's certificate is looked at after the handshake, and not every server says what it finds.
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError):
        return "it ends the connection without an answer, as it does when it refuses our certificate", _NAME_ANOTHER
    return None


def _only_trusting(authority: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authority)
    except (ssl.SSLError, OSError) as exc:
        raise UsageError(
            f"{authority} holds no certificates of authorities.", remedy="It must be PEM: -----BEGIN CERTIFICATE-----."
        ) from exc


def _load(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    try:
        # Without a password OpenSSL would ask for one at the terminal.
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except (ssl.SSLError, OSError, ValueError) as exc:
        raise UsageError(
            f"{key or certificate} is not the private key of {certificate}.",
            remedy="Both must be PEM, the key without a password; one file may hold both.",
        ) from exc


def _present(file: Path) -> Path:
    try:
        with file.open("rb"):
            return file
    except OSError as exc:
        raise UsageError(
            f"The file {file} cannot be read: {exc.strerror}.", remedy="Copy it there, or correct the setting."
        ) from exc
