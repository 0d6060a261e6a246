"""``credithub rating outcomes``, ``fit``, ``monitor``: cards fitted to what became of loans, and whether they hold."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalogue.errors import UsageError
from hub.progress import counting
from hub.terminal import echo

if TYPE_CHECKING:
    from rules.rating.loading import ShippedModel
    from validation.observations import Observation

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_Outcomes = Annotated[
    Path | None,
    typer.Option("--outcomes", exists=True, dir_okay=False, help="A file of outcomes (`credithub rating outcomes`)."),
]
_Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


def outcomes(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="Excel, CSV or TSV.")],
    as_json: _Json = False,
) -> None:
    """Check a file of outcomes: 统一社会信用代码, 观察日, 后12个月最大逾期天数.

    Bad is 90 days overdue, 30 to 89 are left open. Exit code 2 with what is wrong, by row and column.
    """
    from hub.validation_printing import print_outcomes
    from rules.rating.outcomes import OutcomeKind
    from validation.outcome_files import read_outcomes

    found = read_outcomes(file, _today())
    if as_json:
        counts: dict[str, Any] = {kind.value: found.count(kind) for kind in OutcomeKind}
        days = sorted({one.day.isoformat() for one in found.outcomes})
        subjects = len({one.subject for one in found.outcomes})
        echo(json.dumps({"file": found.name, "subjects": subjects, "days": days, **counts}, ensure_ascii=False))
    else:
        print_outcomes(found)


def fit(
    name: Annotated[str, typer.Option("--id", help="The id of the new model.")],
    approved_by: Annotated[list[str], typer.Option(help="Who approves of it: given twice, two different persons.")],
    output: Annotated[Path, typer.Option("-o", "--output", dir_okay=False, help="The new file: <id>.yaml.")],
    file: Annotated[
        Path, typer.Option("--outcomes", exists=True, dir_okay=False, help="A file of outcomes: what it is fitted to.")
    ],
    like: Annotated[str, typer.Option(help="The model whose cards, vetoes and segments it takes.")] = "public_v1",
    zh: Annotated[str, typer.Option("--name", help="Its Chinese name.")] = "",
    loaded_until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="What was reported by this day is loaded history: known by deadlines."),
    ] = None,
) -> None:
    """Fit a card to outcomes, and write it as a model file: monotone bands, whole points, a shadow at first.

    Values are of what was known on each day of observation. The dependency group `fit` is needed: `make fit`.
    """
    from hub.validation_printing import print_fit
    from rules.indicators.definitions import load_indicators
    from rules.rating.approval import check_approvers
    from rules.rating.loading import FirstVersion, load_model
    from rules.rating.schedule import Role
    from rules.rating.writing import model_file
    from validation import fitting

    shipped = _model(like)
    try:
        approvers = check_approvers(approved_by)
    except ValueError as wrong:
        raise UsageError(f"{wrong}.", remedy="Give --approved-by twice.") from None
    if output.exists() or output.stem != name or output.suffix != ".yaml":
        raise UsageError(f"{output} is there already, or is not named {name}.yaml.", remedy="Name a new file.")
    fitting.require_group()
    observations = _observed(shipped, file, None if loaded_until is None else loaded_until.date())
    with counting("fitting"):
        found = fitting.fit(shipped.model, observations, name, zh or f"{shipped.model.zh}（拟合）")
    first = FirstVersion(Role.SHADOW, _today(), approvers)
    samples = f"{found.bad} 个坏样本，{found.good} 个好样本"
    remark = f"由 credithub rating fit 按 {like} 拟合于 {file.name}：{samples}。各分段分值相同。"
    output.write_text(model_file(found.model, first, (remark,)), "utf-8")
    # What the loader would refuse is told now, and not when it is published.
    load_model(output, {one.id: one for one in load_indicators()})
    print_fit(found, output)


def monitor(
    file: _Outcomes = None,
    model: Annotated[str | None, typer.Option(help="The model; else the one that rules.")] = None,
    reference: _Day = None,
    day: _Day = None,
    as_json: _Json = False,
) -> None:
    """Tell how ratings do: PSI, KS, AUC, calibration, the bad rate of each grade, and how grades moved.

    Ratings of --day (today) are set against those of the --reference day (the first of the outcomes).
    """
    from contextlib import closing

    from bus.avro.registry import Registry
    from hub.settings import bus_config, load_settings
    from hub.validation_printing import print_monitoring
    from hub.view import view_of
    from queries.rating_view import RatingView
    from validation import monitoring
    from validation.hub_history import ratings_of
    from validation.outcome_files import read_outcomes

    found = () if file is None else read_outcomes(file, _today()).outcomes
    if reference is None and not found:
        raise UsageError("Against which day?", remedy="Give --reference, or --outcomes.")
    settings = load_settings()
    since = min(one.day for one in found) if reference is None else reference.date()
    now = _today() if day is None else day.date()
    if model is None:
        running = RatingView(view_of(settings)).running(now)
        model = next((one.version.model for one in running if one.rules), None)
        if model is None:
            raise UsageError(f"No model rules on {now}.", remedy="Name one with --model.")
    config = bus_config(settings)
    with closing(Registry(config)) as registry, counting("reading the ratings"):
        ratings = ratings_of(config, registry, model)
    report = monitoring.monitor(model, ratings, found, since, now)
    if as_json:
        echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        print_monitoring(report)


def _observed(shipped: "ShippedModel", file: Path, loaded_until: date | None) -> "list[Observation]":
    from contextlib import closing

    from bus.avro.registry import Registry
    from catalogue.load import load_catalogue
    from hub.settings import bus_config, load_settings
    from rules.indicators.definitions import load_indicators
    from validation.hub_history import HubHistory, KnownSince, deadlines_of
    from validation.outcome_files import read_outcomes

    read, config, catalogue = read_outcomes(file, _today()), bus_config(load_settings()), load_catalogue()
    indicators = [one for one in load_indicators() if one.id in shipped.model.indicators]
    known = KnownSince(loaded_until or date.min, deadlines_of(catalogue))
    with closing(Registry(config)) as registry, counting("reading the events", " messages") as (_, count):
        history = HubHistory(config, registry, catalogue, indicators)
        return list(history.observations(read.outcomes, known, count))


def _model(name: str) -> "ShippedModel":
    from rules.rating.loading import load_models

    found = load_models().get(name)
    if found is None:
        raise UsageError(f"There is no model {name}.", remedy=f"Use one of: {', '.join(load_models())}.")
    return found


def _today() -> date:
    from bus.business_date import today

    return today()


def register(app: typer.Typer) -> None:
    """Add the commands to those of the rating."""
    for command in (outcomes, fit, monitor):
        app.command()(command)
