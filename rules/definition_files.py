"""Files of definitions: YAML in which each mapping knows in which line it begins, so that an error can say so."""

from typing import Any

import yaml

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
