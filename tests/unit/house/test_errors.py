"""Every error of the product is in the tree that ``catalogue/errors.py`` draws, and no text of an error is matched."""

import ast
import builtins
import re
from collections.abc import Iterable, Mapping

import catalogue.errors
from tests.unit.house.product import Module, classes, modules, parsed

# RocksDB's Python binding raises a bare Exception for everything: its text is all there is to tell errors apart by.
_MAY_MATCH_TEXT = {"processing/store.py"}


def drawn() -> dict[str, str | None]:
    """Return the name of each error in the drawn tree, and that of the error it stands under."""
    parents: list[str] = []
    found: dict[str, str | None] = {}
    for line in (catalogue.errors.__doc__ or "").splitlines():
        match = re.match(r"    ((?:[│ ]   )*)(?:[├└]── )?([A-Z]\w+)\b", line)
        if match:
            depth = (match.end(1) - 4) // 4 + ("── " in line)
            del parents[depth:]
            found[match[2]] = parents[-1] if parents else None
            parents.append(match[2])
    return found


def errors(found: Iterable[Module]) -> dict[str, str]:
    """Return the first base of every exception class, by its name; private classes are included."""
    bases = {node.name: _last(node.bases[0]) for module in found for node in classes(module) if node.bases}

    def is_error(name: str) -> bool:
        builtin = getattr(builtins, name, None)
        if isinstance(builtin, type):
            return issubclass(builtin, BaseException)
        # The errors of a library are told by their names.
        return is_error(bases[name]) if name in bases else name.endswith(("Error", "Exception"))

    return {name: base for name, base in bases.items() if is_error(base)}


def outside(found: Mapping[str, str]) -> list[str]:
    """Return the exceptions that are no HubError."""
    return [name for name, base in found.items() if name != "HubError" and base != "HubError" and base not in found]


def _last(base: ast.expr) -> str:
    return ast.unparse(base).split("[")[0].rpartition(".")[2]


def test_every_error_is_a_hub_error() -> None:
    assert outside(errors(modules())) == []


def test_the_tree_is_drawn_as_it_is() -> None:
    actual = {name: base for name, base in errors(modules()).items() if not name.startswith("_")}
    assert drawn() == {**actual, "HubError": None}


def test_an_error_outside_the_tree_is_found() -> None:
    source = "class A(Exception): ...\nclass B(A): ...\nclass C(vendor.SomeError): ...\nclass D(dict[str, int]): ...\n"
    found = errors([parsed("a/x.py", source + "class HubError(Exception): ...\nclass E(HubError): ...\n")])
    assert outside(found) == ["A", "C"]
    assert found["B"] == "A"


def matched_texts(found: Iterable[Module]) -> list[str]:
    """Return ``path:line`` where something is looked for in the text of a value, as one does with errors."""
    return [
        f"{module.path}:{node.lineno}"
        for module in found
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Compare)
        and any(isinstance(operator, ast.In | ast.NotIn) for operator in node.ops)
        and any(isinstance(side, ast.Call) and ast.unparse(side.func) == "str" for side in node.comparators)
        and module.path not in _MAY_MATCH_TEXT
    ]


def test_no_text_of_an_error_is_matched() -> None:
    assert matched_texts(modules()) == []


def test_a_matched_text_is_found() -> None:
    assert matched_texts([parsed("a/x.py", "if 'timed out' in str(exc): ...\n")]) == ["a/x.py:1"]
