"""Every schema of the hub: those that follow from the catalogue, and the rows of indicators, which follow from them."""

from catalogue.avro import Schema
from catalogue.model import Catalogue
from catalogue.schema_versions import generated, incompatible, refuse
from rules.release.labels import current_labels


def every_schema(catalogue: Catalogue) -> dict[str, Schema]:
    """Return every schema of the hub by its path below ``schemas/avro``, sorted by path."""
    rows = [group.schema for group in current_labels().indicator_groups.values()]
    return dict(sorted({**generated(catalogue), **{_path(row): row for row in rows}}.items()))


def releasable_schemas(catalogue: Catalogue) -> dict[str, Schema]:
    """Return every schema; raises CatalogueError when one may not follow its released files."""
    schemas = every_schema(catalogue)
    refuse(incompatible(schemas))
    return schemas


def _path(row: Schema) -> str:
    below = row["namespace"].split(".")[1:]
    return "/".join((*below, f"{row['name']}.avsc"))
