"""Files of definitions: YAML in which each mapping knows in which line it begins, so that an error can say so."""

from collections.abc import Callable
from decimal import InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

import yaml

from catalogue.errors import CatalogueError

_Made = TypeVar("_Made")
LINE = "\0line"
"""The key, in each mapping, of the line in which it begins."""


class _Lines(yaml.SafeLoader):
    """Notes at each mapping in which line it begins."""


def _with_line(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[str, Any]:
    row: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return row | {LINE: node.start_mark.line + 1}


_Lines.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _with_line)


def read_lines(text: str) -> Any:
    """Return what a text says, with ``LINE`` in each mapping; raises YAMLError."""
    return yaml.load(text, Loader=_Lines)


class DefinitionFile:
    """One file that is read; ``_line``: where the mapping begins that is looked at, which errors name."""

    def __init__(self, path: Path) -> None:
        self._path, self._line = path, 1

    def _made(self, make: Callable[[Any], _Made]) -> _Made:
        """Return what is made of the file's content; raises CatalogueError, with file and line, for what is wrong."""
        try:
            return make(read_lines(self._path.read_text("utf-8")))
        except yaml.YAMLError as exc:
            raise CatalogueError(f"{self._path.name}: {exc}") from exc
        except KeyError as exc:
            raise self._wrong(f"there is no {exc}") from exc
        except (ValueError, InvalidOperation, TypeError, AttributeError) as exc:
            raise self._wrong(str(exc)) from exc

    def _wrong(self, problem: str) -> CatalogueError:
        return CatalogueError(f"{self._path.name}, line {self._line}: {problem}.")

    def _nothing(self, row: Any) -> str:
        return f"{row!r} says nothing"

    def _known(self, row: Any, keys: frozenset[str]) -> None:
        """Raise ValueError for keys that are none; from here on errors name the line of this mapping."""
        if not isinstance(row, dict):
            raise ValueError(self._nothing(row))
        self._line = row[LINE]
        if unknown := sorted(row.keys() - keys - {LINE}):
            raise ValueError(f"there is no {', '.join(unknown)}; there are {', '.join(sorted(keys))}")
