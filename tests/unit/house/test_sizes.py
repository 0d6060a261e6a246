"""Modules and classes stay small enough to be read at once, and no room outgrows the others."""

import statistics
from collections import Counter
from collections.abc import Iterable

from tests.unit.house.product import Module, classes, modules, parsed

_LONGEST_MODULE_LINES = 300
_LONGEST_CLASS_LINES = 200
_MEDIAN_MODULE_LINES = 110
_LARGEST_SHARE = 0.25


def too_long(found: Iterable[Module]) -> list[str]:
    """Return the modules and classes that are longer than they may be."""
    long = []
    for module in found:
        if module.lines > _LONGEST_MODULE_LINES:
            long.append(f"{module.path}: {module.lines} lines")
        for node in classes(module):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > _LONGEST_CLASS_LINES:
                long.append(f"{module.path}: class {node.name}: {lines} lines")
    return long


def too_large(found: Iterable[Module]) -> list[str]:
    """Return the rooms that hold too large a share of the product's lines."""
    lines: Counter[str] = Counter()
    for module in found:
        lines[module.room] += module.lines
    return [
        f"{room}: {count} of {lines.total()} lines"
        for room, count in lines.most_common()
        if count > _LARGEST_SHARE * lines.total()
    ]


def test_half_of_the_modules_are_short() -> None:
    # Empty packages would make the median look better than it is.
    assert statistics.median(m.lines for m in modules() if m.lines > 10) <= _MEDIAN_MODULE_LINES


def test_no_room_holds_more_than_a_quarter_of_the_product() -> None:
    assert too_large(modules()) == []


def test_no_module_and_no_class_is_too_long() -> None:
    assert too_long(modules()) == []


def test_the_check_finds_what_it_is_for() -> None:
    long = parsed("hub/x.py", "class Long:\n" + "    a = 1\n" * 300)
    short = parsed("bus/y.py", "a = 1\n" * 20)
    assert too_long([long, short]) == ["hub/x.py: 301 lines", "hub/x.py: class Long: 301 lines"]
    assert too_large([long, short]) == ["hub: 301 of 321 lines"]
