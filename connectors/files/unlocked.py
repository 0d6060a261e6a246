"""Workbooks that Excel opens without asking, though they are encrypted: by the password that it writes of itself."""

import io

import msoffcrypto

from catalogue.errors import FileRefused
from connectors.files.limits import MOST_UNPACKED_BYTES

# MS-OFFCRYPTO 2.4.2.3: the password of a workbook that is protected against changes, and not against being read.
_DEFAULT_PASSWORD = "VelvetSweatshop"


def unlocked(content: bytes, name: str) -> bytes:
    """Return an OLE file's workbook: itself, or what is encrypted in it by Excel's own password.

    Raises FileRefused when another password is needed.
    """
    try:
        file = msoffcrypto.OfficeFile(io.BytesIO(content))
        if not file.is_encrypted():
            return content
    except Exception:
        # No encrypted workbook that it knows: whoever parses it says what it is.
        return content
    opened = io.BytesIO()
    try:
        file.load_key(password=_DEFAULT_PASSWORD)
        file.decrypt(opened)
    except Exception as exc:
        raise FileRefused(f"工作簿“{name}”有密码保护。", remedy="请取消密码后再报送。") from exc
    return opened.getvalue()[:MOST_UNPACKED_BYTES]
