"""``credithub consent verify``: whether a consent is what the hub signed, without asking the hub."""

import hashlib
import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from catalogue.errors import UsageError
from hub.terminal import echo

_NOT_IN_FORCE, _NOT_GENUINE = 3, 1


def verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Artefacts, as `consent show --export` wrote them.")
    ] = None,
    topic: Annotated[bool, typer.Option("--topic", help="Every artefact in consent.v1 instead of a file.")] = False,
    keys: Annotated[
        Path | None,
        typer.Option("--keys", help="Public keys, as `credithub keys public` prints them; unset: the hub's."),
    ] = None,
    evidence: Annotated[Path | None, typer.Option("--evidence", help="A PDF: whether it is what was signed.")] = None,
    at: Annotated[datetime | None, typer.Option("--at", help="In force at that moment, UTC; unset: now.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Verify a consent by its signatures; a file needs no service and no network.

    Exit code 0: genuine, and in force as of its last artefact; 3: genuine, not in force; 1: not genuine. A file tells
    nothing of what came after it was written: a later revocation is in consent.v1 (--topic), or in a newer export.
    """
    from bus.crypto.signing import Ed25519Verifier
    from bus.crypto.signing_keys import load_signing_keys
    from hub.consent_verification import NotGenuine, read_content, read_keys, verified_file
    from hub.settings import load_settings

    if (file is None) != topic:
        raise UsageError("Give FILE, or --topic.", remedy="`credithub consent show NUMBER --export FILE` writes one.")
    public = read_keys(keys) if keys is not None else load_signing_keys(load_settings().signing_keys).public
    verifier = Ed25519Verifier(public)
    if file is None:
        _verify_topic(verifier, as_json)
        return
    moment = datetime.now(UTC) if at is None else at.replace(tzinfo=UTC)
    found = verified_file(file, verifier, moment)
    if evidence is not None:
        content = read_content(evidence)
        if hashlib.sha256(content).hexdigest() != found.consent.evidence:
            raise NotGenuine(f"{evidence} is not what was signed.", remedy="Ask for the original.")
    if as_json:
        echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        from hub.consent_printing import state_text

        shown = {"state": found.consent.state, "in_force": found.in_force}
        echo(f"{found.consent.terms.number}：签名真实，第{found.consent.version}版，{state_text(shown)}")
    if not found.in_force:
        raise typer.Exit(_NOT_IN_FORCE)


def _verify_topic(verifier: Any, as_json: bool) -> None:
    from bus.avro.decoding import Decoder
    from bus.avro.registry import Registry
    from bus.reading.scan import scan
    from bus.topics import CONSENT
    from hub.consent_verification import forged
    from hub.settings import bus_config, load_settings
    from portal.register import Register

    config = bus_config(load_settings())
    with closing(Registry(config)) as registry:
        register = Register(Decoder(registry), verifier, config.partitions)
        problems = [*forged(scan(config, CONSENT), register.take)]
    states = {state.value: count for state, count in sorted(register.counts.items()) if count}
    if as_json:
        echo(json.dumps({"consents": len(register), "states": states, "problems": problems}, ensure_ascii=False))
    else:
        echo(f"{len(register):,} 项授权，签名和次序{'真实' if not problems else '有问题'}")
        for problem in problems:
            echo(problem)
    if problems:
        raise typer.Exit(_NOT_GENUINE)


def register(parent: typer.Typer) -> None:
    """Add the command."""
    parent.command()(verify)
