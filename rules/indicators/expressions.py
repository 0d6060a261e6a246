"""Expressions of indicators: functions of series over windows, and what may be calculated with them.

    sum(tax_paid, 12)                        the last 12 closed months, or 12 months up to the business date
    sum(tax_paid, 12, offset=12)             the twelve before them
    growth(tax_paid, 12, over=12)            sum(tax_paid, 12) / sum(tax_paid, 12, offset=12) - 1
    zero(sum(arrears)) / sum(tax_paid, 12)   without a window: ever; zero(x) is 0 where x is unknown
    any(count(arrears_now))                  1 where it is known and not 0, else 0
    greatest(last(one), last(other))         the largest of those that are known; least() likewise
    sum(tax.paid, 12)                        of a series of another file, where sources are set against each other

They are read with Python's own grammar, of which few nodes are allowed, and calculated in exact fractions. What is
unknown, and a quotient by zero, makes the whole unknown. A value is rounded once, half even, to six decimals.
"""

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from catalogue.months import month_number, month_of, months_before
from rules.indicators.facts import MILLION
from rules.indicators.functions import (
    FUNCTIONS,
    OF_NUMBERS,
    OF_PERIODS,
    TOLD_AT_ONCE,
    WINDOWED,
    CellWindow,
    Value,
)
from rules.indicators.series import Series
from rules.indicators.shares import Share
from rules.indicators.windows import window_end

MOST_MONTHS = 60
"""As far back as a window may reach; beyond lies ``ever``."""
_OF_SUMS = frozenset({"sum", "mean", "trend", "variation"})
AtomValues = Mapping[str, Value]
"""What the functions of series come to on a day, by ``Atom.key``."""
_Evaluate = Callable[[AtomValues], Value]
_AMONG: Mapping[str, Callable[[Iterable[int | Fraction]], int | Fraction]] = {"least": min, "greatest": max}


@dataclass(frozen=True, slots=True)
class Atom:
    """A function of one series over one window; ``months`` None: ever."""

    function: str
    series: Series
    months: int | None
    offset: int = 0

    @property
    def is_told_at_once(self) -> bool:
        """Whether it does not wait for a period to be closed: a level that one record says whole."""
        return self.function in TOLD_AT_ONCE and not self.offset and self.series.by is None

    @property
    def key(self) -> str:
        """The name by which its value is known."""
        return f"{self.series.key}/{self.function}/{self.months or 'ever'}/{self.offset}"

    def window(self, day: date) -> CellWindow:
        """Return the cells that it looks at on a day."""
        closing, months, at = self.series.closing, self.months, self.offset
        if closing is None:
            high = months_before(day, at) if at else day
            return CellWindow(-1 if months is None else months_before(day, at + months).toordinal(), high.toordinal(),
                          months is None)  # fmt: skip
        closed = closing.closed(day) - at
        low = -1 if months is None else closed - months
        if self.is_told_at_once:
            closed = month_number(day)
        return CellWindow(low, closed, months is None)

    def begins(self, share: Share) -> date:
        """Return the first day on which a share lies in the window."""
        closing = self.series.closing
        if closing is None:
            placed = date.fromordinal(share.cell)
            moved = window_end(placed, self.offset) if self.offset else placed
            return max(share.enter, moved or date.max)
        if self.is_told_at_once:
            return max(share.enter, date(*month_of(share.cell), 1))
        return max(share.enter, closing.closes_on(share.cell + self.offset))

    def ends(self, share: Share) -> date | None:
        """Return the first day on which it no longer does; None: it stays."""
        end: date | None = None
        if self.months is not None:
            reach, closing = self.offset + self.months, self.series.closing
            placed = share.cell
            end = closing.closes_on(placed + reach) if closing else window_end(date.fromordinal(placed), reach)
        return min((day for day in (share.leave, end) if day is not None), default=None)


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that was read; ``atoms``: what it is calculated from."""

    text: str
    atoms: tuple[Atom, ...]
    _evaluate: _Evaluate = field(repr=False, compare=False)

    def value(self, values: AtomValues) -> int | None:
        """Return the value in millionths, rounded half even; None where it is unknown."""
        found = self._evaluate(values)
        return None if found is None else round(found)


def read_expression(text: str, series: Mapping[str, Series]) -> Expression:
    """Read an expression over these series, by their names; raises ValueError, with the reason, for what is none."""
    reader = _Reader(text, series)
    try:
        evaluate = reader.read(ast.parse(text, mode="eval").body)
    except SyntaxError as exc:
        raise ValueError(f"{text!r} is no expression: {exc.msg}") from exc
    if not reader.atoms:
        raise ValueError(f"{text!r} looks at no series")
    return Expression(text, tuple(dict.fromkeys(reader.atoms)), evaluate)


_How = Callable[[int | Fraction, int | Fraction], Value]


class _Reader:
    def __init__(self, text: str, series: Mapping[str, Series]) -> None:
        self._text, self._series = text, series
        self.atoms: list[Atom] = []

    def read(self, node: ast.expr) -> _Evaluate:
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return _calculated(_OPERATORS[type(node.op)], self.read(node.left), self.read(node.right))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return _calculated(operator.sub, _constant(Fraction(0)), self.read(node.operand))
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            return _constant(Fraction(str(node.value)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self._called(node, node.func.id)
        raise ValueError(f"{self._text!r}: {ast.unparse(node)!r} is not allowed")

    def _called(self, node: ast.Call, name: str) -> _Evaluate:
        if name == "zero":
            if len(node.args) != 1 or node.keywords:
                raise ValueError(f"{self._text!r}: zero() takes one expression")
            inner = self.read(node.args[0])
            return lambda values: inner(values) or 0
        if name == "any":
            if len(node.args) != 1 or node.keywords:
                raise ValueError(f"{self._text!r}: any() takes one expression")
            asked = self.read(node.args[0])
            return lambda values: MILLION if asked(values) else 0
        if name in _AMONG:
            if len(node.args) < 2 or node.keywords:
                raise ValueError(f"{self._text!r}: {name}() takes several expressions")
            return _among(_AMONG[name], [self.read(one) for one in node.args])
        named = {one.arg: self._months(one.value) for one in node.keywords}
        if name == "growth":
            months, over = self._window(node), named.pop("over", None)
            if months is None or named:
                raise ValueError(f"{self._text!r}: growth() is of a series and a window, with over=MONTHS or without")
            now = self._atom(node, "sum", months, 0)
            before = self._atom(node, "sum", months, over or months)
            return _calculated(operator.sub, _calculated(_over, now, before), _constant(Fraction(1)))
        if name not in FUNCTIONS:
            raise ValueError(f"{self._text!r}: there is no {name}(); there are {', '.join(sorted(FUNCTIONS))}")
        offset = named.pop("offset", 0)
        if named:
            raise ValueError(f"{self._text!r}: {name}() knows no {', '.join(str(one) for one in named)}")
        return self._atom(node, name, self._window(node), offset)

    def _window(self, node: ast.Call) -> int | None:
        if not 1 <= len(node.args) <= 2:
            raise ValueError(f"{self._text!r}: {ast.unparse(node)!r} is not of a series and a window")
        return self._months(node.args[1]) if len(node.args) == 2 else None

    def _months(self, node: ast.expr) -> int:
        if not (isinstance(node, ast.Constant) and type(node.value) is int and node.value > 0):
            raise ValueError(f"{self._text!r}: {ast.unparse(node)!r} is no number of months")
        return node.value

    def _atom(self, node: ast.Call, name: str, months: int | None, offset: int) -> _Evaluate:
        series = self._named(node.args[0])
        if months is None and offset:
            raise ValueError(f"{self._text!r}: what is of all time has no offset")
        if (months or 0) + offset > MOST_MONTHS:
            raise ValueError(f"{self._text!r}: a window reaches back {MOST_MONTHS} months at most")
        if name in OF_PERIODS and not series.of_periods:
            raise ValueError(f"{self._text!r}: {name}() is of periods, and {series.id} lies on days")
        if series.closing is not None and ((months or 0) % series.closing.every or offset % series.closing.every):
            raise ValueError(f"{self._text!r}: {series.id} has periods of {series.closing.every} months")
        if name in WINDOWED and months is None:
            raise ValueError(f"{self._text!r}: {name}() takes a window")
        if name in OF_NUMBERS and not series.is_numeric:
            raise ValueError(f"{self._text!r}: {series.id} brings no numbers")
        if name in _OF_SUMS and not series.adds_up:
            raise ValueError(f"{self._text!r}: days and ranks do not add up")
        if name == "distinct" and not (series.is_of_texts and (months is not None or series.of_periods)):
            raise ValueError(f"{self._text!r}: distinct() is of a series with a text, within a window")
        atom = Atom(name, series, months, offset)
        self.atoms.append(atom)
        return operator.itemgetter(atom.key)

    def _named(self, node: ast.expr) -> Series:
        found = self._series.get(ast.unparse(node))
        if found is None:
            raise ValueError(f"{self._text!r}: there is no series {ast.unparse(node)}")
        return found


def _constant(number: Fraction) -> _Evaluate:
    said = number * MILLION
    scaled = said.numerator if said.denominator == 1 else said
    return lambda values: scaled


def _calculated(how: _How, left: _Evaluate, right: _Evaluate) -> _Evaluate:
    """Return the two combined; unknown when one of them is, or when it divides by zero."""

    def evaluate(values: AtomValues) -> Value:
        a = left(values)
        if a is None:
            return None
        b = right(values)
        return None if b is None else how(a, b)

    return evaluate


def _times(a: int | Fraction, b: int | Fraction) -> Value:
    product = a * b
    if isinstance(product, int) and not product % MILLION:
        # By a whole number, as most are: whole numbers take a tenth of a fraction's time.
        return product // MILLION
    return Fraction(product, MILLION)


def _over(a: int | Fraction, b: int | Fraction) -> Value:
    return Fraction(a * MILLION, b) if b else None


_OPERATORS: Mapping[type[ast.operator], _How] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: _times, ast.Div: _over,
}  # fmt: skip


def _among(choose: Callable[[Iterable[int | Fraction]], int | Fraction], parts: list[_Evaluate]) -> _Evaluate:
    """Return one of those that are known; unknown where none is."""

    def evaluate(values: AtomValues) -> Value:
        known = [said for one in parts if (said := one(values)) is not None]
        return choose(known) if known else None

    return evaluate


def boundaries(atoms: Iterable[Atom]) -> dict[str, frozenset[int]]:
    """Return by the series' keys how many months back the windows of some atoms begin or end."""
    found: dict[str, set[int]] = {}
    for atom in atoms:
        own = found.setdefault(atom.series.key, set())
        if atom.offset:
            own.add(atom.offset)
        if atom.months is not None:
            own.add(atom.offset + atom.months)
    return {series: frozenset(own) for series, own in found.items()}
