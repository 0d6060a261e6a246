"""The shares of a record in all series of an item, by one function that is compiled for them.

``rules.indicators.shares`` defines what a share is, and the plain definition of the indicators asks it, series by
series. For the merge that took a third of its time: it asked a dozen series of each record one by one, most of them in
vain. A compiled one asks what they have in common once, and calls that module for what is rare (decision 6 has the same
of Avro). A test holds the two equal.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from catalogue.model import FieldType
from rules.indicators import shares
from rules.indicators.conditions import RowCondition
from rules.indicators.facts import EXACT, Fact
from rules.indicators.series import THE_PERIOD, Series
from rules.indicators.shares import NEVER, TOTALS, Share

SharesOf = Callable[[Fact], list[tuple[Series, Share]]]
_AMOUNTS = frozenset({FieldType.MONEY, FieldType.NUMBER, FieldType.INTEGER, FieldType.YEAR})


def compile_shares(series: Iterable[Series]) -> SharesOf:
    """Return what gives the shares of a record in these series of one item, each with its series."""
    source = _Source()
    for every in _by_placing(series):
        source.add(every)
    return source.compiled()


def _by_placing(series: Iterable[Series]) -> Iterable[list[Series]]:
    """Return series together that lie where the same is asked of a record, so that it is asked once.

    Of those that look at rows of details, conditions are left to each.
    """
    found: dict[object, list[Series]] = {}
    for one in series:
        place = replace(one, where=None) if one.details is not None else one
        found.setdefault(place.placing, []).append(one)
    return found.values()


class _Source:
    """The lines of one function."""

    def __init__(self) -> None:
        self._head = [
            "data, effective, order, period = fact.data, fact.effective, fact.order, fact.period",
            "get, found = data.get, []",
            "add = found.append",
        ]
        self._lines: list[str] = []
        self._scope: dict[str, Any] = {
            "Decimal": Decimal, "EXACT": EXACT, "NEVER": NEVER, "Share": Share, "TOTALS": TOTALS,
            "cell_in": shares.cell_in, "date": date, "ending": shares.leave_of,
            # A named tuple's own constructor is a function that calls this one.
            "new": tuple.__new__, "of_period": shares.cell_of,
            "placed_at": shares.place_of, "placed_on": shares.placed_on, "valued": shares.valued,
        }  # fmt: skip
        self._numbers = itertools.count()
        # By the fields that say it, the variable with the day on which a record ceases to count, or on which it lies.
        self._leaves: dict[tuple[object, ...], str] = {}
        self._days: dict[str, str] = {}
        self._periods: set[int] = set()

    def add(self, every: Sequence[Series]) -> None:
        """Add the lines for series of one placing."""
        lead = self._named(every[0], "lead")
        leave = self._leave(every[0], lead)
        holds = [f"{leave} is not NEVER"] if leave != "None" else []
        holds += [self._condition(one) for one in every[0].public_when]
        if every[0].details is not None:
            self._details(every, lead, leave, holds)
            return
        if every[0].since is not None:
            # Few statements say what they cover.
            self._say(0, f"place = placed_at({lead}, data, fact, {leave}) if {' and '.join(holds) or 'True'} else None")
            self._say(0, "if place is not None:")
            self._say(1, "cell, enter, leave, day, is_total, part = place")
            self._shares(every, "leave", "day", "is_total", "part")
            return
        if every[0].where is not None:
            holds.append(self._condition(every[0].where))
        self._place(every, lead, leave, holds)

    def _details(self, every: Sequence[Series], lead: str, leave: str, holds: Sequence[str]) -> None:
        """Add the lines for series of the rows of one field: what several rows of one month say is added up."""
        one = every[0]
        self._say(0, f"if {' and '.join(holds) or 'True'}:")
        part = self._part(one, 1)
        known = [f"known_{next(self._numbers)}" for _ in every]
        self._say(1, f"{' = '.join(known)} = None")
        self._say(1, f"for row in get({one.details!r}) or ():")
        self._say(2, "get = row.get")
        self._say(2, f"day = {_placed_on(one, lead, 'row')}")
        # A row that tells no month has no share.
        self._say(2, "if day is None: continue")
        self._cell(one, lead, "day", 2)
        if leave != "None":
            self._say(2, f"if {leave} is not None and {leave} <= enter: continue")
        for own, name in zip(every, known, strict=True):
            depth = 2
            if own.where is not None:
                self._say(2, f"if {self._condition(own.where)}:")
                depth = 3
            self._number(own, "row", "day", depth)
            self._say(depth, f"if {name} is None: {name} = {{}}")
            self._say(depth, f"before = {name}.get(cell)")
            self._say(depth, "if before is not None and before[1] is not None: number = before[1] + (number or 0)")
            self._say(depth, f"{name}[cell] = enter, number")
        self._say(1, "get = data.get")
        for own, name in zip(every, known, strict=True):
            self._say(1, f"if {name} is not None:")
            self._say(2, f"for cell, (enter, number) in {name}.items():")
            share = f"new(Share, (cell, enter, {leave}, number, order, None, False, {part}))"
            self._say(3, f"add(({self._named(own, 'series')}, {share}))")

    def _place(self, every: Sequence[Series], lead: str, leave: str, holds: Sequence[str]) -> None:
        """Add the lines for series of the record itself."""
        one, depth = every[0], 1
        self._say(0, f"if {' and '.join(holds) or 'True'}:")
        if one.closing is not None and one.date_field is None:
            self._say(1, f"if period is None: cell, day = cell_in({lead}, effective), effective")
            self._say(1, f"else: cell, day = {self._period(one.closing.every)}, None")
            self._say(1, "enter = effective")
            day = "day"
        else:
            day = "effective" if one.date_field is None else self._day(one, lead)
            self._cell(one, lead, day, 1)
        if leave != "None":
            self._say(1, f"if {leave} is None or {leave} > enter:")
            depth = 2
        is_total = "False"
        if one.totals is not None:
            self._say(depth, f"is_total = str(get({one.totals!r}) or '').strip() in TOTALS")
            is_total = "is_total"
        self._shares(every, leave, day, is_total, self._part(one, depth), depth)

    def _cell(self, one: Series, lead: str, day: str, depth: int) -> None:
        """Add the lines that find the cell of a day, and from when on what lies in it counts."""
        if one.closing is not None:
            month = f"{day}.year * 12 + {day}.month - 1"
            self._say(
                depth, f"enter, cell = effective, {month if one.closing.every == 1 else f'cell_in({lead}, {day})'}"
            )
        elif day == "effective":
            self._say(depth, "enter, cell = effective, effective.toordinal()")
        else:
            self._say(depth, f"enter, cell = effective if {day} < effective else {day}, {day}.toordinal()")

    def _part(self, one: Series, depth: int) -> str:
        """Add the line that finds the account, if there is one, and return its name."""
        if one.by is None:
            return "None"
        self._say(depth, f"part = str({'period' if one.by == THE_PERIOD else f'get({one.by!r})'} or '')")
        return "part"

    def _shares(self, every: Sequence[Series], leave: str, day: str, is_total: str, part: str, depth: int = 1) -> None:
        """Add the lines that make the shares; ``cell`` and ``enter`` are known."""
        bare = [one for one in every if one.value is None]
        for number, one in enumerate(bare):
            if not number:
                # What is counted and has no number is the same share in all of them.
                self._say(depth, f"share = new(Share, (cell, enter, {leave}, None, order, None, {is_total}, {part}))")
            self._say(depth, f"add(({self._named(one, 'series')}, share))")
        for one in every:
            if one.value is None:
                continue
            name = self._number(one, "data", day, depth)
            if one.ranks:
                self._say(depth, "if number is not None:")
            share = f"new(Share, (cell, enter, {leave}, number, order, text, {is_total}, {part}))"
            self._say(depth + bool(one.ranks), f"add(({name}, {share}))")

    def _number(self, one: Series, data: str, day: str, depth: int) -> str:
        """Add the lines that find number and text; return the name of the series."""
        name = self._named(one, "series")
        general = f"number, text = valued({name}, {data}, {day}, cell)"
        if one.value is None:
            self._say(depth, "number = text = None")
        elif one.value_type in _AMOUNTS and not one.ranks:
            self._say(depth, f"value = get({one.value!r})")
            self._say(depth, "if value.__class__ is Decimal: number, text = int(value.scaleb(6, EXACT)), None")
            self._say(depth, "elif value is None: number = text = None")
            self._say(depth, f"else: {general}")
        elif one.is_of_texts:
            self._say(depth, f"value = get({one.value!r})")
            self._say(depth, "if value.__class__ is str and value: number, text = None, value")
            self._say(depth, f"else: {general}")
        else:
            self._say(depth, general)
        return name

    def _period(self, every: int) -> str:
        """Return what finds the cell of the record's period, once."""
        name = f"period_{every}"
        if every not in self._periods:
            self._periods.add(every)
            self._head.append(f"{name} = None")
        return f"{name} if {name} is not None else ({name} := of_period({every}, period))"

    def _leave(self, one: Series, lead: str) -> str:
        if not one.ends:
            return "None"
        by = one.until, one.through
        if by not in self._leaves:
            name = self._leaves[by] = f"leave_{next(self._numbers)}"
            self._head.append(f"{name} = ending({lead}, fact)")
        return self._leaves[by]

    def _day(self, one: Series, lead: str) -> str:
        assert one.date_field is not None, "it is asked of a series that has one"
        if one.date_field not in self._days:
            name = self._days[one.date_field] = f"day_{next(self._numbers)}"
            self._head.append(f"{name} = {_placed_on(one, lead, 'data')}")
        return self._days[one.date_field]

    def _condition(self, condition: RowCondition) -> str:
        self._scope.update(condition.constants)
        return condition.source

    def _named(self, one: Series, kind: str) -> str:
        name = f"{kind}_{next(self._numbers)}"
        self._scope[name] = one
        return name

    def _say(self, depth: int, line: str) -> None:
        self._lines.append("    " * depth + line)

    def compiled(self) -> SharesOf:
        """Return the function."""
        lines = (*self._head, *self._lines, "return found")
        exec("def shares_of(fact):\n" + "\n".join("    " + line for line in lines), self._scope)
        found: SharesOf = self._scope["shares_of"]
        return found


def _placed_on(one: Series, lead: str, data: str) -> str:
    """Return what finds the day of a record or a row; most that name one name a plain date."""
    general = f"placed_on({lead}, {data}, fact)"
    if one.date_field is None:
        return general
    return f"day if (day := {data}.get({one.date_field!r})).__class__ is date else {general}"
