"""Social insurance and the housing fund: items 25, 26, 29 and 30."""

from datetime import date, timedelta

from simulation import business
from simulation.enterprises import Enterprise
from simulation.setting import CellValue, Setting, Teller

_BILL, _FUND_BILL = 250, 300
_KINDS = (("110", 0.24), ("210", 0.01), ("410", 0.01))
_ALL_RATES = 0.26
_MISSED, _SECOND_ACCOUNT = 0.005, 0.1


def _insured(s: Setting) -> int:
    e = s.enterprise
    return max(1, round(s.staff * min(1.0, 0.35 + 0.9 * e.chance(0, 260))))


def _payment(s: Setting) -> tuple[CellValue, ...] | None:
    e, month = s.enterprise, s.month
    style, part = e.chance(0, 25), s.moment.part
    if e.chance(month, _BILL + 1) < _MISSED:
        return None
    heads, account, kind, rate = _insured(s), 0, None, _ALL_RATES
    if style < 0.07:
        # Three kinds, and where there are four rows their total.
        kind, rate = _KINDS[part] if part < len(_KINDS) else (None, _ALL_RATES)
    elif style < 0.11:
        account = part
        heads = max(1, heads - heads // 4 if part == 0 else heads // 4)
    payroll = heads * business.pay(e, month)
    # Some declare a lower base than what they pay.
    base = payroll * (1.0 if e.chance(0, 252) < 0.45 else 0.6 + 0.38 * e.chance(1, 252))
    due = base * rate
    # Insurance is left unpaid some months before the people go.
    pays = e.pays(month, _BILL)
    paid = due if pays else due * 0.5 * e.chance(month, 253) if e.chance(month, 254) < 0.4 else 0.0
    is_stopped = not pays and e.life.till[e.life.at(month)] < -2.2
    late = 12 + (int(e.chance(month, 255) * 90) if e.chance(month, 256) < 0.06 else 0)
    paid_on = s.told(s.moment.end + timedelta(days=late)) if paid else None
    share, injury = 0.8 + 0.2 * e.chance(0, 257), 1 + 0.4 * e.chance(0, 258) ** 4
    return (
        f"63{e.index:08}" if account == 0 else f"63{e.index:08}B", heads, max(0, round(heads * share)),
        round(heads * injury),
        "暂停缴费" if is_stopped else "参保缴费",
        e.founded + timedelta(days=30 + int(e.chance(0, 259) * 0.8 * (e.ended - e.founded).days)),
        f"{s.moment.end:%Y-%m}", round(payroll, 2), round(base, 2), round(due, 2), round(paid, 2), paid_on, kind,
    )  # fmt: skip


def _arrears(s: Setting) -> tuple[CellValue, ...]:
    e = s.enterprise
    months = [month for month in range(s.month - 11, s.month + 1) if not e.pays(month, _BILL)]
    if not months:
        return False, 0 if e.chance(s.month, 261) < 0.8 else None, None
    owed = len(months) * s.staff * business.pay(e, s.month) * _ALL_RATES
    if e.chance(s.month, 262) < 0.45:
        return False, 0, None  # made good within the year
    return True, round(owed / 10_000, 4), None


def _rate(e: Enterprise, month: int) -> int:
    rate = (5, 5, 8, 10, 12, 12)[int(e.chance(0, 301) * 6)]
    # Lowered in bad times, for a while; a few raise it.
    if not e.pays(month - month % 12, 302, ease=-0.4):
        return max(5, rate - 3)
    return min(12, rate + 1) if e.chance(month // 12, 303) < 0.05 else rate


def _depositors(s: Setting) -> int:
    e = s.enterprise
    return max(
        1, round(_insured(s) * min(1.0, 0.35 + 0.65 * e.chance(0, 304)) * business.noise(e, s.month // 6, 305, 0.05))
    )


def _deposit(s: Setting) -> tuple[CellValue, ...] | None:
    e, month = s.enterprise, s.month
    if e.chance(month, 306) < _MISSED:
        return None
    heads, rate = _depositors(s), _rate(e, month)
    pays = e.pays(month, _FUND_BILL, ease=-0.3)
    amount = heads * business.pay(e, month) * 2 * rate / 100 if pays else 0.0
    subsidy = amount * 0.3 * e.chance(1, 307) if e.chance(0, 307) < 0.15 else 0.0
    late = 12 + (int(e.chance(month, 308) * 60) if e.chance(month, 309) < 0.05 else 0)
    collected = s.told(s.moment.end + timedelta(days=late)) if pays else None
    text = f"{s.moment.end:%Y-%m}"
    return text, text, _opened(e), collected, rate, heads, round(amount, 2), round(subsidy, 2)


def _opened(e: Enterprise) -> date:
    return min(e.founded + timedelta(days=40 + int(e.chance(0, 310) ** 2 * 2500)), e.ended)


def _account(s: Setting) -> tuple[CellValue, ...] | None:
    e, moment = s.enterprise, s.moment
    if moment.number and e.chance(1, 311) > _SECOND_ACCOUNT:
        return None
    ends = min(e.ended, s.as_of).replace(day=1) - timedelta(days=1)
    month = ends.year * 12 + ends.month - 1
    while not e.pays(month, _FUND_BILL, ease=-0.3) and month > e.life.first:
        month -= 1
    last = date(month // 12, month % 12 + 1, 1)
    heads, rate = max(1, round(s.staff * 0.8)), _rate(e, month)
    amount = heads * business.pay(e, month) * 2 * rate / 100
    collected = s.told(max(min(last + timedelta(days=42), s.as_of), moment.when))
    return (
        f"{_opened(e):%Y-%m}", f"{last:%Y-%m}", f"29{e.index:08}{moment.number or ''}",
        _opened(e) + timedelta(days=moment.number * 400), collected, rate, heads, round(amount, 2), 0.0,
    )  # fmt: skip


TELLERS = {
    25: Teller(
        ("social_insurance_number", "pension_insured_count", "unemployment_insured_count", "injury_insured_count",
         "payment_status", "insured_since", "business_period", "payroll_amount", "contribution_base", "amount_due",
         "amount_paid", "payment_date", "insurance_type"), _payment,
    ),
    26: Teller(("in_arrears", "arrears_amount", "insurance_type"), _arrears),
    29: Teller(
        ("deposit_month_from", "deposit_month_to", "account_number", "account_opening_date", "collection_date",
         "deposit_rate", "depositor_count", "deposit_amount", "housing_subsidy_amount"), _account,
    ),
    30: Teller(
        ("deposit_month_from", "deposit_month_to", "account_opening_date", "collection_date", "deposit_rate",
         "depositor_count", "deposit_amount", "housing_subsidy_amount"), _deposit,
    ),
}  # fmt: skip
