"""The states, explanations and events of ``queries`` as tables and lines, for people at a terminal."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from catalogue.envelope import Envelope
from catalogue.model import Catalogue
from catalogue.plain_values import SEALED, jsonable, number
from catalogue.times import EPOCH, SHANGHAI
from hub.terminal import Terminal
from queries.contributions import NO_LONGER, NOT_CLOSED, NOT_YET, Contribution, withdrawn_by
from queries.explain_field import ExplainedVersion, FieldExplanation
from queries.explain_indicator import IndicatorExplanation
from queries.origin import RecordOrigin
from queries.state import IndicatorValue, StateOnDay
from queries.tail import INDICATORS, SCOPE, BankEvent
from queries.targets import FieldTarget
from queries.values import clock, indicator_text, text_of
from queries.versions import Standing
from rules.indicators.definitions import CROSS, Indicator

Indicators = Mapping[str, Indicator]

SHOWN = 50  # records in a table; --json has all
_UNREAD = "filled, but not readable"
_FILE_WIDTH = 200
_STYLES = {Standing.WINNER: "green", Standing.PENDING: "yellow", Standing.CONFLICT: "red"}


def terminal() -> Console:
    """Return the console; a file has no width, so nothing is to be cut there."""
    console = Terminal()
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    return console


def print_state(console: Console, state: StateOnDay, catalogue: Catalogue) -> None:
    """Print a state."""
    _title(console, f"{state.subject_name or ''}  {state.subject}")
    if state.computed:
        text = f"as of {state.as_of.isoformat()}, computed from the records known now; from PostgreSQL"
    else:
        text = (
            f"as of {state.as_of.isoformat()}, the last day on which anything of it changed; change {state.sequence}, "
            f"written {clock(state.changed_at)}; from PostgreSQL"
        )
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    table = grid("信息分类", "no", "item", "records", "newest", "partly read", right=("no", "records", "partly read"))
    for group in state.categories:
        for line, records in enumerate(group.items):
            newest = clock(records.newest) if records.newest is not None else "–"
            name = group.category.zh if line == 0 else ""
            unread = f"{records.partly_read:,}" if records.partly_read else ""
            table.add_row(name, str(records.item.seq or ""), records.item.zh, f"{records.records:,}", newest, unread)
    console.print()
    console.print(table if table.row_count else "no record counts", markup=False)
    console.print()
    _print_indicators(console, state, catalogue)


def _print_indicators(console: Console, state: StateOnDay, catalogue: Catalogue) -> None:
    """Print the values by theme; those that are not known are counted."""
    themes = {one.id: one.zh for one in catalogue.categories} | {CROSS: "多项信息之间", "": "no longer defined"}
    order = list(themes)
    known = [(_theme(value, catalogue), value) for value in state.indicators if value.value is not None]
    known.sort(key=lambda one: order.index(one[0]))
    values = grid("信息分类", "indicator", "value", "id", right=("value",))
    last = None
    for theme, value in known:
        text = indicator_text(value.definition, value.value)
        values.add_row("" if theme == last else themes[theme], value.name, text, value.id)
        last = theme
    console.print(values if values.row_count else "no indicator", markup=False)
    if unknown := len(state.indicators) - len(known):
        console.print(f"{unknown} more are not known; --json has all", style="dim", highlight=False)


def _theme(value: IndicatorValue, catalogue: Catalogue) -> str:
    if value.definition is None or value.definition.group == CROSS:
        return "" if value.definition is None else CROSS
    return catalogue.item(value.definition.group).category


def print_field(console: Console, explained: FieldExplanation) -> None:
    """Print a field's winners and losers."""
    target, (topic, partition) = explained.target, explained.topic_partition
    field = target.last
    kind = f"{field.type.value} {field.unit}".strip()
    _title(console, f"{target.path} {target.zh}  {target.item.zh}: {kind}, {field.sensitivity.value}")
    _subject(console, explained.subject, explained.subject_name)
    console.print(f"winners from PostgreSQL, losers from {topic}/{partition}", markup=False, highlight=False)
    if not explained.records:
        console.print("no record", highlight=False)
        return
    titles = ("record", "value", "standing", "decided by", "source time", "数据时点", "rev", "unit", "file", "row")
    table = grid(*titles, right=("rev", "row"))
    for record in explained.records[:SHOWN]:
        for index, version in enumerate(record.versions):
            envelope, value = version.record.envelope, _value(target, version)
            is_told = not record.note or record.note == value
            note = f", {record.note}" if version.standing is Standing.WINNER and not is_told else ""
            table.add_row(
                record.record_key if index == 0 else "",
                value, f"{version.standing.value}{note}", version.rule,
                clock(envelope.source_time), _as_of(envelope), str(envelope.revision), *_origin(version.origin),
                style=_STYLES.get(version.standing, "dim"),
            )  # fmt: skip
    console.print(table)
    _more(console, len(explained.records))


def _as_of(envelope: Envelope) -> str:
    # Events from before there was one are of 1970: nobody said.
    return "–" if envelope.as_of == EPOCH else clock(envelope.as_of)


def print_indicator(console: Console, explained: IndicatorExplanation) -> None:
    """Print an indicator's definition and the records that count for it."""
    indicator = explained.target.indicator
    _title(console, f"{indicator.id} {indicator.zh}  {'、'.join(one.zh for one in explained.target.items)}")
    _subject(console, explained.subject, explained.subject_name)
    console.print(f"definition: {explained.definition}", markup=False, highlight=False, soft_wrap=True)
    counting = [record for record in explained.records if record.contribution.counts]
    text = f"{indicator_text(indicator, explained.value)} on {explained.as_of.isoformat()}"
    text += f", of {len(counting)} of {len(explained.records)} records"
    console.print(text, style="bold", markup=False, highlight=False)
    if not explained.agrees:
        stated = "–" if explained.state_value is None else number(explained.state_value)
        console.print(
            f"the state of {explained.state_as_of.isoformat()} says {stated}: the streams or the sink have not"
            " caught up (`credithub reconcile --wait 60`)",
            style="yellow", markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip
    if counting:
        names = {item.id: f"{item.seq} {item.zh}" for item in explained.target.items}
        of_item = ("item",) if len(names) > 1 else ()
        titles = (*of_item, "record", "day", "number", "counts until", "source time", "unit", "file", "row")
        table = grid(*titles, right=("number", "row"))
        for record in counting[:SHOWN]:
            envelope = record.contribution.record.envelope
            table.add_row(
                *(names[envelope.item] for _ in of_item),
                envelope.record_key,
                record.contribution.placed,
                "" if record.number is None else number(record.number),
                "" if record.contribution.until is None else record.contribution.until.isoformat(),
                clock(envelope.source_time),
                *_origin(record.origin),
            )
        console.print(table)
        _more(console, len(counting))
    _left_out(console, [record.contribution for record in explained.records if not record.contribution.counts])


def _left_out(console: Console, records: Sequence[Contribution]) -> None:
    for why, count in sorted(Counter(record.why for record in records).items()):
        text = f"{count} not counted: {why}"
        own = [record for record in records if record.why == why]
        is_ahead = why in (NOT_YET, NOT_CLOSED)
        days = [day for one in own if (day := one.since if is_ahead else one.until) is not None]
        if (is_ahead or why == NO_LONGER) and days:
            first_and_last = dict.fromkeys((min(days).isoformat(), max(days).isoformat()))
            text += f", {'from' if is_ahead else 'since'} {' … '.join(first_and_last)}"
        console.print(text, markup=False, highlight=False)


def print_event(console: Console, event: BankEvent, catalogue: Catalogue, indicators: Indicators) -> None:
    """Print one event of a bank's topic on one line."""
    item = None if event.item is None else next((i for i in catalogue.items if i.id == event.item), None)
    if event.op == SCOPE:
        _print_line(console, event, "提供范围", _scope_text(event, catalogue))
        return
    name = event.list_name or (f"{item.seq} {item.zh}" if item is not None else event.item or "")
    if event.op == INDICATORS:
        _print_line(console, event, f"{name} 指标" if item is not None else "跨项指标", _row_text(event, indicators))
        return
    parts = []
    for field, (before, after) in event.changed.items():
        if event.first and after in (event.subject, event.subject_name):
            continue  # whose record it is stands on the line already, or says no more than that
        if event.list is not None:
            parts.append(f"{field} {jsonable(after)}")
            continue
        visible_field = next((f for f in item.fields if f.name == field), None) if item is not None else None
        zh = visible_field.zh if visible_field is not None else field
        # Bytes may not be in a bank's topic at all; if they were, they would stay sealed.
        old, new = (
            jsonable(v) if visible_field is None else text_of(visible_field, jsonable(v)) for v in (before, after)
        )
        parts.append(f"{zh} {new}" if event.first else f"{zh} {old} → {new}")
    text = "; ".join(parts) if event.op != "WITHDRAW" else "no longer counts"
    if event.list is not None and event.reason is not None:
        text = "it may not be told any more"
    if event.op == "REPORT" and not parts:
        text = "nothing it may see is filled" if event.first else "no visible field changed"
    _print_line(console, event, name, text)


def _row_text(event: BankEvent, indicators: Indicators) -> str:
    """Return the values that moved, and those from which they did."""
    parts = []
    for name, (before, after) in event.changed.items():
        indicator = indicators.get(name)
        old = "" if event.first else f"{indicator_text(indicator, before)} → "
        parts.append(f"{indicator.zh if indicator is not None else name} {old}{indicator_text(indicator, after)}")
    return "; ".join(parts) or "no value"


def _scope_text(event: BankEvent, catalogue: Catalogue) -> str:
    """Return how many items have each status, or, of an enterprise that is known, those that have another one."""
    statuses = [now for _, now in event.changed.values()]
    if event.first:
        return "; ".join(f"{count} {status}" for status, count in Counter(statuses).most_common())
    items = {item.id: f"{item.seq} {item.zh}" for item in catalogue.items}
    parts = [f"{items.get(name, name)} {before} → {now}" for name, (before, now) in event.changed.items()]
    return "; ".join(parts) or "as before"


def _print_line(console: Console, event: BankEvent, name: str, text: str) -> None:
    line = f"{event.emitted_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}  {event.subject}  #{event.sequence:<4} "
    line += f"{event.op:<10} {name}: {text}"
    cut = console.is_terminal
    console.print(
        line.replace("\n", " "), markup=False, highlight=False, no_wrap=cut, overflow="ellipsis" if cut else "ignore",
        crop=cut, soft_wrap=not cut,
    )  # fmt: skip


def _value(target: FieldTarget, version: ExplainedVersion) -> str:
    gone = withdrawn_by(version.record.envelope)
    if gone:
        return gone
    if version.unread:
        return _UNREAD
    if version.value == SEALED:
        same = version.same_as_winner
        return SEALED if same is None else f"{SEALED}, {'the same' if same else 'another'}"
    return text_of(target.last, version.value)


def _origin(origin: RecordOrigin) -> tuple[str, str, str]:
    file = origin.file or f"submission {origin.submission_id}"
    return origin.unit_zh, f"{file} [{origin.sheet}]" if origin.sheet else file, str(origin.row)


def grid(*titles: str, right: tuple[str, ...] = ()) -> Table:
    """Return a table without lines; the columns ``right`` are of numbers."""
    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, justify="right" if title in right else "left", overflow="fold")
    return table


def _title(console: Console, text: str) -> None:
    console.print(text.strip(), style="bold", markup=False, highlight=False, soft_wrap=True)


def _subject(console: Console, subject: str, name: str | None) -> None:
    console.print(f"{subject} {name or ''}".strip(), markup=False, highlight=False)


def _more(console: Console, count: int) -> None:
    if count > SHOWN:
        console.print(f"… and {count - SHOWN:,} more records: --json has all", highlight=False)
