"""Taxes: items 16–18, 22 and 32."""

from datetime import timedelta

from simulation import business
from simulation.setting import CellValue, Setting, Teller

_VAT, _INCOME, _LAND, _TOTAL = "增值税", "企业所得税", "房产税", "合计"
_QUARTERLY = 0.15  # small taxpayers declare by the quarter, and nothing in the months between
_MISSED = 0.006


def _payment(s: Setting) -> tuple[CellValue, ...] | None:
    e, month = s.enterprise, s.month
    parts, part = e.chance(0, 16), s.moment.part
    if e.chance(month, 161) < _MISSED:
        return None
    quarter_ends = month % 3 == 2
    sales = business.revenue(e, month)
    burden = max(0.003, 0.03 + 0.012 * e.traits[7] + 0.01 * e.traits[0])
    income = max(0.0, business.margin(e, month)) * 0.15
    if e.chance(0, 162) < _QUARTERLY:
        sales = sales * 3 if quarter_ends else 0.0
    paid_all = e.pays(month, 163)
    if not paid_all and e.chance(month, 164) < 0.5:
        sales = 0.0
    noise = business.noise(e, month, "tax", 0.25)
    by_kind = {_VAT: sales * burden * noise, _INCOME: sales * income * 3 * noise if quarter_ends else 0.0,
               _LAND: e.revenue / 12 * 0.02 * e.chance(1, 162)}  # fmt: skip
    if parts < 0.04:
        kind: str | None = (_VAT, _INCOME, _LAND, _TOTAL)[part]
        amount = sum(by_kind.values()) if kind == _TOTAL else by_kind[kind or _VAT]
    elif parts < 0.2:
        if part == 1 and not quarter_ends:
            return None
        kind = (_VAT, _INCOME)[part]
        amount = by_kind[kind]
    else:
        kind, amount = None, sum(by_kind.values())
    yearly = s.yearly
    vat_due, income_due = yearly * burden * noise, yearly * income * noise
    months_paid = 36 if paid_all else int(e.chance(month, 167) * 34)
    last = s.moment.end + timedelta(days=-20 if paid_all else -80)
    return (
        round(amount, 2), kind, round(vat_due, 2), round(vat_due * _settled(s, 165), 2), round(income_due, 2),
        round(income_due * _settled(s, 166), 2), months_paid, max(last, e.founded),
    )  # fmt: skip


def _settled(s: Setting, about: int) -> float:
    """Return what was paid of what was due in the last year: all of it, unless a bill was left unpaid."""
    e = s.enterprise
    half = s.month // 6
    short = 2 - e.pays(half * 6, about) - e.pays(half * 6 - 6, about)
    return 1.0 if not short else 1 - short * (0.1 + 0.35 * e.chance(half, about))


_TAXES = ("增值税", "增值税", "企业所得税", "城市维护建设税", "房产税", "个人所得税")


def _arrears(s: Setting) -> tuple[CellValue, ...]:
    trouble = s.moment.trouble
    assert trouble is not None
    begins = (trouble.day.replace(day=1) - timedelta(days=75 + 28 * (trouble.case % 3))).replace(day=1)
    ends = begins + timedelta(days=(31, 90)[trouble.case % 2])
    repaid = s.told(trouble.until) is not None
    amount = round(min(s.enterprise.revenue * 0.3, trouble.amount * 2 + 500), 2)
    severity = "严重" if trouble.luck > 0.85 or amount > 500_000 else "特别严重" if trouble.luck < 0.03 else "一般"
    tax = _TAXES[int(trouble.luck * 997) % 6]
    return begins, ends, amount, tax, repaid, severity, trouble.day


def _violation(s: Setting) -> tuple[CellValue, ...]:
    trouble = s.moment.trouble
    assert trouble is not None
    nature = ("虚开发票", "偷税", "虚开增值税专用发票", "逃避追缴欠税")[int(trouble.luck * 1013) % 4]
    return nature, f"样例：{trouble.day.year}年立案，未按规定办理，被责令改正（{s.serial + 1}）"


def _household(s: Setting) -> tuple[CellValue, ...]:
    return (s.moment.when,)


_GRADES = ((1.15, "A级"), (-0.25, "B级"), (-1.2, "C级"))


def _grade(s: Setting) -> tuple[CellValue, ...]:
    e = s.enterprise
    if s.moment.end.year - e.founded.year <= 1:
        return s.moment.end.year, "M级" if e.chance(s.month, 321) < 0.85 else "D级"
    found = s.quality + 0.45 * e.traits[9] + 1.1 * (e.chance(s.month, 321) - 0.5)
    return s.moment.end.year, next((grade for least, grade in _GRADES if found >= least), "D级")


TELLERS = {
    16: Teller(
        ("tax_amount", "tax_type", "vat_payable_12m", "vat_paid_12m", "income_tax_payable_12m", "income_tax_paid_12m",
         "normal_payment_months", "last_normal_payment_date"), _payment,
    ),
    17: Teller(
        ("period_start", "period_end", "arrears_amount", "tax_type", "is_repaid", "severity", "determination_date"),
        _arrears,
    ),
    18: Teller(("case_nature", "violation_facts"), _violation),
    22: Teller(("determination_date",), _household),
    32: Teller(("evaluation_year", "grade"), _grade),
}  # fmt: skip
