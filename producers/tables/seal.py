"""Close what is personal before a row leaves the adapter, and name its subject."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bus.crypto.cipher import Cipher, bound
from catalogue.envelope import PERSON_PREFIX, SubjectKey
from catalogue.model import Field, FieldType, Item
from producers.tables.identity import plain

Data = dict[str, Any]
Seal = Callable[..., Data]


def compile_seal(cipher: Cipher, item: Item) -> Seal:
    """Return what makes the ``data`` of an event from a row's values and what names its record: subject and key.

    Personal fields are closed, their hashes beside; items about persons are closed whole. What is closed is bound to
    its field and record, and within details to their row.
    """
    if item.about_persons:
        context = f"{item.id}.sealed"
        return lambda values, *record: {"sealed": cipher.close(plain(dict(values)).encode(), context, bound(*record))}
    return _columns(cipher, item.fields, item.id)


def _columns(cipher: Cipher, fields: Sequence[Field], context: str) -> Seal:
    by_name = {f.name: f for f in fields if f.encrypted}
    nested = {
        f.name: _columns(cipher, f.details, f"{context}.{f.name}")
        for f in fields
        if f.type is FieldType.DETAILS and not f.encrypted
    }
    special = by_name.keys() | nested.keys()

    def seal(values: Mapping[str, Any], *record: str) -> Data:
        found = {name: value for name, value in values.items() if value is not None}
        filled = special & found.keys()
        binding = bound(*record) if filled else b""
        for name in filled:
            value = found[name]
            if name in nested:
                found[name] = [nested[name](row, *record, str(index)) for index, row in enumerate(value)]
                continue
            field, text = by_name[name], plain(value)
            found[name] = cipher.close(text.encode(), f"{context}.{name}", binding)
            if field.linked:
                found[f"{name}_hash"] = cipher.link(text, field.type.value)
        return found

    return seal


def subject_of(cipher: Cipher, item: Item, values: Mapping[str, Any]) -> SubjectKey | None:
    """Return whom a row is about; None when its code is missing."""
    if item.subject.person is not None:
        number = values.get(item.subject.person)
        return SubjectKey(PERSON_PREFIX + cipher.link(plain(number), FieldType.ID_NUMBER.value)) if number else None
    code = values.get(item.subject.uscc) if item.subject.uscc else None
    return SubjectKey(str(code)) if code else None
