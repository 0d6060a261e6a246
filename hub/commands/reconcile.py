"""``credithub reconcile`` and ``credithub state-hash``: whether everything is there, and whether it is the same."""

import json
import sys
import time
from contextlib import closing
from typing import Annotated, Any

import typer
from rich.table import Table as Grid

from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.topic_reader import TopicReader
from bus.users import PROOF
from catalogue.errors import HubError
from catalogue.load import load_catalogue
from catalogue.model import Catalogue
from hub.database_access import DatabaseRole
from hub.long_process import serve_metrics
from hub.progress import counting
from hub.settings import Settings, bus_config, endpoints, load_settings
from hub.terminal import Terminal, echo
from monitoring import metrics
from proofs.continuous.journal import announce_full_pass
from proofs.reconcile.decoding import PlainDecoder
from proofs.reconcile.findings import OUTCOMES, Findings, Tally
from proofs.reconcile.fingerprint import fingerprint
from proofs.reconcile.lag import Lag, wait_until_nothing_waits
from proofs.reconcile.proof import Proof, ProofScope

# While events flow a proof may catch a commit half way: what is real is found again.
_ATTEMPTS = 3
_CONFLICTS_SHOWN = 10


def scope_of(settings: Settings, catalogue: Catalogue) -> ProofScope:
    """Return what there is to prove under these settings."""
    from sinks.upstream.profile import load_profile

    return ProofScope(
        catalogue=catalogue,
        dsn=endpoints(settings).database(DatabaseRole.PROOF),
        upstream=load_profile(settings.upstream.profile),
    )


def reconcile(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    wait: Annotated[
        float, typer.Option("--wait", help="Seconds to wait at most until nothing is on its way.", min=0)
    ] = 0,
    every: Annotated[
        float, typer.Option("--every", help="Prove again and again, with this many seconds between.", min=0)
    ] = 0,
    metrics_port: Annotated[int, typer.Option(help="Port to serve /metrics on; 0: none.")] = 0,
) -> None:
    """Prove that every row of every file is accounted for on every arrow; exit code 1 when one is not."""
    settings = load_settings()
    serve_metrics(settings, metrics_port, "reconcile")
    catalogue = load_catalogue()
    config = bus_config(settings, PROOF)
    while True:
        began_at_s = time.time()
        findings = proved(config, scope_of(settings, catalogue), wait)
        if not findings.difference:
            with closing(Registry(config)) as registry:
                announce_full_pass(config, registry, began_at_s)
        if as_json:
            echo(json.dumps(described(findings, catalogue), ensure_ascii=False))
        else:
            _print(findings, catalogue)
        if not every:
            raise typer.Exit(findings.exit_code)
        sys.stdout.flush()
        time.sleep(every)


def proved(config: BusConfig, scope: ProofScope, wait_s: float = 0) -> Findings:
    """Return the proof of one moment, after ``wait_s`` at most for what is on its way."""
    with closing(Registry(config)) as registry, counting("counting events") as (say, count):
        if wait_s:
            wait_until_nothing_waits(lambda: Lag(config, scope, registry), wait_s, say)
        for _ in range(_ATTEMPTS):
            say("counting events")
            findings = Proof(config, scope, registry, count).run()
            if not (findings.difference and findings.moved):
                break
    for arrow, difference in findings.difference_by_arrow.items():
        metrics.DIFFERENCE.labels(arrow).set(difference)
    return findings


def state_hash(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    by_subject: Annotated[bool, typer.Option(help="List every subject's hash first, for a diff.")] = False,
    allow_pending: Annotated[bool, typer.Option(help="Print the hash although the merge still lags.")] = False,
) -> None:
    """Print one hash over all states and person records; equal inputs give equal hashes, in whatever order they came.

    Compare runs that used the same key file: the content of records is hashed with its linking key, so another key
    file gives other hashes for the same data. The states of both runs must be of the same day, too.
    Exit code 3 while the merge lags.
    """
    config = bus_config(load_settings())
    with closing(Registry(config)) as registry:
        pending = Lag(config, ProofScope.of_the_merge(load_catalogue()), registry).merging()
    if pending and not allow_pending:
        raise Behind(
            f"{pending:,} events are not merged yet.",
            remedy="Wait (`credithub reconcile --wait 60`), or --allow-pending.",
        )
    with closing(Registry(config)) as registry:
        hashes = fingerprint(TopicReader(config), PlainDecoder(registry))
    days = [day.isoformat() for day in hashes.days]
    if as_json:
        body: dict[str, Any] = {
            "hash": hashes.whole, "subjects": len(hashes.by_subject), "persons": hashes.persons,
            "person_records": hashes.person_records, "as_of": days, "pending": pending,
        }  # fmt: skip
        if by_subject:
            body["by_subject"] = dict(sorted(hashes.by_subject.items()))
        echo(json.dumps(body))
        return
    if by_subject:
        for subject, digest in sorted(hashes.by_subject.items()):
            echo(f"{subject} {digest}")
        echo(f"persons {hashes.persons}")
    if pending:
        echo(f"{pending:,} events are not merged yet", err=True)
    if len(days) > 1:
        echo(f"the states are of several days, {days[0]} to {days[-1]}", err=True)
    echo(hashes.whole)


class Behind(HubError):
    """The merge has not read everything: what was asked for would not be the last word."""

    exit_code = 3


def described(findings: Findings, catalogue: Catalogue) -> dict[str, Any]:
    """Return the findings as ``--json`` prints them."""
    zh = {category.id: category.zh for category in catalogue.categories}
    return {
        "arrows": [
            {"arrow": name, **_numbers(tally), "difference": findings.difference_by_arrow[name]}
            for name, tally in findings.arrows.items()
        ],
        "categories": [
            {
                "category": name,
                "category_zh": zh.get(name, name),
                **_numbers(findings.categories[name]),
                "difference": abs(findings.categories[name].missing),
            }
            for name in zh
            if name in findings.categories
        ],
        "submissions": findings.submissions,
        "open_submissions": findings.open_submissions,
        "differences": [
            {"arrow": d.arrow, "place": d.place, "what": d.what, "count": d.count} for d in findings.differences
        ],
        "conflicts": [
            {"item": item, "unit": unit, "count": count} for (item, unit), count in findings.conflicts.most_common()
        ],
        "written_off": [
            {"arrow": w.arrow, "count": w.count, "reason": w.reason, "said_at": w.said_at.isoformat()}
            for w in findings.written_off
        ],
        "pending": findings.pending,
        "difference": findings.difference,
    }


def _numbers(tally: Tally) -> dict[str, int]:
    return {"in": tally.entered, **{name: getattr(tally, name) for name in (*OUTCOMES, "lost", "pending")}}


def _print(findings: Findings, catalogue: Catalogue) -> None:
    console = Terminal()
    if not console.is_terminal:
        # A file has no width: nothing is to be cut.
        console.width = 160
    body = described(findings, catalogue)
    lost = ("lost",) if findings.written_off else ()
    columns = ("in", *OUTCOMES, *lost, "pending", "difference")
    for heading, rows, names in (
        ("arrow", body["arrows"], ("arrow",)),
        ("信息分类", body["categories"], ("category_zh",)),
    ):
        grid = Grid(box=None, pad_edge=False)
        grid.add_column(heading, no_wrap=True)
        for column in columns:
            grid.add_column(column, justify="right", no_wrap=True)
        for row in rows:
            style = "red" if row["difference"] else None
            grid.add_row(" ".join(row[n] for n in names), *(f"{row[c]:,}" for c in columns), style=style)
        console.print(grid)
        console.print()
    unfinished = f", {findings.open_submissions} of them not finished" if findings.open_submissions else ""
    console.print(f"{findings.submissions} submissions{unfinished}; pending {findings.pending:,}", highlight=False)
    for (item, unit), count in findings.conflicts.most_common(_CONFLICTS_SHOWN):
        text = f"{item} of {unit}: {count:,} events say something else of the same time; `push --correct` decides"
        console.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)
    for one in findings.written_off:
        text = (
            f"{one.arrow}: {one.count:,} messages are lost, as declared on {one.said_at:%Y-%m-%d %H:%M}: {one.reason}"
        )
        console.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)
    for difference in findings.differences:
        text = f"{difference.arrow}: {difference.place}: {difference.what}" + (
            f" ({difference.count})" if difference.count > 1 else ""
        )
        console.print(text, style="red", markup=False, highlight=False, soft_wrap=True)
    named = sum(d.count for d in findings.differences)
    if named < findings.difference:
        console.print(f"… and {findings.difference - named:,} more", style="red", highlight=False)
    console.print(
        f"difference {findings.difference}", style="bold red" if findings.difference else "bold", highlight=False
    )


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(reconcile)
    app.command("state-hash")(state_hash)
