"""``credithub state``, ``explain`` and ``watch``: one enterprise, one value of it, one bank's topic."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.reading.offsets import TopicPartition
from bus.reading.topic_reader import TopicReader
from catalogue.avro import topic as catalogue_topic
from catalogue.errors import PoisonMessage, UsageError
from catalogue.identifiers import Uscc
from catalogue.identifiers import uscc as checked
from catalogue.load import load_catalogue
from catalogue.model import Catalogue
from hub import printing
from hub.settings import bus_config, endpoints, load_settings
from queries.as_of import as_of
from queries.events import place_of, versions_of
from queries.explaining import Desk, field_explained, indicator_explained
from queries.tables import State, Tables, tables
from queries.tail import Told, follow
from queries.targets import FieldTarget, choose
from queries.values import jsonable, moment, number
from rules.indicators.definitions import load_indicators
from rules.state import by_item
from sinks.banks.recipients import bank_ids

_Code = Annotated[str, typer.Argument(metavar="USCC", help="统一社会信用代码 of the enterprise.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def state(
    code: _Code,
    day: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="Any day, past or to come: computed from today's records."),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Show the rolling credit state of an enterprise: what there is of it by item, and its indicators.

    With --as-of, the state of that day as it is known now: records that are effective after it do not count.
    """
    subject, settings = subject_of(code), load_settings()
    with tables(endpoints(settings).postgres_dsn) as held:
        found = known(held, subject)
        if day is None:
            body = described(found, held.newest(subject), load_catalogue())
        else:
            with closing(Registry(bus_config(settings))) as registry:
                then, newest = as_of(found, held, Decoder(registry), by_item(load_indicators()), day.date())
            # What identifies the present state does not identify that of another day.
            body = described(then, newest, load_catalogue()) | {"computed": True, "hash": None, "sequence": None}
    if as_json:
        typer.echo(json.dumps(body, ensure_ascii=False))
        return
    printing.print_state(printing.terminal(), body, {i.id: i for i in load_indicators()})


def explain(
    code: _Code,
    name: Annotated[
        str,
        typer.Argument(
            metavar="FIELD",
            help="A field or an indicator by its name, Chinese name or id; ITEM.FIELD where several have it.",
        ),
    ],
    as_json: _Json = False,
) -> None:
    """Show where a value comes from: the version that won, those that lost, the rule, the file and the row.

    Of an indicator: its definition, and the records that count for it today.
    """
    subject, settings = subject_of(code), load_settings()
    config, catalogue = bus_config(settings), load_catalogue()
    with tables(endpoints(settings).postgres_dsn) as early:
        known(early, subject)
        target = choose(catalogue, load_indicators(), name, early.held(subject))
    if isinstance(target, FieldTarget) and target.item.about_persons:
        raise UsageError(
            f"Item {target.item.seq} ({target.item.zh}) is about persons: no enterprise has a record of it.",
            remedy="Its records are sealed as a whole, and lie apart in person.record.v1.",
        )
    with closing(Registry(config)) as registry, _waiting("reading what was reported of it"):
        reader, decode = TopicReader(config), Decoder(registry)
        place, seen = TopicPartition("", 0), []
        if isinstance(target, FieldTarget):
            place = place_of(reader, catalogue_topic(target.item.category), subject)
            seen = versions_of(reader, decode, place, subject, target.item.id)
        with tables(endpoints(settings).postgres_dsn) as held:
            found, desk = known(held, subject), Desk(catalogue, held, reader, decode)
            if isinstance(target, FieldTarget):
                body = field_explained(desk, target, found, place, seen)
            else:
                body = indicator_explained(desk, target, found)
    if as_json:
        typer.echo(json.dumps(body, ensure_ascii=False))
    elif isinstance(target, FieldTarget):
        printing.print_field(printing.terminal(), body, target)
    else:
        printing.print_indicator(printing.terminal(), body, target.indicator)


def watch(
    topic: Annotated[str, typer.Argument(metavar="bank.<id>", help="The bank whose topic to watch.")],
    from_beginning: Annotated[
        bool,
        typer.Option("--from-beginning", help="Everything the topic still holds first; else what comes from now on."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line and event.")] = False,
    limit: Annotated[int, typer.Option("-n", "--limit", help="End after so many events; 0: never.", min=0)] = 0,
) -> None:
    """Show what a bank is told, as it is told: committed events only, each with what it changes. Ctrl-C ends it."""
    bank = _bank(topic)
    config, catalogue = bus_config(load_settings()), load_catalogue()
    indicators = {i.id: i for i in load_indicators()}
    console, aside = printing.terminal(), Console(stderr=True, soft_wrap=True)

    def ready(partitions: int) -> None:
        aside.print(f"watching {config.topic(bank)}, {partitions} partitions; Ctrl-C ends it", highlight=False)

    seen = 0
    try:
        with closing(follow(config, bank, from_beginning=from_beginning, on_ready=ready)) as events:
            for told in events:
                if isinstance(told, PoisonMessage):
                    aside.print(f"an unreadable message: {told.message}", style="red", markup=False, highlight=False)
                    continue
                if as_json:
                    typer.echo(json.dumps(told_described(told), ensure_ascii=False))
                else:
                    printing.print_told(console, told, catalogue, indicators)
                seen += 1
                if seen == limit:
                    return
    except KeyboardInterrupt:
        return


def _bank(name: str) -> str:
    banks = [f"bank.{one}" for one in bank_ids()]
    wanted = name.removesuffix(".v1")
    if wanted not in banks:
        raise UsageError(f"There is no bank topic {name}.", remedy=f"Use one of: {', '.join(banks)}.")
    return topics.bank_topic(wanted.removeprefix("bank."))


def subject_of(code: str) -> Uscc:
    """Return the 统一社会信用代码 that was typed; raises UsageError saying what is wrong with it."""
    try:
        return checked(code)
    except ValueError as wrong:
        # Not repeated: what was typed may be a person's number.
        raise UsageError(
            f"That is no valid USCC (GB 32100): {wrong}.",
            remedy="Compare it with the business licence, character by character.",
        ) from None


def known(held: Tables, subject: str) -> State:
    """Return a subject's state; raises UsageError when the hub has none."""
    found = held.state(subject)
    if found is None:
        raise UsageError(
            f"Nothing is known of {subject}.",
            remedy="If its files were pushed just now, `credithub reconcile --wait 60`;"
            " rows may also have been rejected, or wait for their subject (`credithub resolve --dry-run`).",
        )
    return found


def described(found: State, newest: Mapping[str, datetime], catalogue: Catalogue) -> dict[str, Any]:
    """Return a state as ``--json`` prints it; ``newest`` is the newest source time of what counts, by item."""
    definitions = {i.id: i for i in load_indicators()}
    categories = []
    for category in catalogue.categories:
        items = [
            {
                "seq": item.seq, "id": item.id, "name": item.zh, "records": found.counts[item.id],
                "newest": moment(newest[item.id]) if item.id in newest else None,
            }
            for item in category.items
            if found.counts.get(item.id)
        ]  # fmt: skip
        if items:
            records = sum(found.counts[item.id] for item in category.items if item.id in found.counts)
            categories.append({"category": category.id, "category_zh": category.zh, "records": records, "items": items})
    order = {name: place for place, name in enumerate(definitions)}
    indicators = []
    for name in sorted(found.indicators, key=lambda i: (order.get(i, len(order)), i)):
        value, one = found.indicators[name], definitions.get(name)
        indicators.append(
            {
                "id": name, "name": one.zh if one else name, "item": one.item if one else None,
                "value": None if value is None else number(value), "unit": one.unit if one else "",
                "sensitivity": one.sensitivity if one else None,
            }
        )  # fmt: skip
    return {
        "subject": found.subject,
        "subject_name": found.subject_name,
        "as_of": found.as_of.isoformat(),
        "sequence": found.sequence,
        "hash": found.hash,
        "changed_at": moment(found.changed_at),
        "source": "postgresql",
        "computed": False,
        "categories": categories,
        "indicators": indicators,
    }


def told_described(told: Told) -> dict[str, Any]:
    """Return an event of a bank's topic as ``--json`` prints it."""
    return {
        "emitted_at": moment(told.emitted_at),
        "subject": told.subject,
        "subject_name": told.subject_name,
        "sequence": told.sequence,
        "item": told.item,
        "op": told.op,
        "record_key": told.record_key,
        "changed": {n: {"previous": jsonable(old), "current": jsonable(new)} for n, (old, new) in told.changed.items()},
        "first": told.first,
        "withheld": list(told.withheld),
        "partition": told.partition,
        "offset": told.offset,
    }


@contextmanager
def _waiting(text: str) -> Iterator[None]:
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(text):
        yield


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command(rich_help_panel="Data")(state)
    app.command(rich_help_panel="Data")(explain)
    app.command(rich_help_panel="Data")(watch)
