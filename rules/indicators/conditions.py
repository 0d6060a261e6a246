"""Conditions on a record's fields, as definitions write them: Python's own comparisons, of which few are allowed.

    litigation_status in ("被告", "被执行人") and fine_amount >= 10000 and filled(closing_date)

A field that is empty fulfils no comparison. Texts are compared as texts, and a code by its meaning, too. In
a field with several words (处罚类别: 警告；罚款) ``has(penalty_type, "罚款")`` finds each.
"""

import ast
import itertools
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from catalogue.model import Field, FieldType

Get = Callable[[str], Any]
"""Returns what a field of a record says; None where it is empty."""
_NUMBERS = frozenset({FieldType.MONEY, FieldType.NUMBER, FieldType.INTEGER, FieldType.YEAR})
_TRUE, _FALSE = ("true", "是", "True"), ("false", "否", "False")
_ORDERS: Mapping[type[ast.cmpop], str] = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_AMONG: Mapping[type[ast.cmpop], str] = {ast.Eq: "", ast.In: "", ast.NotEq: "not ", ast.NotIn: "not "}
# Conditions of several series become parts of one function: each constant has a name of its own.
_CONSTANTS = itertools.count()


_BETWEEN = re.compile(r"[;；,，、/\s]+")


def words_of(cell: Any) -> list[str]:
    """Return the words that a cell with several of them holds."""
    return [word for word in _BETWEEN.split(str(cell or "")) if word]


class RowCondition:
    """A condition on the fields of a record; raises ValueError for what is none. ``reads``: the fields it looks at.

    It becomes an expression of Python's, ``source``, over ``get`` (a record's ``dict.get``) and ``constants``: one that
    is compiled takes half the time of functions that call each other, and each record is asked a dozen.
    """

    def __init__(self, text: str, fields: Iterable[Field]) -> None:
        self.text = text
        self.constants: dict[str, Any] = {"Decimal": Decimal}
        self._fields = {one.name: one for one in fields}
        self._names: set[str] = set()
        try:
            self.source = self._read(ast.parse(text, mode="eval").body)
            # Of the definition's text nothing is in it but the names of fields: all else are constants.
            self._holds: Callable[[Get], bool] = eval(f"lambda get: {self.source}", self.constants)
        except SyntaxError as exc:
            raise ValueError(f"{text!r} is no condition: {exc.msg}") from exc
        self.reads = frozenset(self._names)

    def holds(self, data: Mapping[str, Any]) -> bool:
        """Whether it holds for a record."""
        return self._holds(data.get)

    def __repr__(self) -> str:
        # What codes mean is part of it: where that changes, stored indicators are made anew.
        codes = {name: sorted((self._fields[name].codes or {}).items()) for name in sorted(self.reads)}
        return f"RowCondition({self.text!r}, {codes})"

    def _read(self, node: ast.expr) -> str:
        if isinstance(node, ast.BoolOp):
            word = " and " if isinstance(node.op, ast.And) else " or "
            return f"({word.join([self._read(one) for one in node.values])})"
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return f"(not {self._read(node.operand)})"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "filled":
            if len(node.args) != 1:
                raise ValueError(f"{self.text!r}: filled() takes one field")
            return f"(get({self._field(node.args[0])!r}) not in {self._constant((None, '', []))})"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "has":
            if len(node.args) < 2 or node.keywords:
                raise ValueError(f"{self.text!r}: has() takes a field and words")
            name = self._field(node.args[0])
            has = _has(self._fields[name].codes or {}, [str(self._literals(one)[0]) for one in node.args[1:]])
            return f"{self._constant(has)}(get({name!r}))"
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return self._compared(node.left, node.ops[0], node.comparators[0])
        raise ValueError(
            f"{self.text!r}: {ast.unparse(node)!r} is no condition; say FIELD == VALUE, FIELD in (…) or so"
        )

    def _compared(self, left: ast.expr, how: ast.cmpop, right: ast.expr) -> str:
        name = self._field(left)
        field, is_filled = self._fields[name], f"(said := get({name!r})) is not None"
        if type(how) in _ORDERS:
            if field.type not in _NUMBERS:
                raise ValueError(f"{self.text!r}: {name} is no number")
            limit = self._constant(Decimal(str(self._literals(right)[0])))
            return f"({is_filled} and Decimal(said) {_ORDERS[type(how)]} {limit})"
        wanted = self._literals(right)
        if type(how) not in _AMONG:
            raise ValueError(f"{name} cannot be compared so")
        if field.type in _NUMBERS:
            among = f"Decimal(said) in {self._constant({Decimal(str(one)) for one in wanted})}"
        else:
            texts, is_said = _texts(field.codes or {}, {str(one) for one in wanted})
            # Nearly all are texts; else it is a yes or no, or another type of somebody else's schema.
            among = f"said in {self._constant(texts)} if said.__class__ is str else {self._constant(is_said)}(said)"
        return f"({is_filled} and {_AMONG[type(how)]}({among}))"

    def _constant(self, value: Any) -> str:
        name = f"constant_{next(_CONSTANTS)}"
        self.constants[name] = value
        return name

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


def _has(codes: Mapping[str, str], words: Collection[str]) -> Callable[[Any], bool]:
    """Return whether a cell names one of some words."""

    def has(cell: Any) -> bool:
        return any(one in words or codes.get(one) in words for one in words_of(cell))

    return has


def _texts(codes: Mapping[str, str], wanted: set[str]) -> tuple[frozenset[str], Callable[[Any], bool]]:
    """Return the texts that are one of those wanted, and whether what is no text is."""
    # Departments write the code or its meaning.
    meant = wanted | {codes[one] for one in wanted if one in codes}
    texts = frozenset(meant | {code for code, meaning in codes.items() if meaning in meant})

    def is_said(value: Any) -> bool:
        if isinstance(value, bool):
            return not meant.isdisjoint(_TRUE if value else _FALSE)
        return str(value) in texts

    return texts, is_said
