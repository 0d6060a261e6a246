"""Text as it comes: a bad byte is named, invisible characters go, no line is so long that it costs the memory."""

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.errors import FileRefused
from connectors.files import text
from connectors.files.invisible import has_invisible, may_hold_invisible, without_invisible
from connectors.files.text import text_table
from connectors.notes import NoteKind

HEADER = "企业名称,统一社会信用代码,备注\n"


def written(folder: Path, content: bytes) -> Path:
    path = folder / "表.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_a_byte_that_is_no_utf8_is_named_by_line_and_character(tmp_path: Path, mark: bytes) -> None:
    content = mark + HEADER.encode() + "甲公司,1,好\n".encode() + "乙公司,2,".encode() + b"\xff\n"
    with pytest.raises(FileRefused, match="第3行第7个字处的字节 0xFF"):
        text_table(written(tmp_path, content))


def test_a_byte_that_is_no_gbk_is_named_too(tmp_path: Path) -> None:
    content = HEADER.encode("gbk") + "甲公司,1,".encode("gbk") + b"\xff\xff\n"
    with pytest.raises(FileRefused, match="第2行第7个字"):
        text_table(written(tmp_path, content))


def test_what_nobody_sees_leaves_names(tmp_path: Path) -> None:
    content = HEADER + "甲\u200b公\x00司,1\ufeff,一\u00ad二\n" * 3 + "乙　公司,2,“好”\n"
    rows = [cells for _, cells in text_table(written(tmp_path, content.encode())).rows()]
    assert rows[1:] == [["甲公司", "1", "一二"]] * 3 + [["乙　公司", "2", "“好”"]]


@given(st.text(st.characters(codec="utf-8")), st.sampled_from(["utf-8-sig", "gb18030", "utf-16"]))
def test_no_invisible_character_is_missed_by_the_quick_look(content: str, encoding: str) -> None:
    assert may_hold_invisible(content.encode(encoding), encoding) or not has_invisible(content)
    assert not has_invisible(without_invisible(content))


def test_a_text_that_was_damaged_before_it_came_is_told(tmp_path: Path) -> None:
    table = text_table(written(tmp_path, (HEADER + "甲�公司,1,\n乙公司,2,\n").encode()))
    assert list(table.rows())[1] == (2, ["甲�公司", "1", None])
    (note,) = table.notes()
    assert (note.kind, note.rows) == (NoteKind.DAMAGED_TEXT, (2,))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_line_without_end_is_refused_before_it_is_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setattr(text, "_MAX_LINE_CHARS", 1000)
    monkeypatch.setattr(text, "_CHUNK_BYTES", 512)
    with pytest.raises(FileRefused, match="不是表格"):
        text_table(written(tmp_path, (HEADER + "," * 3000).encode(encoding)))
    assert list(text_table(written(tmp_path, (HEADER + "甲,1,\n" * 500).encode(encoding))).rows())
