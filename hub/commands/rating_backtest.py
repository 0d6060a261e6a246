"""``credithub rating backtest``: what the past of a fictitious city lets a rating find, without services."""

import json
from datetime import datetime
from typing import Annotated

import typer

from catalogue.errors import UsageError
from hub.progress import counting
from hub.terminal import echo

_AS_OF = datetime(2026, 6, 30)  # noqa: DTZ001


def backtest(
    enterprises: Annotated[int, typer.Option(min=100, help="How many fictitious enterprises.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same city.")] = 1,
    as_of: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The last day of the city.")] = _AS_OF,
    model: Annotated[list[str] | None, typer.Option(help="An expert model; else each that is shipped.")] = None,
    processes: Annotated[int, typer.Option(min=1, help="How many days are looked at at a time.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list as JSON.")] = False,
) -> None:
    """Test the expert cards, and cards fitted in their place, on the past of a fictitious city: no services are needed.

    A rating of a day uses what was known on it alone. Exit code 1 when a card finds more than can be known, or the
    fitted one is worse. Without the dependency group `fit` (`make fit`) only the expert cards are tested.
    """
    from hub.backtest_printing import print_backtest
    from rules.rating.loading import in_order_of_publication, load_models
    from validation.backtest import back_test
    from validation.fitting import require_group
    from validation.sample_city import MONTHS_AGO, CityPlan, observe

    models = load_models()
    unknown = [name for name in model or () if name not in models]
    if unknown:
        raise UsageError(f"There is no model {unknown[0]}.", remedy=f"Use one of: {', '.join(models)}.")
    shipped = [one for one in in_order_of_publication(models) if not model or one.model.id in model]
    try:
        require_group()
        is_fitted, why = True, ""
    except UsageError as missing:
        is_fitted, why = False, missing.remedy
    indicators = frozenset[str]().union(*(one.model.indicators for one in shipped))
    plan = CityPlan(enterprises, seed, as_of.date(), MONTHS_AGO)
    observations = []
    with counting("living the years of the city", " observations") as (_, count):
        for each in observe(plan, indicators, processes=processes):
            observations.append(each)
            count(1)
    found = []
    for one in shipped:
        with counting(f"testing {one.model.id}"):
            found.append(back_test(one.model, observations, with_fit=is_fitted))
    if as_json:
        echo(json.dumps([one.as_json() for one in found], ensure_ascii=False))
    else:
        for result in found:
            print_backtest(result)
        if why:
            echo(f"没有拟合卡：{why}", err=True)
    if any(one.failures for one in found):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command to those of the rating."""
    app.command()(backtest)
