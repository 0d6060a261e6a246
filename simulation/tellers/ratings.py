"""What bodies think of an enterprise in a year: items 31 and 33–40 (32 is with the taxes)."""

from datetime import date, timedelta

from simulation.setting import CellValue, DrawCells, Setting, Teller

_LEAST = (1.1, 0.1, -0.9, -1.7)


def _step(s: Setting, about: int, spread: float = 0.9) -> int:
    """Return a grade from 0, the best, to 4: by quality, what the body looks at, and luck."""
    e = s.enterprise
    seen = 0.9 * s.quality + 0.4 * e.traits[about % len(e.traits)] + spread * (e.chance(s.month, 3000 + about) - 0.5)
    return next((step for step, least in enumerate(_LEAST) if seen >= least), 4)


def _public_credit(s: Setting) -> tuple[CellValue, ...]:
    step = _step(s, 31)
    score = min(100.0, max(20.0, 92 - 9.5 * step + 8 * (s.enterprise.chance(s.month, 311) - 0.5)))
    return s.moment.end.year, round(score, 1), ("优", "优", "良", "中", "差")[step]


def _market(s: Setting) -> tuple[CellValue, ...]:
    who = "施工企业" if s.enterprise.chance(0, 33) < 0.8 else "建设单位"
    return s.moment.end.year, who, ("AAA", "AA", "A", "B", "C")[_step(s, 33)]


def _valid(seq: int, grades: tuple[str, ...]) -> DrawCells:
    def tell(s: Setting) -> tuple[CellValue, ...] | None:
        e = s.enterprise
        if e.chance(s.month, 3100 + seq) < 0.1:
            return None
        when = date(s.moment.end.year, 2 + int(e.chance(s.month, 3200 + seq) * 10), 20)
        if when > e.ended:
            return None
        years = (1, 1, 2, 3)[int(e.chance(0, 3300 + seq) * 4)]
        drawn = e.chance(s.month, 3400 + seq)
        status = "撤销" if drawn < 0.02 else "失效" if drawn < 0.06 else "有效"
        return grades[_step(s, seq)], when, when, when + timedelta(days=365 * years), status

    return tell


def _highway(seq: int) -> DrawCells:
    def tell(s: Setting) -> tuple[CellValue, ...]:
        step = _step(s, seq)
        score = 96 - 7 * step + 6 * (s.enterprise.chance(s.month, 3500 + seq) - 0.5)
        return s.moment.end.year, ("AA", "A", "B", "C", "D")[step], round(score, 1)

    return tell


def _bond(s: Setting) -> tuple[CellValue, ...]:
    return s.moment.end.year, ("AAA", "AAA", "AA+", "AA")[int(s.enterprise.chance(0, 40) * 4)]


_VALID_FIELDS = ("grade", "evaluation_date", "valid_from", "valid_until", "current_status")
_HIGHWAY_FIELDS = ("evaluation_year", "grade", "score")
TELLERS = {
    31: Teller(("evaluation_year", "score", "grade"), _public_credit),
    33: Teller(("evaluation_year", "subject_type", "grade"), _market),
    34: Teller(_VALID_FIELDS, _valid(34, ("AAA", "AA", "A", "B", "C"))),
    35: Teller(_VALID_FIELDS, _valid(35, ("优秀", "优秀", "良好", "合格", "不合格"))),
    36: Teller(
        _VALID_FIELDS, _valid(36, ("环保诚信企业", "环保良好企业", "环保良好企业", "环保警示企业", "环保不良企业"))
    ),
    37: Teller(_HIGHWAY_FIELDS, _highway(37)),
    38: Teller(_HIGHWAY_FIELDS, _highway(38)),
    39: Teller(_HIGHWAY_FIELDS, _highway(39)),
    40: Teller(("evaluation_year", "grade"), _bond),
}
