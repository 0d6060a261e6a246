"""Titles that departments give the same fields in any item (``catalogue/data/shared_titles.yaml``)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from catalogue.model import Field, Item

# An item's subject that is no enterprise (抵押人, 权利人) is not meant by 公司名称.
_ENTERPRISE = frozenset({"企业名称", "主体名称"})
_CODE = "统一社会信用代码"


def with_shared_titles(item: Item, titles: Mapping[str, Any]) -> Item:
    """Return an item whose fields have the shared titles as further aliases, where no field of it has them already."""
    used = {title for field in item.fields for title in _titles(field)}
    return replace(
        item, fields=tuple(_with_aliases(field, _shared(item, field, titles), used) for field in item.fields)
    )


def _shared(item: Item, field: Field, titles: Mapping[str, Any]) -> Sequence[str]:
    if field.name == item.subject.uscc and _CODE in _titles(field):
        return tuple(titles["subject_uscc"])
    if field.name == item.subject.name and _ENTERPRISE & _titles(field):
        return tuple(titles["subject_name"])
    return tuple(titles["fields"].get(field.name, ()))


def _titles(field: Field) -> set[str]:
    return {field.zh, field.source, field.name, *field.aliases}


def _with_aliases(field: Field, shared: Sequence[str], used: set[str]) -> Field:
    further = tuple(title for title in shared if title not in used)
    return replace(field, aliases=(*field.aliases, *further)) if further else field
