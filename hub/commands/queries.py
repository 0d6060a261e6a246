"""``credithub state``, ``explain`` and ``watch``: one enterprise, one value of it, one bank's topic."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Annotated

import typer

from bus import topics
from catalogue.errors import PoisonMessage, UsageError
from catalogue.identifiers import Uscc
from catalogue.identifiers import uscc as checked
from hub import printing
from hub.rating_printing import print_explained_rating
from hub.recipients_folder import banks_of, removed_of
from hub.settings import Settings, load_settings
from hub.terminal import Terminal, echo
from hub.view import view_of
from queries.explain_field import FieldExplanation
from queries.rating_view import RatingView

_Code = Annotated[str, typer.Argument(metavar="USCC", help="统一社会信用代码 of the enterprise.")]
RATING_NAMES = ("rating", "信用评价", "评价")
"""What ``explain`` calls the rating."""
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
    subject, view = subject_of(code), view_of(load_settings())
    answer = view.state(subject) if day is None else view.state_on(subject, day.date())
    if as_json:
        echo(json.dumps(answer.as_json(), ensure_ascii=False))
        return
    printing.print_state(printing.terminal(), answer, view.catalogue)


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

    Of an indicator: its definition, and the records that count for it today. Of the rating (FIELD: rating,
    or 信用评价): what lowered it, indicator by indicator.
    """
    subject, view = subject_of(code), view_of(load_settings())
    if name.casefold() in RATING_NAMES:
        with _waiting("reading what it was made of"):
            explanation = RatingView(view).explain(subject)
        if as_json:
            echo(json.dumps(explanation.as_json(), ensure_ascii=False))
        else:
            print_explained_rating(printing.terminal(), explanation, view.catalogue)
        return
    with _waiting("reading what was reported of it"):
        explained = view.explain(subject, name)
    if as_json:
        echo(json.dumps(explained.as_json(), ensure_ascii=False))
    elif isinstance(explained, FieldExplanation):
        printing.print_field(printing.terminal(), explained)
    else:
        printing.print_indicator(printing.terminal(), explained)


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
    settings = load_settings()
    bank, view = _bank_topic(settings, topic), view_of(settings)
    indicators = {i.id: i for i in view.indicators}
    console, stderr = printing.terminal(), Terminal(stderr=True, soft_wrap=True)

    def ready(partitions: int) -> None:
        name = view.config.topic(bank)
        stderr.print(f"watching {name}, {partitions} partitions; Ctrl-C ends it", highlight=False)

    shown = 0
    try:
        with closing(view.tail(bank, from_beginning=from_beginning, on_ready=ready)) as events:
            for event in events:
                if isinstance(event, PoisonMessage):
                    text = f"an unreadable message: {event.message}"
                    stderr.print(text, style="red", markup=False, highlight=False)
                    continue
                if as_json:
                    echo(json.dumps(event.as_json(), ensure_ascii=False))
                else:
                    printing.print_event(console, event, view.catalogue, indicators)
                shown += 1
                if shown == limit:
                    return
    except KeyboardInterrupt:
        return


def _bank_topic(settings: Settings, name: str) -> str:
    banks = [f"bank.{bank}" for bank in (*banks_of(settings), *removed_of(settings))]
    wanted = name.removesuffix(".v1")
    if wanted not in banks:
        raise UsageError(f"There is no bank topic {name!r}.", remedy=f"Use one of: {', '.join(banks)}.")
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


@contextmanager
def _waiting(text: str) -> Iterator[None]:
    console = Terminal(stderr=True)
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
