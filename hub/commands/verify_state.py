"""``credithub verify-state``: states computed again from the catalogue's events, without the engine."""

import json
import secrets
from contextlib import closing
from typing import Annotated, Any

import typer

from bus.avro.registry import Registry
from catalogue.errors import UsageError
from catalogue.load import load_catalogue
from hub.progress import counting
from hub.settings import bus_config, load_settings
from hub.terminal import Terminal, echo
from proofs.reconcile.lag import Lag, wait_until_nothing_waits
from proofs.reconcile.proof import ProofScope
from proofs.replay.verification import Verification, VerificationReport
from rules.indicators.definitions import load_indicators

_SEEDS = 1_000_000
# What was asked for could not all be verified, though nothing that was is wrong.
_BEHIND = 3


def verify_state(
    subject: Annotated[str | None, typer.Option(help="Verify this subject (USCC) alone.")] = None,
    sample: Annotated[int, typer.Option(help="Verify so many subjects, chosen by the seed.", min=1)] = 200,
    seed: Annotated[
        int | None, typer.Option(help="Take the same sample as a run that printed this seed.", min=0)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Verify every subject.")] = False,
    wait: Annotated[
        float, typer.Option("--wait", help="Seconds to wait at most until all events are merged.", min=0)
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compute records, indicators, ratings and lists again from the events, by their plain definitions, and compare.

    Nothing is written. ScannedEvents that are not merged yet are left out, and counted as pending.
    Exit code 1 when a value differs, 3 when a subject could not be verified: it changed each time it was read, or its
    state is by a former rule, until its next touch or the next day.
    """
    if subject is not None and every:
        raise UsageError("--subject and --all exclude each other.")
    settings = load_settings()
    config, catalogue = bus_config(settings), load_catalogue()
    how: dict[str, Any]
    with closing(Registry(config)) as registry, counting("", " messages") as (say, count):
        if wait:
            scope = ProofScope.of_the_merge(catalogue)
            wait_until_nothing_waits(lambda: Lag(config, scope, registry), wait, say)
        verification = Verification(config, registry, catalogue, load_indicators(), count)
        if every:
            say("verifying all subjects")
            how, report = {"chosen": "all"}, verification.all()
        elif subject is not None:
            say("verifying the subject")
            how, report = {"chosen": "subject", "subject": subject}, verification.some({subject})
            if not (report.subjects or report.unverified or report.difference):
                raise UsageError(f"{subject} has neither an event nor a state.", remedy="Name a subject by its USCC.")
        else:
            seed = secrets.randbelow(_SEEDS) if seed is None else seed
            say("choosing subjects")
            chosen = verification.sample(sample, seed)
            say("verifying subjects")
            how, report = {"chosen": "sample", "seed": seed}, verification.some(chosen)
    if as_json:
        echo(json.dumps(how | described(report), ensure_ascii=False))
    else:
        _print(how, report)
    raise typer.Exit(1 if report.difference else _BEHIND if report.unverified else 0)


def described(report: VerificationReport) -> dict[str, Any]:
    """Return a report as ``--json`` prints it."""
    return {
        "subjects": report.subjects,
        "events": report.events,
        "records": report.records,
        "ratings": report.ratings,
        "ratings_pending": report.ratings_pending,
        "lists": report.lists,
        "references": report.references,
        "pending": report.pending,
        "unverified": sorted(report.unverified),
        "difference": report.difference,
        "differences": [difference._asdict() for difference in report.differences],
    }


def _print(mode: dict[str, Any], report: VerificationReport) -> None:
    console = Terminal(soft_wrap=True)
    seed = f" (sample by seed {mode['seed']})" if "seed" in mode else ""
    console.print(
        f"{report.subjects:,} subjects{seed}, {report.records:,} records from {report.events:,} events;"
        f" the ratings of {report.ratings:,} enterprises, {report.lists:,} memberships of lists"
        + (f", {report.references} references" if report.references else ""),
        highlight=False,
    )
    if report.ratings_pending:
        console.print(f"{report.ratings_pending:,} enterprises are not rated by the newest values yet", highlight=False)
    if report.pending:
        console.print(f"{report.pending:,} events are not merged yet; wait for them with --wait", highlight=False)
    for name in sorted(report.unverified):
        console.print(
            f"{name}: not verified: it changed each time it was read, or its state is by a former rule",
            markup=False,
            highlight=False,
        )
    for difference in report.differences:
        text = f"{difference.subject}: {difference.field}: held {difference.held}, computed {difference.computed}"
        console.print(text, style="red", markup=False, highlight=False)
    if len(report.differences) < report.difference:
        console.print(f"… and {report.difference - len(report.differences):,} more", style="red", highlight=False)
    style = "bold red" if report.difference else "bold"
    console.print(f"difference {report.difference}", style=style, highlight=False)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify-state")(verify_state)
