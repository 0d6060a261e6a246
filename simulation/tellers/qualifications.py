"""Farms and builders' qualifications: items 49–51, 60 and 61."""

from datetime import timedelta

from simulation.setting import CellValue, DrawCells, Setting, Teller

_LASTS_DAYS = 2300  # how far back qualifications reach: some have run out


def _cooperative(s: Setting) -> tuple[CellValue, ...]:
    return (("县级", "县级", "市级", "市级", "省级", "国家级")[int(s.enterprise.chance(0, 49) * 6)],)


def _leading(s: Setting) -> tuple[CellValue, ...] | None:
    e, year = s.enterprise, s.moment.end.year
    if e.chance(year, 50) < 0.15:
        return None
    level = int(e.chance(0, 50) * 3) + (1 if e.chance(1, 50) < 0.3 and year % 3 == 2 else 0)
    return year, ("县级", "市级", "省级", "国家级")[level]


def _operator(s: Setting) -> tuple[CellValue, ...]:
    return (("家庭农场", "农民专业合作社", "农业企业")[s.moment.number],)


def _operators(s: Setting) -> tuple[CellValue, ...] | None:
    return None if s.moment.number and s.rng.random() < 0.8 else _operator(s)


def _qualification(seq: int) -> DrawCells:
    def tell(s: Setting) -> tuple[CellValue, ...] | None:
        e, number = s.enterprise, s.moment.number
        if number and s.rng.random() < 0.45:
            return None
        days = min((e.ended - e.founded).days, _LASTS_DAYS)
        when = e.ended - timedelta(days=int(e.chance(number, seq) * days))
        term = 3 if e.chance(number, seq + 100) < 0.3 else 5
        is_over = when + timedelta(days=365 * term) <= s.as_of
        drawn = s.rng.random()
        status = "失效" if is_over and drawn < 0.6 else "注销" if drawn < 0.04 else "撤销" if drawn < 0.05 else "有效"
        return when, "三年" if term == 3 else "五年", status

    return tell


_QUALIFICATION = ("decision_date", "validity_period", "license_status")
TELLERS = {
    49: Teller(("demonstration_level",), _cooperative),
    50: Teller(("year", "enterprise_level"), _leading),
    51: Teller(("category",), _operators),
    60: Teller(_QUALIFICATION, _qualification(60)),
    61: Teller(_QUALIFICATION, _qualification(61)),
}
