"""The project's documents, and what stands in them: code, links, names of files and of what is in them."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]

_FENCE = re.compile(r"^ *```[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def documents() -> list[Path]:
    """Return every Markdown file that is ours."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "tests/chaos/README.md"]
    return sorted(file for file in found if "node_modules" not in file.parts)


def name_of(document: Path) -> str:
    """Return a document's path from the root, by which a test names it."""
    return document.relative_to(ROOT).as_posix()


def blocks(text: str) -> list[str]:
    """Return the contents of the fenced code blocks."""
    return [match[1] for match in _FENCE.finditer(text)]


def spans(text: str) -> list[str]:
    """Return what stands between single backticks, outside of fenced blocks."""
    return [match[1] for match in _INLINE.finditer(_FENCE.sub("", text))]


def links(text: str) -> list[str]:
    """Return the targets of links, without their anchors, outside of fenced blocks."""
    return [match[1] for match in _LINK.finditer(_FENCE.sub("", text))]


def section(text: str, title: str) -> str:
    """Return what stands below a heading of the second level, up to the next of that level."""
    _, found, rest = text.partition(f"\n## {title}\n")
    assert found, f"no section {title}"
    return rest.partition("\n## ")[0]


@cache
def defined(file: Path) -> frozenset[str]:
    """Return the names that a module defines: functions, classes, their methods, and values."""
    return frozenset(_names(ast.parse(file.read_text("utf-8"))))


def _names(tree: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[str]:
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield prefix + name
            case ast.ClassDef(name=name):
                yield prefix + name
                yield from _names(node, f"{prefix}{name}.")
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield prefix + name
