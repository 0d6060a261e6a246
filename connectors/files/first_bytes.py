"""The first bytes of a file, by which its kind is told: extensions are often wrong."""

from pathlib import Path

from catalogue.errors import FileRefused

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
# What a clerk can do about any file that cannot be read.
SAVE_AS = "请用 Excel 或 WPS 打开后另存为 .xlsx，或存为 UTF-8 编码的 .csv，再报送。"


def first_bytes(path: Path) -> bytes:
    """Return the first 512 bytes of a file; raises FileRefused when it cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(512)
    except OSError as exc:
        raise FileRefused(f"无法读取文件“{path}”：{exc.strerror}。", remedy="请核对路径和权限。") from exc
