"""What the product defines, the product uses."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator

from tests.unit.house.product import Module, classes, modules, parsed

# Used by others than the product's own code, and by whom.
_USED_ELSEWHERE = {
    "BatchTransport": "Faust, by the entry point in pyproject.toml",
    "changed_settings": "tests, to change settings by their nested names",
    "overlap": "benchmarks/city.py and tests/unit/simulation/test_overlap.py",
    "auc": "benchmarks/city.py and tests/unit/simulation/test_overlap.py",
}
# Other decorators hand a function over to a framework, which calls it.
_OWN_DECORATORS = ("dataclass", "functools.", "lru_cache", "cache", "contextmanager", "contextlib.")
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def unused(found: Iterable[Module]) -> list[str]:
    """Return ``path: name`` of the top-level functions and classes, private ones too, that no module refers to."""
    found = list(found)
    references = Counter(name for module in found for name in _references(module.tree))
    return [
        f"{module.path}: {node.name}"
        for module in found
        for node in module.tree.body
        if isinstance(node, _Definition)
        and all(ast.unparse(decorator).startswith(_OWN_DECORATORS) for decorator in node.decorator_list)
        and node.name not in _USED_ELSEWHERE
        # What only refers to itself is not used.
        and references[node.name] <= sum(name == node.name for name in _references(node))
    ]


def unused_methods(found: Iterable[Module]) -> list[str]:
    """Return ``path: Class.method`` of the public methods that no module refers to.

    A base class from a library may call its subclass's methods, so such classes are left out.
    """
    found = list(found)
    own = {node.name for module in found for node in classes(module)}
    references = Counter(name for module in found for name in _references(module.tree))
    return [
        f"{module.path}: {node.name}.{method.name}"
        for module in found
        for node in classes(module)
        if all(ast.unparse(base) in own for base in node.bases)
        for method in node.body
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
        and not method.name.startswith("_")
        and not references[method.name]
    ]


def _references(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            # A type in quotes, or a name in __all__.
            yield node.value


def test_nothing_is_defined_and_never_used() -> None:
    assert unused(modules()) == []
    # pydantic calls this one, through a base class of our own.
    assert [m for m in unused_methods(modules()) if not m.endswith(".settings_customise_sources")] == []


def test_the_check_finds_what_it_is_for() -> None:
    one = parsed("a/x.py", "def f(): f()\ndef g(): ...\nclass _C: ...\n@app.command()\ndef h(): ...\n")
    assert unused_methods([parsed("a/x.py", "class C:\n    def run(self): ...\n")]) == ["a/x.py: C.run"]
    assert unused([one, parsed("b/y.py", "from a.x import f, g\ng()\n")]) == ["a/x.py: f", "a/x.py: _C"]
