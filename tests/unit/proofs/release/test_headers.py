"""The headers of banks' messages follow from their values."""

import pytest

from proofs.release.headers import wrong_headers

VALUE = {"subject": "S", "sequence": 7, "item": "tax.payment", "op": "WITHDRAW", "record_key": "k"}
DUE = [("type", b"T"), ("item", b"tax.payment"), ("op", b"WITHDRAW"), ("sequence", b"7")]


def test_what_says_the_same_is_right() -> None:
    assert wrong_headers(VALUE, "T", DUE) is None
    plain = {"subject": "S", "sequence": 1, "items": []}
    assert wrong_headers(plain, "Scope", [("type", b"Scope"), ("op", b"REPORT"), ("sequence", b"1")]) is None
    entry = {"subject": "S", "sequence": 2, "status": "OUT"}
    assert wrong_headers(entry, "E", [("type", b"E"), ("op", b"WITHDRAW"), ("sequence", b"2")]) is None


@pytest.mark.parametrize("there", [None, [], DUE[1:], [*DUE, ("x", b"")], [*DUE[:3], ("sequence", b"8")], DUE[::-1]])
def test_whatever_else_is_named(there: list[tuple[str, bytes]] | None) -> None:
    assert "has the headers" in (wrong_headers(VALUE, "T", there) or "")
