"""What was signed (授权书, 委托书 as PDF), sealed on the disk under the SHA-256 of what it is. Never in a topic."""

import hashlib
from pathlib import Path

from bus.crypto.cipher import Cipher, bound
from bus.crypto.private_files import sealed_bytes, write_sealed
from catalogue.errors import HubError

MOST_BYTES = 10 * 1024 * 1024
"""A scanned 授权书 of some pages has one or two megabytes."""
_PDF = b"%PDF-"
_CONTEXT = "consent.evidence"


class EvidenceRefused(HubError):
    """What was handed in is no evidence that is kept."""


class EvidenceStore:
    """A folder of sealed files. Safe to use from several threads."""

    def __init__(self, folder: Path, cipher: Cipher) -> None:
        self.folder, self._cipher = folder, cipher
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Whoever looks into it learns the hashes of what was signed.
        folder.chmod(0o700)

    def put(self, content: bytes) -> str:
        """Seal and keep it, on the disk when this returns; return its SHA-256, hex. The same again changes nothing.

        Raises EvidenceRefused for what is too large or no PDF.
        """
        if len(content) > MOST_BYTES:
            raise EvidenceRefused(f"文件超过{MOST_BYTES // 1024 // 1024}MB", remedy="请降低扫描分辨率后重新上传。")
        if not content.startswith(_PDF):
            raise EvidenceRefused("文件不是PDF", remedy="请上传授权书（委托书）的PDF原件。")
        digest = hashlib.sha256(content).hexdigest()
        if not self.has(digest):
            write_sealed(self.folder / digest, self._cipher.close(content, _CONTEXT, bound(digest)))
        return digest

    def has(self, digest: str) -> bool:
        """Whether something with this SHA-256 is kept."""
        return _is_digest(digest) and (self.folder / digest).is_file()

    def open(self, digest: str) -> bytes:
        """Return what was handed in; raises EvidenceRefused when it is not kept, HubError when it was tampered with."""
        if not self.has(digest):
            raise EvidenceRefused(
                "没有这份证据", remedy="请核对摘要；证据文件在节点的 evidence 目录，应随备份一并恢复。"
            )
        content = self._cipher.open(sealed_bytes(self.folder / digest), _CONTEXT, bound(digest))
        if hashlib.sha256(content).hexdigest() != digest:
            raise EvidenceRefused("证据与其摘要不符", remedy="请从备份恢复。")
        return content


def _is_digest(text: str) -> bool:
    return len(text) == 64 and all(char in "0123456789abcdef" for char in text)
