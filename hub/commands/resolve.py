"""``credithub resolve``: send the rows that waited for their subject's code, where it is known by now."""

import json
from contextlib import closing
from typing import Annotated

import typer

from bus.users import PUSH
from hub.clerk_commands import ClerkCommand
from hub.settings import bus_config, load_settings


def resolve(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只计数，不报送。")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出。")] = False,
) -> None:
    """报送主体待定、现在已能确定的行：旧代码、不动产单元号或唯一的名称属于已登记的企业。"""
    from bus.avro.registry import Registry
    from bus.crypto.cipher import Cipher
    from bus.crypto.fingerprints import checked_keys
    from catalogue.load import load_catalogue
    from producers.subjects.resolve import Resolver

    settings = load_settings()
    config = bus_config(settings, PUSH)
    with closing(Registry(config)) as registry:
        cipher = Cipher(checked_keys(config, registry, settings.keys))
        outcome = Resolver(config, registry, cipher, load_catalogue()).run(dry_run=dry_run)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "waiting": outcome.waiting, "resolved": outcome.resolved, "by": dict(sorted(outcome.by.items())),
                    "ambiguous": outcome.ambiguous, "contradicted": outcome.contradicted,
                    "unknown": outcome.unknown, "still_bad": outcome.still_bad,
                    "dry_run": dry_run,
                }
            )
        )  # fmt: skip
        return
    how = "，".join(f"{name}：{count}" for name, count in sorted(outcome.by.items()))
    done = "可以确定" if dry_run else "已确定并报送"
    typer.echo(f"主体待定{outcome.waiting}行：{done}{outcome.resolved}行" + (f"（{how}）" if how else ""))
    typer.echo(
        f"仍待定：多个主体相符{outcome.ambiguous}行，代码与名称不符{outcome.contradicted}行，"
        f"查不到{outcome.unknown}行，另有错误或重复{outcome.still_bad}行"
    )


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(cls=ClerkCommand, rich_help_panel="Data")(resolve)
