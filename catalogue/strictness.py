"""Which fields a row can do without: a value that nobody can read is left out and told, and the rest is taken.

Strict stay identity, subject, dates, amounts, what decides whom a record is released to, and the required fields, and
where a record is known by its whole content every field: mended and sent again it would be another record. A field of
the catalogue says otherwise by ``keeps_row``.
"""

from collections.abc import Mapping
from dataclasses import replace

from catalogue.model import FieldType, IdentityKind, Item

_MAY_BE_LEFT_OUT = frozenset(
    {
        FieldType.TEXT,
        FieldType.CODE,
        FieldType.USCC,
        FieldType.ID_NUMBER,
        FieldType.PHONE,
        FieldType.EMAIL,
        FieldType.BOOLEAN,
    }
)


def with_kept_rows(item: Item, said: Mapping[str, bool]) -> Item:
    """Return the item, each of its fields saying whether a row is taken without it; ``said``: what the data says."""
    subject = item.subject
    strict = {
        subject.uscc, subject.name, subject.person, *subject.codes, *item.identity.fields, *item.source_time,
        *item.reporting_period, *item.told_apart_by,
        *(condition.field for field in item.fields for condition in field.public_when),
        # An amount in an unknown currency is an unknown amount.
        *(field.currency for field in item.fields),
    }  # fmt: skip
    return replace(
        item,
        fields=tuple(
            replace(
                field,
                keeps_row=said.get(
                    field.name,
                    field.type in _MAY_BE_LEFT_OUT
                    and not field.required
                    and not item.about_persons
                    and item.identity.kind is not IdentityKind.CONTENT
                    and field.name not in strict,
                ),
            )
            for field in item.fields
        ),
    )
