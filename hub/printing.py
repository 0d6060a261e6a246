"""What ``--json`` says, as tables and lines for people."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from catalogue.model import Catalogue
from catalogue.times import SHANGHAI
from queries.counting import NO_LONGER, NOT_YET
from queries.tail import Told
from queries.targets import FieldTarget
from queries.values import SEALED, clock, indicator_text, jsonable, text_of
from rules.indicators.definitions import Indicator

Json = Mapping[str, Any]
Indicators = Mapping[str, Indicator]

SHOWN = 50  # records in a table; --json has all
_KEY_CHARS = 24
_FILE_WIDTH = 200
_STYLES = {"winner": "green", "pending": "yellow", "conflict": "red"}


def terminal() -> Console:
    """Return the console; a file has no width, so nothing is to be cut there."""
    console = Console()
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    return console


def print_state(console: Console, body: Json, indicators: Indicators) -> None:
    """Print a state."""
    _title(console, f"{body['subject_name'] or ''}  {body['subject']}")
    if body["computed"]:
        said = f"as of {body['as_of']}, computed from the records known now; from PostgreSQL"
    else:
        said = (
            f"as of {body['as_of']}, the last day on which anything of it changed; change {body['sequence']}, "
            f"written {clock(datetime.fromisoformat(body['changed_at']))}; from PostgreSQL"
        )
    console.print(said, markup=False, highlight=False, soft_wrap=True)
    grid = _grid("信息分类", "no", "item", "records", "newest", right=("no", "records"))
    for category in body["categories"]:
        for number, item in enumerate(category["items"]):
            newest = clock(datetime.fromisoformat(item["newest"])) if item["newest"] else "–"
            name = category["category_zh"] if number == 0 else ""
            grid.add_row(name, str(item["seq"] or ""), item["name"], f"{item['records']:,}", newest)
    console.print()
    console.print(grid if grid.row_count else "no record counts", markup=False)
    console.print()
    values = _grid("indicator", "value", "id", right=("value",))
    for one in body["indicators"]:
        value = None if one["value"] is None else Decimal(one["value"])
        values.add_row(one["name"], indicator_text(indicators.get(one["id"]), value), one["id"])
    console.print(values if values.row_count else "no indicator", markup=False)


def print_field(console: Console, body: Json, target: FieldTarget) -> None:
    """Print a field's winners and losers."""
    field = target.last
    kind = f"{field.type.value} {field.unit}".strip()
    _title(console, f"{target.path} {target.zh}  {target.item.zh}: {kind}, {field.sensitivity.value}")
    _subject(console, body)
    console.print(
        f"winners from PostgreSQL, losers from {body['topic']}/{body['partition']}", markup=False, highlight=False
    )
    if not body["records"]:
        console.print("no record", highlight=False)
        return
    titles = ("record", "value", "standing", "decided by", "source time", "rev", "unit", "file", "row")
    grid = _grid(*titles, right=("rev", "row"))
    for record in body["records"][:SHOWN]:
        for number, one in enumerate(record["versions"]):
            note = f", {record['note']}" if one["standing"] == "winner" and record["note"] else ""
            grid.add_row(
                _key(record["record_key"]) if number == 0 else "",
                escape(_value(target, one)), f"{one['standing']}{note}", one["rule"],
                clock(datetime.fromisoformat(one["source_time"])), str(one["revision"]),
                *_origin(one),
                style=_STYLES.get(one["standing"], "dim"),
            )  # fmt: skip
    console.print(grid)
    _more(console, len(body["records"]))


def print_indicator(console: Console, body: Json, indicator: Indicator) -> None:
    """Print an indicator's definition and the records that count for it."""
    _title(console, f"{indicator.id} {indicator.zh}  {body['item']['name']}")
    _subject(console, body)
    console.print(f"definition: {body['indicator']['definition']}", markup=False, highlight=False, soft_wrap=True)
    value = None if body["value"] is None else Decimal(body["value"])
    counts = [one for one in body["records"] if one["counts"]]
    text = f"{indicator_text(indicator, value)} on {body['as_of']}, of {len(counts)} of {len(body['records'])} records"
    console.print(text, style="bold", markup=False, highlight=False)
    if not body["agrees"]:
        console.print(
            f"the state of {body['state_as_of']} says {body['state_value'] or '–'}: the streams or the sink have not"
            " caught up (`credithub reconcile --wait 60`)",
            style="yellow", markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
    if counts:
        titles = ("record", "day", "number", "counts until", "source time", "unit", "file", "row")
        grid = _grid(*titles, right=("number", "row"))
        for one in counts[:SHOWN]:
            grid.add_row(
                _key(one["record_key"]), one["placed"] or "", one["number"] or "", one["counts_until"] or "",
                clock(datetime.fromisoformat(one["source_time"])), *_origin(one),
            )  # fmt: skip
        console.print(grid)
        _more(console, len(counts))
    _left_out(console, [one for one in body["records"] if not one["counts"]])


def _left_out(console: Console, records: Sequence[Json]) -> None:
    days = {NOT_YET: "counts_from", NO_LONGER: "counts_until"}
    for why, count in sorted(Counter(one["why"] for one in records).items()):
        text = f"{count} not counted: {why}"
        if why in days:
            found = sorted(one[days[why]] for one in records if one["why"] == why)
            text += f", {'from' if why == NOT_YET else 'since'} {' … '.join(dict.fromkeys((found[0], found[-1])))}"
        console.print(text, markup=False, highlight=False)


def print_told(console: Console, told: Told, catalogue: Catalogue, indicators: Indicators) -> None:
    """Print one event of a bank's topic on one line."""
    item = None if told.item is None else next((i for i in catalogue.items if i.id == told.item), None)
    name = "指标" if told.item is None else (f"{item.seq} {item.zh}" if item is not None else told.item)
    parts = []
    for field, (before, now) in told.changed.items():
        if told.first and now in (told.subject, told.subject_name):
            continue  # whose record it is stands on the line already, or says no more than that
        if told.item is None:
            one = indicators.get(field)
            parts.append(f"{one.zh if one is not None else field} {indicator_text(one, now)}")
            continue
        known = next((f for f in item.fields if f.name == field), None) if item is not None else None
        zh = known.zh if known is not None else field
        # Bytes may not be in a bank's topic at all; if they were, they would stay sealed.
        old, new = (jsonable(v) if known is None else text_of(known, jsonable(v)) for v in (before, now))
        parts.append(f"{zh} {new}" if told.first else f"{zh} {old} → {new}")
    what = "; ".join(parts) if told.op != "WITHDRAW" else "no longer counts"
    if told.op == "REPORT" and not parts:
        what = "nothing it may see is filled" if told.first else "no visible field changed"
    line = f"{told.emitted_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}  {told.subject}  #{told.sequence:<4} "
    line += f"{told.op:<10} {name}: {what}"
    cut = console.is_terminal
    console.print(
        line.replace("\n", " "), markup=False, highlight=False, no_wrap=cut, overflow="ellipsis" if cut else "ignore",
        crop=cut, soft_wrap=not cut,
    )  # fmt: skip


def _value(target: FieldTarget, one: Json) -> str:
    if one["op"] != "REPORT" and one["value"] is None:
        return str(one["op"]).lower()
    if one["value"] == SEALED:
        same: bool | None = one["same_as_winner"]
        return SEALED if same is None else f"{SEALED}, {'the same' if same else 'another'}"
    return text_of(target.last, one["value"])


def _origin(one: Json) -> tuple[str, str, str]:
    file = one["file"] or f"submission {one['submission_id']}"
    return escape(one["unit_zh"]), escape(f"{file} [{one['sheet']}]" if one["sheet"] else file), str(one["row"])


def _key(key: str) -> str:
    return escape(key if len(key) <= _KEY_CHARS else f"{key[:_KEY_CHARS]}…")


def _grid(*titles: str, right: tuple[str, ...] = ()) -> Table:
    grid = Table(box=None, pad_edge=False)
    for title in titles:
        grid.add_column(title, justify="right" if title in right else "left", overflow="fold")
    return grid


def _title(console: Console, text: str) -> None:
    console.print(text.strip(), style="bold", markup=False, highlight=False, soft_wrap=True)


def _subject(console: Console, body: Json) -> None:
    console.print(f"{body['subject']} {body['subject_name'] or ''}".strip(), markup=False, highlight=False)


def _more(console: Console, count: int) -> None:
    if count > SHOWN:
        console.print(f"… and {count - SHOWN:,} more records: --json has all", highlight=False)
