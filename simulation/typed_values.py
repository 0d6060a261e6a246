"""Cells of which only the field's type is known."""

import json
from datetime import date, datetime, time, timedelta

from catalogue.model import Field, FieldType, Item
from simulation.people import make_uscc
from simulation.setting import DrawCell, Setting
from simulation.vocabulary import WORDS

# Money as a share of yearly revenue. Balance sheets balance, profits follow from revenue.
_OF_REVENUE = {
    "total_assets": 1.2,
    "total_liabilities": 0.7,
    "total_equity": 0.5,
    "total_revenue": 1.0,
    "main_business_revenue": 0.95,
    "total_profit": 0.08,
    "net_profit": 0.06,
    "total_tax": 0.04,
    "current_assets": 0.7,
    "non_current_assets": 0.5,
    "current_liabilities": 0.4,
    "non_current_liabilities": 0.3,
    "total_liabilities_and_equity": 1.2,
    "operating_revenue": 0.25,
    "operating_profit": 0.021,
    "operating_cash_inflow": 0.28,
    "operating_cash_outflow": 0.24,
    "operating_cash_net": 0.04,
    "tax_amount": 0.004,
    "vat_payable_12m": 0.03,
    "vat_paid_12m": 0.03,
    "income_tax_payable_12m": 0.015,
    "income_tax_paid_12m": 0.015,
    "fine_amount": 0.002,
    "award_amount": 0.1,
    "award_price": 0.1,
    "purchase_amount": 0.03,
}
_FOUNDED = {
    "establishment_date": 0,
    "approval_date": 0,
    "tax_registration_date": 10,
    "insured_since": 30,
    "registration_date": 30,
    "first_registration_date": 40,
    "account_opening_date": 40,
    "account_open_date": 15,
    "subscription_date": 20,
    "paid_in_date": 25,
}
_LATER_DAYS = {
    "valid_until": 1095,
    "publicity_deadline": 1095,
    "performance_end": 730,
    "measure_end_date": 30,
    "filing_date": 0,
    "payment_date": 12,
    "collection_date": 12,
    "report_date": 120,
    "meter_reading_date": 0,
    "decision_date": 0,
}
_REPAIRED_AFTER_DAYS = 120
_FOUNDED_ONLY_IN = {"registration_date": (13, 25), "approval_date": (1,), "subscription_date": (2, 8)}
_PER_HEAD = {"payroll_amount": 6000.0, "contribution_base": 6000.0, "amount_due": 1620.0, "deposit_amount": 1200.0}


def by_type(field: Field, item: Item) -> DrawCell:
    name, zh, factor = field.name, field.zh, 1e-4 if field.unit == "万元" else 1.0
    match field.type:
        case FieldType.MONEY if name in _PER_HEAD:
            return lambda s: round(s.staff * _PER_HEAD[name], 2)
        case FieldType.MONEY if name == "amount_paid":
            return lambda s: round(s.staff * 1620.0, 2) if s.pays else 0.0
        case FieldType.MONEY:
            share = _OF_REVENUE.get(name, 0.02) * factor
            return lambda s: round(s.yearly * share, 2)
        case FieldType.NUMBER:
            return lambda s: round(s.rng.uniform(60, 100), 1)
        case FieldType.INTEGER:
            return (lambda s: s.staff) if "count" in name else (lambda s: s.rng.randrange(1, 36))
        case FieldType.YEAR:
            return lambda s: s.moment.end.year
        case FieldType.MONTH:
            return lambda s: f"{s.moment.end:%Y-%m}"
        case FieldType.DATE:
            return _date(name, item)
        case FieldType.TIMESTAMP:
            return lambda s: datetime.combine(s.moment.when, time(9, s.serial % 60))
        case FieldType.BOOLEAN:
            return lambda s: s.serial % 3 > 0
        case FieldType.USCC:
            body = make_uscc("630105", 500 + len(item.units[0]) * 31 + item.seq, "11")
            return lambda s: body
        case FieldType.DETAILS:
            return lambda s: _details(field, s)
        case FieldType.CODE | FieldType.ID_NUMBER:
            return lambda s: f"样例{item.seq:02}-{s.moment.when.year}-{s.serial + 1:06}"
        case _:
            words = WORDS.get(name)
            return (lambda s: s.rng.choice(words)) if words else (lambda s: f"{zh}样例{s.serial % 50 + 1}")


def _date(name: str, item: Item) -> DrawCell:
    if name in _FOUNDED and item.seq in _FOUNDED_ONLY_IN.get(name, (item.seq,)):
        days = _FOUNDED[name]
        return lambda s: min(s.enterprise.founded + timedelta(days=days), s.as_of)
    if name == "period_start":
        return lambda s: s.moment.start
    if name.startswith("deregistration"):
        return lambda s: s.enterprise.deregistered
    if name in ("closing_date", "termination_date"):
        return lambda s: min(s.moment.when + timedelta(days=90), s.as_of)
    if name == "repair_date":
        return _repaired
    later = _LATER_DAYS.get(name, 0)
    if later < 200:
        return lambda s: min(s.moment.when + timedelta(days=later), s.as_of)
    return lambda s: s.moment.when + timedelta(days=later)


def _repaired(setting: Setting) -> date | None:
    """Return the day of 信用修复 of one record in ten, which may be old enough for it."""
    day = setting.moment.when + timedelta(days=_REPAIRED_AFTER_DAYS)
    return day if setting.serial % 10 == 9 and day <= setting.as_of else None


def _details(field: Field, setting: Setting) -> str:
    """Write 明细 as text, ``2026-05：用水量3 应缴金额12.50``, or as JSON where the records have no month."""
    records = []
    for back in range(3):
        months = setting.moment.end.year * 12 + setting.moment.end.month - 1 - back
        usage = setting.staff * 3 + back
        texts = {FieldType.NUMBER: f"{usage}", FieldType.MONEY: f"{usage * 4}.50"}
        numbers = " ".join(f"{d.zh}{texts[d.type]}" for d in field.details if d.type in texts)
        records.append(f"{months // 12}-{months % 12 + 1:02}：{numbers}")
    if any(d.type is FieldType.MONTH for d in field.details):
        return "；".join(records)
    examples = {
        FieldType.TEXT: "样例",
        FieldType.MONEY: f"{setting.staff * 1000}",
        FieldType.DATE: f"{setting.moment.start:%Y-%m-%d}",
    }
    record = {d.zh: next(iter(d.codes or {}), examples.get(d.type, "1")) for d in field.details if d.name != "raw_text"}
    return json.dumps([record], ensure_ascii=False)
