"""The product's modules as text and syntax trees: what the tests of the house look at."""

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
_NO_ROOMS = {"tests", "benchmarks"}


@dataclass(frozen=True, slots=True)
class Module:
    """One module of the product; ``path`` is relative to the repository, ``name`` is dotted."""

    path: str
    name: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        """Return how many lines the file has."""
        return self.text.count("\n")

    @property
    def room(self) -> str:
        """Return the top-level package."""
        return self.name.split(".")[0]


def parsed(path: str, text: str) -> Module:
    """Return a module from its text."""
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return Module(path, name, text, ast.parse(text))


@functools.cache
def modules() -> tuple[Module, ...]:
    """Return every module of the product, by path."""
    rooms = sorted({file.parent for file in ROOT.glob("*/__init__.py")} - {ROOT / name for name in _NO_ROOMS})
    files = sorted(file for room in rooms for file in room.rglob("*.py"))
    return tuple(parsed(file.relative_to(ROOT).as_posix(), file.read_text("utf-8")) for file in files)


def classes(module: Module) -> Iterator[ast.ClassDef]:
    """Yield every class of a module, nested ones included."""
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef))
