"""What is closed opens only in its own field of its own record."""

from dataclasses import replace
from typing import Any

import pytest

from bus.crypto.cipher import Cipher, bound
from bus.crypto.keys import KeyRing
from catalogue.errors import HubError
from catalogue.load import load_catalogue
from catalogue.model import Item, Sensitivity
from producers.tables.seal import compile_seal

CATALOGUE = load_catalogue()
CIPHER = Cipher(KeyRing(bytes(32), {1: bytes(32)}))
SUBJECT, OTHER = "91630000000000001X", "91630000000000002X"


def _closed(item: Item, values: dict[str, Any], subject: str, key: str) -> dict[str, Any]:
    return compile_seal(CIPHER, item)(values, subject, key)


def test_a_value_does_not_open_in_another_record_or_field() -> None:
    item = next(i for i in CATALOGUE.items if not i.about_persons and sum(f.encrypted for f in i.fields) > 1)
    first, second = [f.name for f in item.fields if f.encrypted][:2]
    data = _closed(item, {first: "甲", second: "乙"}, SUBJECT, "样〔2025〕1号")
    context, record = f"{item.id}.{first}", bound(SUBJECT, "样〔2025〕1号")
    assert CIPHER.open(data[first], context, record) == "甲".encode()
    for value, elsewhere in (
        (data[second], record),
        (data[first], bound(OTHER, "样〔2025〕1号")),
        (data[first], bound(SUBJECT, "样〔2025〕2号")),
    ):
        with pytest.raises(HubError, match="changed or moved"):
            CIPHER.open(value, context, elsewhere)


def test_a_person_s_row_does_not_open_as_another_s() -> None:
    item = next(i for i in CATALOGUE.items if i.about_persons)
    sealed = _closed(item, {item.fields[0].name: "甲"}, "person:1", "1")["sealed"]
    assert "甲" in CIPHER.open(sealed, f"{item.id}.sealed", bound("person:1", "1")).decode()
    with pytest.raises(HubError, match="changed or moved"):
        CIPHER.open(sealed, f"{item.id}.sealed", bound("person:2", "1"))


def test_details_of_a_record_cannot_be_swapped_among_its_rows() -> None:
    item, details = next((i, f) for i in CATALOGUE.items for f in i.fields if f.details)
    # No item of today has such a column, but one may come by a change to data.
    field = replace(details.details[0], sensitivity=Sensitivity.PERSONAL)
    item = replace(item, fields=(replace(details, sensitivity=Sensitivity.PUBLIC, details=(field,)),))
    data = _closed(item, {details.name: [{field.name: "甲"}, {field.name: "乙"}]}, SUBJECT, "1")
    context = f"{item.id}.{details.name}.{field.name}"
    for index, plain in enumerate(("甲", "乙")):
        row = data[details.name][index]
        assert CIPHER.open(row[field.name], context, bound(SUBJECT, "1", str(index))) == plain.encode()
        with pytest.raises(HubError, match="changed or moved"):
            CIPHER.open(row[field.name], context, bound(SUBJECT, "1", str(1 - index)))
