"""``credithub resolve``: send the rows that waited for their subject's code, where it is known by now."""

import json
from contextlib import closing
from typing import Annotated

import typer

from hub.settings import bus_config, load_settings


def resolve(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only, send nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Resolve rows whose old code, real estate unit number or unique name belongs to a registered enterprise."""
    from bus.avro.registry import Registry
    from bus.crypto.cipher import Cipher
    from bus.crypto.keys import load_key_file
    from catalogue.load import load_catalogue
    from producers.subjects.resolve import Resolver

    settings = load_settings()
    config, cipher = bus_config(settings), Cipher(load_key_file(settings.keys))
    with closing(Registry(config)) as registry:
        found = Resolver(config, registry, cipher, load_catalogue()).run(dry_run=dry_run)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "waiting": found.waiting, "resolved": found.resolved, "by": dict(sorted(found.by.items())),
                    "ambiguous": found.ambiguous, "unknown": found.unknown, "still_bad": found.still_bad,
                    "dry_run": dry_run,
                }
            )
        )  # fmt: skip
        return
    how = "，".join(f"{name}：{count}" for name, count in sorted(found.by.items()))
    done = "可以确定" if dry_run else "已确定并报送"
    typer.echo(f"主体待定{found.waiting}行：{done}{found.resolved}行" + (f"（{how}）" if how else ""))
    typer.echo(f"仍待定：多个主体相符{found.ambiguous}行，查不到{found.unknown}行，另有错误或重复{found.still_bad}行")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Data")(resolve)
