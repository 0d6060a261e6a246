"""A name has one meaning in the whole product, and it is the field's word."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.unit.house.product import Module, classes, modules, parsed

# What these were called before, and what they are called now: see the words in docs and ARCHITECTURE.
_FORMER_WORDS = ("told_day", "say_date", "splice", "national")


def repeated_classes(found: Iterable[Module]) -> dict[str, list[str]]:
    """Return the public class names that occur more than once, with their modules."""
    places: dict[str, list[str]] = defaultdict(list)
    for module in found:
        for node in classes(module):
            if not node.name.startswith("_"):
                places[node.name].append(module.path)
    return {name: paths for name, paths in sorted(places.items()) if len(paths) > 1}


def defined_names(module: Module) -> Iterator[str]:
    """Yield every name that a module defines: classes, functions, parameters and variables."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def former_words(found: Iterable[Module]) -> list[str]:
    """Return ``path: name`` of every defined name that holds a former word."""
    return sorted(
        {
            f"{module.path}: {name}"
            for module in found
            for name in defined_names(module)
            if any(word in name.lower() for word in _FORMER_WORDS)
        }
    )


def test_names_are_the_words_that_were_decided() -> None:
    assert former_words(modules()) == []


def test_a_public_class_name_has_one_meaning() -> None:
    assert repeated_classes(modules()) == {}


def test_the_check_finds_what_it_is_for() -> None:
    one = parsed("a/x.py", "class Turned: ...\nclass _Own: ...\ndef told_day(): ...\n")
    other = parsed("b/y.py", "class Turned: ...\nclass _Own: ...\ndef f(national): ...\n")
    assert repeated_classes([one, other]) == {"Turned": ["a/x.py", "b/y.py"]}
    assert former_words([one, other]) == ["a/x.py: told_day", "b/y.py: national"]
