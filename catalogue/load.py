"""Read the catalogue's YAML files into values, and refuse what contradicts itself.

One file a category, written so that an official can read and correct it. ``defaults`` of an item or a
category hold for all of its fields; a field says only what differs.
"""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from catalogue.errors import CatalogueError
from catalogue.model import (
    Catalogue,
    Category,
    CodeForm,
    Condition,
    Field,
    FieldType,
    Identity,
    IdentityKind,
    Item,
    Period,
    Publication,
    Send,
    Sensitivity,
    SubjectColumns,
    Unit,
)
from catalogue.shared_titles import with_shared_titles
from catalogue.strictness import with_kept_rows

DATA = Path(__file__).parent / "data"

_NO_CATEGORIES = frozenset({"units.yaml", "shared_titles.yaml"})

# Every item accepts these columns although the list lacks them (domain rules, sections 2 and 3).
ADDED_USCC = {"name": "uscc", "zh": "统一社会信用代码", "type": "uscc", "added": True}


@functools.cache
def load_catalogue(folder: Path = DATA) -> Catalogue:
    """Return the catalogue that lies in ``folder``.

    Raises CatalogueError naming the file, the item and the field of the first contradiction.
    """
    units = {
        name: Unit(name, str(row["zh"]), str(row["duty"]), tuple(row.get("aliases", ())))
        for name, row in _yaml(folder / "units.yaml").items()
    }
    shared_titles = _yaml(folder / "shared_titles.yaml")
    categories = tuple(
        sorted(
            (
                _category(path, units, shared_titles)
                for path in sorted(folder.glob("*.yaml"))
                if path.name not in _NO_CATEGORIES
            ),
            key=lambda c: c.items[0].seq,
        )
    )
    _check_unique(categories)
    return Catalogue(categories, units)


def _yaml(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as stream:
        loaded: dict[str, Any] = yaml.load(stream, Loader=yaml.CSafeLoader)
    return loaded


def _category(path: Path, units: Mapping[str, Unit], titles: Mapping[str, Any]) -> Category:
    raw = _yaml(path)
    if raw["id"] != path.stem:
        raise CatalogueError(f"{path.name}: the category is called {raw['id']}, the file {path.stem}.")
    shared = raw.get("defaults", {})
    items = (with_shared_titles(_item(path, raw["id"], shared, row, units), titles) for row in raw["items"])
    return Category(raw["id"], raw["zh"], tuple(sorted(items, key=lambda i: i.seq)))


def _item(
    path: Path, category: str, shared: Mapping[str, Any], row: Mapping[str, Any], units: Mapping[str, Unit]
) -> Item:
    where = f"{path.name}: {row.get('id')}"
    defaults = {**shared, **row.get("defaults", {})}
    try:
        fields = [_field(defaults, raw) for raw in row["fields"]]
        subject = SubjectColumns(
            row["subject"].get("uscc"),
            row["subject"].get("name"),
            tuple(row["subject"].get("codes", ())),
            row["subject"].get("person"),
        )
        if subject.uscc is None and subject.person is None:
            fields.append(_field({"sensitivity": "public", "ground": "清单未列，各项均可附带 [A]"}, ADDED_USCC))
            subject = SubjectColumns("uscc", subject.name, subject.codes, None)
        item = Item(
            seq=int(row["seq"]),
            id=str(row["id"]),
            category=category,
            zh=str(row["zh"]),
            period=Period(row["period"]),
            units=tuple(row["units"]),
            send=Send(row["send"]),
            subject=subject,
            identity=Identity(IdentityKind(row["identity"]["kind"]), tuple(row["identity"].get("fields", ()))),
            source_time=tuple(row.get("source_time", ())),
            reporting_period=tuple(row.get("reporting_period", ())),
            period_declared=bool(row.get("period_declared", False)),
            fields=tuple(fields),
            told_apart_by={k: tuple(v) for k, v in row.get("told_apart_by", {}).items()},
            source=str(row["source"]),
            about_persons=bool(row.get("about_persons", False)),
            rated=bool(row.get("rated", True)),
            publication=_publication(row["publication"]) if "publication" in row else None,
        )
    except (KeyError, ValueError, TypeError) as exc:
        raise CatalogueError(
            f"{where}: {type(exc).__name__} {exc}.", remedy="Compare it with an item that loads."
        ) from exc
    for problem in _contradictions(item, units):
        raise CatalogueError(f"{where}: {problem}")
    return with_kept_rows(
        item, {str(raw["name"]): bool(raw["keeps_row"]) for raw in row["fields"] if "keeps_row" in raw}
    )


def _field(defaults: Mapping[str, Any], raw: Mapping[str, Any]) -> Field:
    merged = {**defaults, **raw}
    conditions = merged.get("public_when", ())
    return Field(
        name=str(merged["name"]),
        zh=str(merged["zh"]),
        type=FieldType(merged["type"]),
        sensitivity=Sensitivity(merged.get("sensitivity", "consent")),
        ground=str(merged.get("ground", "")),
        source="" if merged.get("added") else str(merged.get("source_text", merged["zh"])),
        required=bool(merged.get("required", False)),
        added=bool(merged.get("added", False)),
        aliases=tuple(str(a) for a in merged.get("aliases", ())),
        form=CodeForm(merged["form"]) if "form" in merged else None,
        codes={str(k): str(v) for k, v in merged["codes"].items()} if merged.get("codes") else None,
        unit=str(merged.get("unit", "")),
        audience=str(merged.get("audience", "all")),
        public_when=tuple(Condition(str(c["field"]), tuple(str(v) for v in c["values"])) for c in conditions),
        correction=str(merged.get("correction", "")),
        currency=str(merged.get("currency", "")),
        codes_form=str(merged.get("codes_form", "")),
        code_words={str(k): str(v) for k, v in merged["code_words"].items()} if merged.get("code_words") else None,
        may_lie_ahead=bool(merged.get("may_lie_ahead", False)),
        details=tuple(_field(defaults, sub) for sub in merged.get("details", ())),
    )


def _publication(raw: Mapping[str, Any]) -> Publication:
    lists = {name: tuple(map(str, value)) for name, value in raw.items() if isinstance(value, list)}
    return Publication(**{**raw, **lists})


def _contradictions(item: Item, units: Mapping[str, Unit]) -> Iterator[str]:
    names = [f.name for f in item.fields]
    for name in names:
        if names.count(name) > 1:
            yield f"two fields are called {name}."
    subject = [item.subject.uscc, item.subject.name, item.subject.person, *item.subject.codes]
    used = [*subject, *item.identity.fields, *item.source_time, *item.reporting_period]
    used += [c.field for f in item.fields for c in f.public_when]
    if (ends := item.publication) is not None:
        used += [*ends.until, ends.repaired, ends.bounded_from, *ends.derived_from, *ends.simple_by]
        used += [ends.amount, ends.corrected]
    for used_name in used:
        if used_name is not None and used_name not in names:
            yield f"names the field {used_name}, which it does not have."
    for unit in item.units:
        if unit not in units:
            yield f"the unit {unit} is not in units.yaml."
    for name in item.source_time:
        if name in names and item.field(name).type not in (
            FieldType.DATE,
            FieldType.TIMESTAMP,
            FieldType.MONTH,
            FieldType.YEAR,
        ):
            yield f"source_time {name} is not a date."
    if not item.id.startswith(item.category + "."):
        yield f"its id must begin with {item.category}."
    for field in item.fields:
        if (field.type is FieldType.DETAILS) != bool(field.details):
            yield f"{field.name}: details and its columns go together."
        if field.correction and not field.source:
            yield f"{field.name}: a correction keeps the original text."
        if field.currency and field.currency not in names:
            yield f"{field.name}: its currency {field.currency} is no field."
        if not set((field.code_words or {}).values()) <= (field.codes or {}).keys():
            yield f"{field.name}: code_words name a code that the list does not have."


def _check_unique(categories: tuple[Category, ...]) -> None:
    seen: dict[str, str] = {}
    for item in (i for c in categories for i in c.items):
        for mark in (f"number {item.seq}", f"id {item.id}"):
            if mark in seen:
                raise CatalogueError(f"{item.id} and {seen[mark]} have the same {mark}.")
            seen[mark] = item.id
