"""Conditions on a record's fields, as definitions write them: Python's own comparisons, of which few are allowed.

    litigation_status in ("被告", "被执行人") and fine_amount >= 10000 and filled(closing_date)

A field that is empty fulfils no comparison. Texts are compared as texts, and a code by its meaning, too. In
a field with several words (处罚类别: 警告；罚款) ``has(penalty_type, "罚款")`` finds each.
"""

import ast
import operator
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from catalogue.model import Field, FieldType

Holds = Callable[[Mapping[str, Any]], bool]
_NUMBERS = frozenset({FieldType.MONEY, FieldType.NUMBER, FieldType.INTEGER, FieldType.YEAR})
_TRUE, _FALSE = ("true", "是", "True"), ("false", "否", "False")
_ORDERS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip


_BETWEEN = re.compile(r"[;；,，、/\s]+")


def words_of(cell: Any) -> list[str]:
    """Return the words that a cell with several of them holds."""
    return [word for word in _BETWEEN.split(str(cell or "")) if word]


class RowCondition:
    """A condition on the fields of a record; raises ValueError for what is none. ``reads``: the fields it looks at."""

    def __init__(self, text: str, fields: Iterable[Field]) -> None:
        self.text = text
        self._fields = {one.name: one for one in fields}
        self._names: set[str] = set()
        try:
            self.holds = self._read(ast.parse(text, mode="eval").body)
        except SyntaxError as exc:
            raise ValueError(f"{text!r} is no condition: {exc.msg}") from exc
        self.reads = frozenset(self._names)

    def __repr__(self) -> str:
        # What codes mean is part of it: where that changes, stored indicators are made anew.
        codes = {name: sorted((self._fields[name].codes or {}).items()) for name in sorted(self.reads)}
        return f"RowCondition({self.text!r}, {codes})"

    def _read(self, node: ast.expr) -> Holds:
        if isinstance(node, ast.BoolOp):
            return _all_or_any(isinstance(node.op, ast.And), [self._read(one) for one in node.values])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self._read(node.operand)
            return lambda data: not inner(data)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "filled":
            if len(node.args) != 1:
                raise ValueError(f"{self.text!r}: filled() takes one field")
            name = self._field(node.args[0])
            return lambda data: data.get(name) not in (None, "", [])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "has":
            if len(node.args) < 2 or node.keywords:
                raise ValueError(f"{self.text!r}: has() takes a field and words")
            return self._has(self._field(node.args[0]), [str(self._literals(one)[0]) for one in node.args[1:]])
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return self._compared(node.left, node.ops[0], node.comparators[0])
        raise ValueError(
            f"{self.text!r}: {ast.unparse(node)!r} is no condition; say FIELD == VALUE, FIELD in (…) or so"
        )

    def _compared(self, left: ast.expr, how: ast.cmpop, right: ast.expr) -> Holds:
        name = self._field(left)
        field = self._fields[name]
        if type(how) in _ORDERS:
            if field.type not in _NUMBERS:
                raise ValueError(f"{self.text!r}: {name} is no number")
            order, limit = _ORDERS[type(how)], Decimal(str(self._literals(right)[0]))
            return lambda data: data.get(name) is not None and order(Decimal(data[name]), limit)
        wanted = self._literals(right)
        if field.type in _NUMBERS:
            return _among({Decimal(str(one)) for one in wanted}, how, lambda data: Decimal(data[name]), name)

        codes = field.codes or {}
        texts = {str(one) for one in wanted}
        # Departments write the code or its meaning.
        texts |= {codes[one] for one in texts if one in codes}

        def said(data: Mapping[str, Any]) -> str:
            value = data[name]
            if isinstance(value, bool):
                words = _TRUE if value else _FALSE
                return next((word for word in words if word in texts), words[0])
            text = str(value)
            return text if text in texts else codes.get(text, text)

        return _among(texts, how, said, name)

    def _has(self, name: str, words: Collection[str]) -> Holds:
        codes = self._fields[name].codes or {}

        def holds(data: Mapping[str, Any]) -> bool:
            said = words_of(data.get(name))
            return any(one in words or codes.get(one) in words for one in said)

        return holds

    def _literals(self, node: ast.expr) -> tuple[Any, ...]:
        """Return what a field is compared with: a text or a number, or several."""
        try:
            said = ast.literal_eval(node)
        except ValueError:
            raise ValueError(f"{self.text!r}: {ast.unparse(node)!r} is no text and no number") from None
        found = said if isinstance(said, tuple | list) else (said,)
        if not all(isinstance(one, str | int | float) for one in found):
            raise ValueError(f"{self.text!r}: {ast.unparse(node)!r} is no text and no number, and no list of these")
        return tuple(found)

    def _field(self, node: ast.expr) -> str:
        if not isinstance(node, ast.Name):
            raise ValueError(f"{self.text!r}: {ast.unparse(node)!r} is no field")
        if node.id not in self._fields:
            raise ValueError(f"{self.text!r}: there is no field {node.id}")
        self._names.add(node.id)
        return node.id


def _among(wanted: Collection[Any], how: ast.cmpop, said: Callable[[Mapping[str, Any]], Any], name: str) -> Holds:
    """Return whether what a filled field says is one of these, or is none of them."""
    if isinstance(how, ast.Eq | ast.In):
        return lambda data: data.get(name) is not None and said(data) in wanted
    if isinstance(how, ast.NotEq | ast.NotIn):
        return lambda data: data.get(name) is not None and said(data) not in wanted
    raise ValueError(f"{name} cannot be compared so")


def _all_or_any(every: bool, parts: list[Holds]) -> Holds:
    return (lambda data: all(p(data) for p in parts)) if every else (lambda data: any(p(data) for p in parts))
