"""``credithub audit export | verify | who-saw``: what was released and asked, and whether anybody changed that."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from catalogue.errors import UsageError
from catalogue.times import SHANGHAI
from hub.progress import counting
from hub.terminal import echo

app = typer.Typer(no_args_is_help=True, help="What was released and asked: export, verify, and who saw an enterprise.")

_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_BROKEN = 1
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines; must not exist yet.")],
    as_json: _Json = False,
) -> None:
    """Write all that was released and asked, the anchors and the public keys into a file, for `audit verify FILE`.

    It holds no content of any answer and no person, but who was told of which enterprise: keep it accordingly.
    """
    from bus.avro.registry import Registry
    from bus.crypto.signing_keys import load_signing_keys
    from bus.reading.topic_reader import TopicReader
    from hub.settings import bus_config, load_settings
    from proofs.audit.export import ExportWriter
    from proofs.audit.reading import chain_messages

    settings = load_settings()
    config, keys = bus_config(settings), load_signing_keys(settings.signing_keys).public
    try:
        with file.open("x", encoding="utf-8") as out, closing(Registry(config)) as registry:
            file.chmod(0o600)
            with counting("reading the chains", " messages") as (_, count):
                writer = ExportWriter(out, registry)
                writer.begin(keys, datetime.now(UTC).isoformat())
                for topic, message in chain_messages(TopicReader(config, count)):
                    writer.message(topic, message)
                writer.end()
    except FileExistsError as exc:
        raise UsageError(f"{file} is there already.", remedy="Name another file, or delete it.") from exc
    except OSError as exc:
        raise UsageError(f"{file} cannot be written: {exc.strerror}.", remedy="Name another file.") from exc
    if as_json:
        echo(json.dumps({"file": str(file), "messages": writer.messages}, ensure_ascii=False))
    else:
        echo(f"{file}：{writer.messages:,} 条，用 `credithub audit verify {file}` 核对")


@app.command()
def verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="What `audit export` wrote; unset: the hub's topics.")
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option("--keys", help="Public keys, of `credithub keys public`; unset: the hub's, or FILE's"),
    ] = None,
    anchor: Annotated[
        list[Path] | None,
        typer.Option("--anchor", help="Anchors that were kept, as /v1/anchors answers; may be given several times."),
    ] = None,
    as_json: _Json = False,
) -> None:
    """Verify that nothing of what was released and asked is missing, altered, doubled or in another order.

    A file needs no service and no network. Exit code 0: whole; 1: not, and the first fault is named. What came behind
    the newest anchor could have been cut off: name anchors that were kept outside of the hub. A file brings the keys
    that it is verified by, so whoever does not trust it names the hub's with --keys.
    """
    from hub.consent_verification import read_keys

    trusted = read_keys(keys) if keys is not None else None
    kept = [artefact for one in anchor or [] for artefact in _artefacts(one)]
    with counting("verifying the chains", " messages") as (_, count):
        report = _of_topics(trusted, kept, count) if file is None else _of_file(file, trusted, kept, count)
    if as_json:
        echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        from hub.audit_printing import print_report
        from hub.printing import terminal

        print_report(terminal(), report)
    if report.faults:
        raise typer.Exit(_BROKEN)


@app.command("who-saw")
def who_saw(
    subject: Annotated[str, typer.Argument(metavar="USCC", help="统一社会信用代码 of the enterprise.")],
    since: Annotated[
        datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="Only from this day on (Beijing time).")
    ] = None,
    each: Annotated[
        bool,
        typer.Option("--each", help="Each one by itself, not what is alike together."),
    ] = False,
    as_json: _Json = False,
) -> None:
    """Show everything that was released or asked about an enterprise: to whom, when, what, why, by which consent.

    It reads PostgreSQL, as far as its sink has come; `credithub reconcile` compares that with the topics.
    """
    from hub.audit_printing import print_disclosures
    from hub.commands.queries import subject_of
    from hub.printing import terminal
    from hub.settings import load_settings
    from hub.view import view_of
    from queries.disclosures import disclosures

    code = str(subject_of(subject))
    view = view_of(load_settings())
    begin = _LONG_AGO if since is None else since.replace(tzinfo=SHANGHAI)
    found = disclosures(view.dsn, code, begin, each=each)
    if as_json:
        echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        print_disclosures(terminal(), found, view.catalogue)


def _of_topics(trusted: Any, kept: list[str], count: Callable[[int], None]) -> Any:
    from bus.avro.registry import Registry
    from bus.crypto.signing import Ed25519Verifier
    from bus.crypto.signing_keys import load_signing_keys
    from bus.reading.topic_reader import TopicReader
    from hub.settings import bus_config, load_settings
    from proofs.audit.reading import chain_messages
    from proofs.audit.verification import ChainVerification

    settings = load_settings()
    config = bus_config(settings)
    verifier = Ed25519Verifier(trusted or load_signing_keys(settings.signing_keys).public)
    with closing(Registry(config)) as registry:
        verification = ChainVerification(registry, verifier, kept)
        for topic, message in chain_messages(TopicReader(config, count)):
            verification.take(topic, message.partition() or 0, message.offset() or 0, message.value() or b"")
        return verification.finish()


def _of_file(file: Path, trusted: Any, kept: list[str], count: Callable[[int], None]) -> Any:
    from proofs.audit.reading import verified_file

    return verified_file(file, trusted, kept, count)


def _artefacts(file: Path) -> Iterator[str]:
    """Yield the signed anchors in a file: answers of the portal, or an artefact a line; raises UsageError."""
    from hub.consent_verification import read_content

    try:
        for line in filter(None, map(str.strip, read_content(file).decode().splitlines())):
            yield str(json.loads(line)["artefact"]) if line.startswith("{") else line
    except (ValueError, KeyError, TypeError) as exc:
        raise UsageError(f"{file} holds no anchor.", remedy="Keep what /v1/anchors answers, an answer a line.") from exc


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="audit")
