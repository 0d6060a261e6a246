"""Prometheus is told until when what a process shows is valid."""

from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import REGISTRY

from hub.certificates.ends import tell_end
from hub.certificates.folder import CertificateFolder


def test_the_end_is_that_of_the_certificate_in_use(tmp_path: Path) -> None:
    made = datetime(2026, 11, 29, 12, tzinfo=UTC)
    folder = CertificateFolder(tmp_path)
    folder.make([], made)
    pem = folder.server_pem()
    assert pem is not None
    for name, file, days in (("server", pem.identity, 397), ("ca", pem.authority, 3650)):
        tell_end(name, file)
        told = REGISTRY.get_sample_value("credithub_certificate_not_after_timestamp_seconds", {"certificate": name})
        assert told == made.timestamp() + days * 86400
