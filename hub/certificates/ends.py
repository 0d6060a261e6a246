"""Until when the certificates are valid that a process of the hub shows to others, for Prometheus."""

from pathlib import Path

from cryptography import x509

from monitoring.metrics import CERTIFICATE_ENDS


def tell_end(certificate: str, file: Path) -> None:
    """Tell it of the first certificate of a PEM file, which was read before; ``certificate`` is its name there.

    A process calls this when it starts, for it shows what it read then, whatever was renewed meanwhile.
    """
    first, *_ = x509.load_pem_x509_certificates(file.read_bytes())
    CERTIFICATE_ENDS.labels(certificate).set(first.not_valid_after_utc.timestamp())
