"""``credithub rating``: the ratings of enterprises, the models that rate, and what persons decide."""

import json
from datetime import date, datetime
from typing import Annotated

import typer

from catalogue.errors import UsageError
from hub.commands import rating_backtest, rating_reference, rating_validation
from hub.commands.queries import subject_of
from hub.terminal import echo
from rules.rating.grades import GRADES, UNRATED

app = typer.Typer(no_args_is_help=True, help="Show and govern the ratings (信用评价) of enterprises.")

_Code = Annotated[str, typer.Argument(metavar="USCC", help="统一社会信用代码 of the enterprise.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_Reason = Annotated[str, typer.Option(help="The reason, in Chinese.")]
_By = Annotated[str, typer.Option(help="Who says so: a person's name and office.")]
_Until = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day on which the decision holds.")]


@app.command()
def show(
    code: _Code,
    day: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="Any day, past or to come: computed from today's records."),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Show the rating of an enterprise: score, grade, what lowered it, what would raise it, what is unknown.

    With --as-of, by the models of that day, as its records are known now.
    """
    from hub.printing import terminal
    from hub.rating_printing import print_ratings
    from hub.settings import load_settings
    from hub.view import view_of
    from queries.rating_view import RatingView

    subject, view = subject_of(code), view_of(load_settings())
    found = RatingView(view).ratings(subject) if day is None else RatingView(view).ratings_on(subject, day.date())
    if as_json:
        echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        print_ratings(terminal(), found, view.catalogue)


@app.command()
def models(as_json: Annotated[bool, typer.Option("--json", help="Print a list as JSON.")] = False) -> None:
    """List the models that were published: which rules from which day, and who approved of it."""
    from bus.business_date import today
    from hub.printing import terminal
    from hub.rating_printing import print_versions
    from hub.settings import load_settings
    from hub.view import view_of
    from queries.rating_view import RatingView
    from rules.rating.schedule import running_on

    versions = RatingView(view_of(load_settings())).versions()
    running = running_on(versions, today())
    if as_json:
        runs = {one.version.number: "RULES" if one.rules else "SHADOW" for one in running}
        rows = [
            {
                "number": one.number, "model": one.model, "role": one.role.value, "since": one.since.isoformat(),
                "runs_as": runs.get(one.number), "hash": one.hash, "approved_by": list(one.approved_by),
            }
            for one in versions
        ]  # fmt: skip
        echo(json.dumps(rows, ensure_ascii=False))
    else:
        print_versions(terminal(), versions, running)


@app.command()
def publish(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="The id of a model in rules/rating/models.")],
    since: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The business date from which on it rates.")
    ],
    approved_by: Annotated[list[str], typer.Option(help="Who approves of it: given twice, two different persons.")],
    shadow: Annotated[bool, typer.Option("--shadow", help="It does not rule: it is only compared.")] = False,
) -> None:
    """Publish a model as its file says it: from that day on it rules, and every enterprise is rated anew.

    A day that has passed is refused: what was told stays told.
    """
    from bus.business_date import today
    from bus.users import OFFICE
    from hub.settings import bus_config, load_settings
    from rules.rating.approval import check_approvers
    from rules.rating.loading import load_models
    from rules.rating.schedule import Role
    from streams.rating.recording import publish_model

    shipped = load_models().get(name)
    if shipped is None:
        raise UsageError(f"There is no model {name}.", remedy=f"Use one of: {', '.join(load_models())}.")
    begins = since.date()
    if begins < today():
        raise UsageError(f"{begins} has passed.", remedy="Name today, or a later day.")
    try:
        names = check_approvers(approved_by)
    except ValueError as wrong:
        raise UsageError(f"{wrong}.", remedy="Give --approved-by twice.") from None
    role = Role.SHADOW if shadow else Role.RULING
    version = publish_model(bus_config(load_settings(), OFFICE), OFFICE, shipped.model, role, begins, names)
    echo(
        f"{version.model} 已发布为第 {version.number} 版，{begins.isoformat()} 起{'试算' if shadow else '作为正式模型'}"
    )


@app.command()
def review(
    code: _Code,
    grade: Annotated[str, typer.Option(help=f"The grade that counts: {', '.join(GRADES)}.")],
    until: _Until,
    reason: _Reason,
    by: _By,
) -> None:
    """Record a person's decision about a rating: this grade counts until its end, while the model proposes the same.

    It also answers the appeals of the enterprise.
    """
    from bus.business_date import today
    from bus.users import OFFICE
    from hub.settings import bus_config, load_settings
    from hub.view import view_of
    from queries.rating_view import RatingView
    from rules.rating.reviews import Entry, EntryKind
    from streams.rating.recording import record_entry

    subject, ends = subject_of(code), until.date()
    if grade not in GRADES:
        raise UsageError(f"{grade} is no grade.", remedy=f"Use one of: {', '.join(GRADES)}.")
    if ends < today():
        raise UsageError(f"A decision that ended on {ends} changes nothing.", remedy="Name a day that is to come.")
    _filled(reason, by)
    settings = load_settings()
    rating = RatingView(view_of(settings)).ratings(subject).ruling
    if rating is None:
        raise UsageError(f"{subject} has no rating that could be reviewed.", remedy="See `credithub rating show`.")
    if rating.proposed == UNRATED:
        raise UsageError(f"{subject} was deregistered and is not rated.", remedy="See `credithub rating show`.")
    decided = Entry(0, EntryKind.REVIEW, rating.model, rating.proposed, grade, ends)
    entry = record_entry(bus_config(settings, OFFICE), OFFICE, subject, decided, reason, by)
    echo(f"已记录第 {entry.number} 号复核：模型拟评“{rating.proposed}”，等级为“{grade}”，至 {ends.isoformat()}")


@app.command()
def appeal(code: _Code, reason: _Reason, by: _By) -> None:
    """Record an enterprise's appeal: its rating is marked until a review answers it, within 20 days."""
    from bus.users import OFFICE
    from hub.rating_printing import APPEAL_ANSWERED_WITHIN
    from hub.settings import bus_config, load_settings
    from hub.view import view_of
    from queries.rating_view import RatingView
    from rules.rating.reviews import Entry, EntryKind
    from streams.rating.recording import record_entry

    subject = subject_of(code)
    _filled(reason, by)
    settings = load_settings()
    if not RatingView(view_of(settings)).ratings(subject).ratings:
        raise UsageError(f"{subject} has no rating to appeal against.", remedy="See `credithub rating show`.")
    entry = record_entry(bus_config(settings, OFFICE), OFFICE, subject, Entry(0, EntryKind.APPEAL), reason, by)
    last = _today() + APPEAL_ANSWERED_WITHIN
    echo(f"已记录第 {entry.number} 号申诉，应于 {last.isoformat()} 前答复（`credithub rating review`）")


@app.command()
def waiting(
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="At most so many.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list as JSON.")] = False,
) -> None:
    """List the ratings that wait for a person: for a decision, or for the answer to an appeal; the oldest first."""
    from hub.printing import terminal
    from hub.rating_printing import print_waiting
    from hub.settings import load_settings
    from hub.view import view_of
    from queries.rating_view import RatingView

    found = RatingView(view_of(load_settings())).waiting(limit)
    if as_json:
        echo(json.dumps([one.as_json() for one in found], ensure_ascii=False))
    else:
        print_waiting(terminal(), found)


@app.command()
def coverage(as_json: _Json = False) -> None:
    """Count the enterprises: registered = rated + each reason why not. Exit code 1 when some have neither."""
    from hub.printing import terminal
    from hub.rating_printing import print_coverage
    from hub.settings import load_settings
    from hub.view import view_of
    from queries.rating_view import RatingView

    found = RatingView(view_of(load_settings())).coverage()
    if as_json:
        echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        print_coverage(terminal(), found)
    if found.difference:
        raise typer.Exit(1)


def _filled(reason: str, by: str) -> None:
    if not reason.strip() or not by.strip():
        raise UsageError("A decision needs a reason and a name.", remedy="Give --reason and --by.")


def _today() -> date:
    from bus.business_date import today

    return today()


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    rating_validation.register(app)
    rating_backtest.register(app)
    rating_reference.register(app)
    parent.add_typer(app, name="rating")
