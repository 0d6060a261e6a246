"""No module imports, over others or at once, a module that imports it."""

import ast
from collections.abc import Iterable, Iterator, Mapping

from tests.unit.house.product import Module, modules, parsed


def imported(module: Module, known: Mapping[str, Module]) -> Iterator[str]:
    """Yield the names of the product's modules that a module imports, inside functions and for types, too."""
    package = module.name if module.path.endswith("__init__.py") else module.name.rpartition(".")[0]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.path}: a relative import from {package}"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if name in known:
                    yield name
                elif node.module in known:
                    yield str(node.module)


def cycles(found: Iterable[Module]) -> list[list[str]]:
    """Return the groups of modules that import each other (strongly connected components), by name."""
    known = {module.name: module for module in found}
    graph = {name: sorted(set(imported(module, known)) - {name}) for name, module in known.items()}
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = lowest[name] = len(order)
        stack.append(name)
        for other in graph[name]:
            if other not in order:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], order[other])
        if lowest[name] == order[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1:
                groups.append(sorted(group))

    for name in graph:
        if name not in order:
            visit(name)
    return sorted(groups)


def test_no_modules_import_each_other() -> None:
    assert cycles(modules()) == []


def test_the_check_finds_what_it_is_for() -> None:
    sources = {
        "a/__init__.py": "",
        "a/x.py": "from a import y\n",
        "a/y.py": "def f():\n    from b.z import g\n",
        "b/__init__.py": "",
        "b/z.py": "import a.x\n",
        "b/w.py": "from b.z import g\n",
    }
    assert cycles([parsed(path, text) for path, text in sources.items()]) == [["a.x", "a.y", "b.z"]]
