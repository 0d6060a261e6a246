"""The schema files of the repository: written from the catalogue, compared with it, kept when released.

schemas/avro/<path>.avsc                 what the catalogue says now
schemas/avro/released/<path>/<n>.avsc    what was given out as version n; never edited
"""

import json
from collections.abc import Mapping
from pathlib import Path

from catalogue import wire
from catalogue.avro import Schema, all_schemas
from catalogue.compatibility import Incompatibility, incompatibilities
from catalogue.errors import CatalogueError
from catalogue.model import Catalogue

FOLDER = Path(__file__).parents[1] / "schemas" / "avro"
_RELEASED = "released"
_INTERNAL = (
    wire.SUBMISSION,
    wire.REJECTED,
    wire.UNRESOLVED,
    wire.RECORD,
    wire.CHANGE,
    wire.STATE,
    wire.RETURNED,
    wire.INDICATOR_VALUES,
    wire.POSITION,
    wire.RATING,
    wire.RATING_CHANGE,
    wire.RATING_MODEL,
    wire.REVIEW,
    wire.RATING_REFERENCE,
    wire.LIST,
    wire.LIST_CHANGE,
    wire.PROVEN,
    wire.KEY_FINGERPRINT,
    wire.CONSENT,
    wire.AUDIT_ENTRY,
    wire.ANCHOR,
    wire.LABEL_POLICY,
    wire.RELEASE_SNAPSHOT,
    wire.RECIPIENT,
    wire.PORTFOLIO_ENTRY,
    wire.TOPIC_LOSS,
    wire.RECIPIENT_CARD,
    wire.BUSINESS_DATE,
    wire.RELEASE_ENTRY,
    wire.RELEASE_STEP,
    wire.RELEASE_MARKS,
    wire.UPSTREAM_UP,
    wire.UPSTREAM_RECEIPT,
)


def generated(catalogue: Catalogue) -> dict[str, Schema]:
    """Return every schema that follows from the catalogue, by its path below ``schemas/avro``, sorted by path."""
    return dict(sorted({**all_schemas(catalogue), **internal_schemas()}.items()))


def internal_schemas() -> dict[str, Schema]:
    """Return the schemas of the hub's own topics by their path below ``schemas/avro``."""
    for_banks = (wire.BANK_LIST_ENTRY, wire.BANK_SCOPE)
    return {internal_path(schema): schema for schema in _INTERNAL} | {
        f"bank/{schema['name']}.avsc": schema for schema in for_banks
    }


def internal_path(schema: Schema) -> str:
    """Return the path, below ``schemas/avro``, of a schema of the hub's own topics."""
    return f"internal/{schema['name']}.avsc"


def text(schema: Schema) -> str:
    """Return a schema as its file holds it."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def write(schemas: Mapping[str, Schema], folder: Path = FOLDER) -> list[str]:
    """Bring the files in ``folder`` to the schemas and return the paths that changed, removed ones included."""
    changed = drift(schemas, folder)
    for path in changed:
        file = folder / path
        if path in schemas:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text(schemas[path]), "utf-8")
        else:
            file.unlink()
    return changed


def drift(schemas: Mapping[str, Schema], folder: Path = FOLDER) -> list[str]:
    """Return the paths whose file is missing, differs from its schema, or belongs to no schema."""
    files = {
        path: file.read_text("utf-8")
        for file in folder.rglob("*.avsc")
        if not (path := file.relative_to(folder).as_posix()).startswith(f"{_RELEASED}/")
    }
    return sorted(path for path in {*files, *schemas} if path not in schemas or files.get(path) != text(schemas[path]))


def released(path: str, folder: Path = FOLDER) -> list[Schema]:
    """Return the released versions of one schema, oldest first.

    Raises CatalogueError when a version is missing between the first and the last.
    """
    versions = sorted(int(file.stem) for file in _place(path, folder).glob("*.avsc"))
    if versions != list(range(1, len(versions) + 1)):
        raise CatalogueError(
            f"{path}: the released versions are {versions}, not 1…{len(versions)}.",
            remedy="Released files are never deleted or renamed: take them back from the history.",
        )
    return [json.loads((_place(path, folder) / f"{n}.avsc").read_text("utf-8")) for n in versions]


def incompatible(schemas: Mapping[str, Schema], folder: Path = FOLDER) -> list[Incompatibility]:
    """Return why the schemas may not follow the released ones; a reported item's schema may not vanish."""
    found = [p for path, schema in schemas.items() for p in incompatibilities(path, schema, released(path, folder))]
    kept = (folder / _RELEASED / "catalogue").glob("*/*")
    for place in sorted(kept):
        path = place.relative_to(folder / _RELEASED).as_posix() + ".avsc"
        if path not in schemas:
            found.append(Incompatibility(path, len(released(path, folder)), "", "was released and is gone"))
    return found


def release(schemas: Mapping[str, Schema], folder: Path = FOLDER) -> list[str]:
    """Keep every schema that differs from its last release as the next version; return ``path version n``.

    Raises CatalogueError, and writes nothing, when one may not follow its releases.
    """
    refuse(incompatible(schemas, folder))
    new: list[str] = []
    for path, schema in schemas.items():
        before = released(path, folder)
        if before and before[-1] == schema:
            continue
        place = _place(path, folder)
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{len(before) + 1}.avsc").write_text(text(schema), "utf-8")
        new.append(f"{path} version {len(before) + 1}")
    return new


def refuse(found: list[Incompatibility]) -> None:
    """Raise CatalogueError naming every problem, when there is one."""
    if found:
        listed = "\n  ".join(str(problem) for problem in found)
        raise CatalogueError(
            f"{len(found)} incompatible change(s):\n  {listed}",
            remedy="Add a new nullable field instead, and leave the old one as it was released.",
        )


def _place(path: str, folder: Path) -> Path:
    return folder / _RELEASED / path.removesuffix(".avsc")
