"""``python -m tests.chaos``: a hub of its own on three brokers, put through a hundred faults; see README.md here."""

import json
import secrets
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

import hub.stack
from hub.settings import Settings, exact_settings, load_settings
from hub.stack import control
from hub.stack.layout import HomeLayout
from tests.chaos.cluster import BROKERS, Cluster
from tests.chaos.consents import TERM_S
from tests.chaos.fire import Fire, Say, Verdict, judge
from tests.chaos.plan import FIRST_WORKERS, KINDS, plan
from tests.chaos.processes import until
from tests.chaos.site import PARTITIONS, Site
from tests.chaos.worker import BREAKS
from tests.proven import PROVEN_S, differences

MOST_SHOWN = 40
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def settings_under(home: Path, outer: Settings, cluster: Cluster | None = None) -> Settings:
    """Return the settings of the hub under fire."""
    return exact_settings(
        home=home,
        cache=(outer.stack.cache or outer.home / "cache").resolve(),
        jar_repository=outer.stack.jar_repository,
        kafka_bootstrap=cluster.bootstrap if cluster else None,
        kafka_access=cluster.access if cluster else None,
        topic_prefix="chaos.",
        partitions=PARTITIONS,
        replication=len(BROKERS),
        workers=0,
        portal_term_days=TERM_S / 86_400,
    )


@app.command()
def main(
    seed: Annotated[int | None, typer.Option(help="Repeat the plan and the events of a run.")] = None,
    faults: Annotated[int, typer.Option(min=0, help="How many faults.")] = 10 * len(KINDS),
    kinds: Annotated[str, typer.Option(help=f"Which, comma-separated: {', '.join(KINDS)}.")] = "",
    broken: Annotated[str | None, typer.Option("--break", help=f"Do without a safeguard: {', '.join(BREAKS)}.")] = None,
    rate: Annotated[float, typer.Option(min=1, help="Rows a second.")] = 80,
    keep: Annotated[bool, typer.Option(help="Leave data and logs behind when the run passes, too.")] = False,
) -> None:
    """Put the hub through faults while events flow; exit code 1 when anything of it can be seen in the end."""
    chosen = tuple(kinds.split(",")) if kinds else KINDS
    if unknown := set(chosen) - set(KINDS):
        raise typer.BadParameter(f"there is no fault {', '.join(unknown)}; choose from {', '.join(KINDS)}")
    if broken is not None and broken not in BREAKS:
        raise typer.BadParameter(f"nothing is called {broken}; choose from {', '.join(BREAKS)}")
    # An end that is asked for is an end in good order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    outer = load_settings()
    home = (outer.home / "chaos").resolve()
    again = f"--seed {seed} --faults {faults} --kinds {','.join(chosen)}" + (f" --break {broken}" if broken else "")
    begun = time.monotonic()

    def say(text: str) -> None:
        typer.echo(f"{time.strftime('%H:%M:%S')} {text}")
        with (home / "chaos.log").open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%H:%M:%S')} {text}\n")

    verdict = _run(home, outer, seed, faults, chosen, broken, rate, say)
    took = time.monotonic() - begun
    counts = json.dumps(dict(sorted(verdict.inflicted.items())))
    say(f"{verdict.inflicted.total()} faults in {took:.0f} s: {counts}")
    for one in verdict.wrong[:MOST_SHOWN]:
        say(f"WRONG: {one}")
    if len(verdict.wrong) > MOST_SHOWN:
        say(f"WRONG: … and {len(verdict.wrong) - MOST_SHOWN} more")
    say(f"{'FAILED' if verdict.wrong else 'PASSED'}; again: python -m tests.chaos {again}")
    if verdict.wrong:
        say("data and logs are kept for a look, until the next run")
    elif not keep:
        _discard(settings_under(home, outer))
    raise typer.Exit(1 if verdict.wrong else 0)


def _run(
    home: Path,
    outer: Settings,
    seed: int,
    count: int,
    kinds: tuple[str, ...],
    broken: str | None,
    rate: float,
    say: Say,
) -> Verdict:
    bare = settings_under(home, outer)
    _discard(bare)
    control.prepare_machine(bare)
    say(f"seed {seed}, {count} faults of {', '.join(kinds)}" + (f", without {broken}" if broken else ""))
    with Cluster(HomeLayout.of(bare)) as cluster:
        site = Site(settings_under(home, outer, cluster), broken)
        try:
            site.start(FIRST_WORKERS)
            say("three brokers, registry, PostgreSQL, two workers and all sinks are up")
            fire = Fire(site, cluster, say)
            fire.run(seed, plan(seed, count, kinds), rate)
            _hear_the_proof(site, fire.verdict, say)
            judge(site, seed, fire.verdict, say)
        finally:
            site.close()
    return fire.verdict


def _discard(bare: Settings) -> None:
    """Delete the home, with the brokers' folders and the feed's files in it, which are the run's and not the hub's."""
    hub.stack.stop(bare, purge=True)
    shutil.rmtree(bare.home, ignore_errors=True)


def _hear_the_proof(site: Site, verdict: Verdict, say: Say) -> None:
    """Wait for the proof without end. Before the full pass, after which it forgets what it found."""
    told = until(lambda: differences(site.settings), "the process proof", PROVEN_S)
    verdict.wrong += [f"the process proof tells a difference on {arrow}" for arrow, count in told.items() if count]
    say(f"the process proof: difference {sum(told.values()):.0f}")


if __name__ == "__main__":
    app()
