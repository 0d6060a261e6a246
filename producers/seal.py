"""Close what is personal before a row leaves the adapter, and name its subject."""

from collections.abc import Mapping, Sequence
from typing import Any

from bus.cipher import Cipher
from catalogue.envelope import PERSON_PREFIX, Subject
from catalogue.model import Field, FieldType, Item
from producers.identity import plain


def sealed_data(cipher: Cipher, item: Item, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``data`` of an event: personal fields closed, their hashes beside; items about persons whole."""
    if item.about_persons:
        return {"sealed": cipher.close(plain(dict(values)).encode(), f"{item.id}.sealed")}
    return _columns(cipher, item.fields, values, item.id)


def _columns(cipher: Cipher, fields: Sequence[Field], values: Mapping[str, Any], context: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in fields:
        value = values.get(field.name)
        if value is None:
            continue
        if field.encrypted:
            found[field.name] = cipher.close(plain(value).encode(), f"{context}.{field.name}")
            if field.linked:
                found[f"{field.name}_hash"] = cipher.link(plain(value), field.type.value)
        elif field.type is FieldType.DETAILS:
            found[field.name] = [_columns(cipher, field.details, row, f"{context}.{field.name}") for row in value]
        else:
            found[field.name] = value
    return found


def subject_of(cipher: Cipher, item: Item, values: Mapping[str, Any]) -> Subject | None:
    """Return whom a row is about; None when its code is missing."""
    if item.subject.person is not None:
        number = values.get(item.subject.person)
        return Subject(PERSON_PREFIX + cipher.link(plain(number), FieldType.ID_NUMBER.value)) if number else None
    code = values.get(item.subject.uscc) if item.subject.uscc else None
    return Subject(str(code)) if code else None
