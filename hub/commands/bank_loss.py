"""``credithub bank lost``: declares that what a recipient's topic does not have any more is lost for good."""

import json
from typing import Annotated

import typer

from catalogue.errors import UsageError
from hub.terminal import echo

_MOST_CHARACTERS = 200


def lost(
    recipient: Annotated[str, typer.Argument(metavar="ID", help="The recipient's id (`credithub bank list`).")],
    reason: Annotated[str, typer.Option("--reason", help="What happened, and who decided; no person's data.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Declare that the messages which a recipient's topic lost are lost for good, so that the proofs go on.

    What it was told is counted first, and shown. The declaration is kept for ever; every `credithub reconcile` names
    it, and still tells what is lost beyond it, altered or double. It brings nothing back: `credithub bank resend ID
    --all` tells the recipient anew what counts now. Where nothing is missing nothing is declared.
    """
    from contextlib import closing

    from bus.avro.registry import Registry
    from bus.users import OFFICE, PROOF
    from hub.known_recipients import known_recipient
    from hub.progress import counting
    from hub.settings import bus_config, load_settings
    from proofs.release.losses import missing_messages
    from sinks.banks.recording import record_loss

    reason = reason.strip()
    if not reason or len(reason) > _MOST_CHARACTERS or not reason.isprintable():
        raise UsageError(
            "The reason cannot be taken.", remedy=f"Say it in one line of at most {_MOST_CHARACTERS} characters."
        )
    known_recipient(recipient)
    settings = load_settings()
    config = bus_config(settings, PROOF)
    with closing(Registry(config)) as registry, counting("reading what was told") as (_, count):
        found = missing_messages(config, registry, recipient, count)
    missing = sum(one.missing for one in found.values())
    if missing and not yes:
        typer.confirm(f"{recipient} 的主题缺少 {missing:,} 条已告知的消息。声明为永久丢失？", abort=True)
    if missing:
        record_loss(
            bus_config(settings, OFFICE), OFFICE, recipient, reason,
            {partition: one.before for partition, one in found.items()},
            {partition: one.missing for partition, one in found.items()},
        )  # fmt: skip
    if as_json:
        echo(json.dumps({"id": recipient, "missing": missing}))
    elif missing:
        echo(f"{recipient} 的主题缺少 {missing:,} 条已告知的消息，已声明为永久丢失")
        echo(f"补发现行内容：credithub bank resend {recipient} --all")
    else:
        echo(f"{recipient} 的主题不缺消息，无需声明")
