"""How sensitive an indicator is: it follows from the catalogue's fields that it looks at, and is never typed."""

from collections.abc import Iterable

from catalogue.model import Catalogue, Field, Item, Sensitivity
from rules.indicators.conditions import RowCondition
from rules.indicators.series import Series

_ORDER = (Sensitivity.PUBLIC, Sensitivity.CONSENT, Sensitivity.PERSONAL)


def most_sensitive(said: Iterable[Sensitivity]) -> Sensitivity:
    """Return the most sensitive of some."""
    return max(said, key=_ORDER.index)


def sensitivity_of(series: Series, catalogue: Catalogue) -> Sensitivity:
    """Return how sensitive a series is: as its most sensitive field, and as that there are such records at all."""
    item = catalogue.item(series.item)
    names = {*series.reads(), *([series.details] if series.details else ())}
    fields = [item.field(name) for name in names]
    if series.details is not None:
        own = {series.value, series.date_field, *(series.where.reads if series.where else ())}
        fields += [one for one in item.field(series.details).details if one.name in own]
    said = [_told(one, is_public=bool(series.public_when)) for one in fields]
    return most_sensitive((*said, _existence(item, is_public=bool(series.public_when))))


def internal_fields(series: Series, catalogue: Catalogue) -> list[str]:
    """Return the fields that a series reads and that are shown to officials alone."""
    item = catalogue.item(series.item)
    return [name for name in series.reads() if item.field(name).audience != "all"]


def public_conditions(item: Item, columns: Iterable[Field]) -> tuple[RowCondition, ...]:
    """Return what has to hold of a record so that its fields are public (``public_when`` of the catalogue)."""
    said = {condition for one in (*item.fields, *columns) for condition in one.public_when}
    if not said:
        raise ValueError(f"no field of {item.id} becomes public by a condition")
    return tuple(
        RowCondition(f"{one.field} in {one.values!r}", item.fields)
        for one in sorted(said, key=lambda one: (one.field, one.values))
    )


def _told(field: Field, *, is_public: bool) -> Sensitivity:
    if field.audience != "all":
        return Sensitivity.CONSENT
    if field.sensitivity is Sensitivity.CONSENT and field.public_when and is_public:
        return Sensitivity.PUBLIC
    # Public on a condition only, and the condition is not asked for.
    if field.sensitivity is Sensitivity.PUBLIC and field.public_when and not is_public:
        return Sensitivity.CONSENT
    return field.sensitivity


def _existence(item: Item, *, is_public: bool) -> Sensitivity:
    """Return how sensitive it is that a record is there: public where everybody sees a field of it."""
    silent = {item.subject.uscc, item.subject.name, *item.subject.codes}
    silent |= {condition.field for one in item.fields for condition in one.public_when}
    told = {_told(one, is_public=is_public) for one in item.fields if one.name not in silent}
    return Sensitivity.PUBLIC if Sensitivity.PUBLIC in told else Sensitivity.CONSENT
