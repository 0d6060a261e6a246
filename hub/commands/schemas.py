"""``credithub schemas generate | check | register | release | export | import``: the Avro schemas."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bus.registration import register_all
from bus.schema_archive import archived, restore
from catalogue.load import DATA, load_catalogue
from catalogue.schema_versions import FOLDER, drift, incompatible, release, write
from hub.preparation import keep_schemas
from hub.progress import progress_bar
from hub.recipients_folder import banks_of, removed_of
from hub.settings import bus_config, load_settings
from rules.release.schemas import every_schema, releasable_schemas

_schemas = typer.Typer(help="The Avro schemas of the topics.", no_args_is_help=True)
_Folder = Annotated[Path, typer.Option("--folder", help="Where the .avsc files lie.", show_default=False)]
_Data = Annotated[Path, typer.Option("--catalogue", help="Folder of the catalogue's YAML.", show_default=False)]


@_schemas.command()
def generate(folder: _Folder = FOLDER, catalogue: _Data = DATA) -> None:
    """Write the .avsc files from the catalogue; released versions stay as they are."""
    schemas = every_schema(load_catalogue(catalogue))
    changed = write(schemas, folder)
    for path in changed:
        typer.echo(path)
    typer.echo(f"{len(schemas)} schemas, {len(changed)} files changed.")


@_schemas.command()
def check(
    folder: _Folder = FOLDER,
    catalogue: _Data = DATA,
    as_json: Annotated[bool, typer.Option("--json", help="Print drift and problems as JSON.")] = False,
) -> None:
    """Compare the catalogue with its .avsc files and with every released version; exit code 1 on a difference."""
    schemas = every_schema(load_catalogue(catalogue))
    drifted, problems = drift(schemas, folder), incompatible(schemas, folder)
    if as_json:
        answer = {"schemas": len(schemas), "drift": drifted, "problems": [asdict(p) for p in problems]}
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        for path in drifted:
            typer.echo(f"{path}: the file is not what the catalogue says; run `credithub schemas generate`.")
        for problem in problems:
            typer.echo(str(problem))
        typer.echo(f"{len(schemas)} schemas, {len(drifted)} drifted, {len(problems)} incompatible changes.")
    if drifted or problems:
        raise typer.Exit(1)


@_schemas.command("release")
def release_command(folder: _Folder = FOLDER, catalogue: _Data = DATA) -> None:
    """Keep the present schemas as the next released versions, against which every later one is checked."""
    schemas = every_schema(load_catalogue(catalogue))
    new = release(schemas, folder)
    for line in new:
        typer.echo(line)
    typer.echo(f"{len(new)} schemas released, {len(schemas) - len(new)} unchanged.")


@_schemas.command("register")
def register_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print the number of subjects as JSON.")] = False,
) -> None:
    """Register every schema for its topic, and hold each subject to its compatibility level."""
    settings = load_settings()
    config, banks = bus_config(settings), [*banks_of(settings), *removed_of(settings)]
    schemas = releasable_schemas(load_catalogue())
    with progress_bar(silent=as_json) as progress:
        task = progress.add_task("registering", total=None)
        count = register_all(
            config, schemas, banks, on_done=lambda done, total: progress.update(task, completed=done, total=total)
        )
    keep_schemas(config, settings)
    if as_json:
        typer.echo(json.dumps({"subjects": count, "banks": banks}))
    else:
        typer.echo(f"{count} subjects registered, {len(banks)} banks.")


@_schemas.command("export")
def export_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The archive (.zip) to write.")],
) -> None:
    """Write all schemas of the registry with their ids: without these no message could be read."""
    file.write_bytes(archived(bus_config(load_settings())))
    typer.echo(str(file))


@_schemas.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The archive.", exists=True, dir_okay=False)],
) -> None:
    """Put an archive into an empty registry; each schema gets the id that it had."""
    restore(bus_config(load_settings()), file.read_bytes())
    typer.echo(f"{file} is imported")


def register(app: typer.Typer) -> None:
    """Add ``schemas`` to the application."""
    app.add_typer(_schemas, name="schemas")
