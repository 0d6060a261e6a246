"""The mappings (对照表) that persons confirmed, kept per body: the next table of the same shape needs none."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from catalogue.errors import FileRefused
from catalogue.model import Catalogue
from producers.tables.mapping import ColumnMapping, parse_mapping


class KeptMappings:
    """A folder with a folder a body, and a file a shape and item of table in it."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        self._folder, self._catalogue = folder, catalogue

    def keep(self, mapping: ColumnMapping, unit: str, region: str) -> None:
        """Keep a mapping for a body's tables of its shape and item; it takes the place of an earlier one."""
        name = hashlib.sha256("\n".join((*mapping.shape, mapping.item)).encode()).hexdigest()[:16]
        path = self._folder / f"{unit}.{region}" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(mapping.text(), "utf-8")

    def of(self, unit: str, region: str) -> Iterator[ColumnMapping]:
        """Yield the mappings that are kept for a body; one that the list has outgrown is none any more."""
        for path in sorted((self._folder / f"{unit}.{region}").glob("*.yaml")):
            try:
                yield parse_mapping(path.read_text("utf-8"), self._catalogue)
            except FileRefused:
                continue
