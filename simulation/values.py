"""One cell: by the field's name where the records must fit together, else by its type."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from catalogue.model import Field, FieldType, Item
from simulation.enterprises import Enterprise, Kind
from simulation.lives import Moment
from simulation.people import Person, make_uscc
from simulation.vocabulary import AUTHORITIES, WORDS

Value = str | int | float | bool | date | datetime | None


@dataclass(frozen=True, slots=True)
class Setting:
    """What one record is made from; ``serial`` is its number within the item."""

    one: Enterprise
    moment: Moment
    serial: int
    as_of: date
    rng: random.Random

    @property
    def yearly(self) -> float:
        """Return the revenue of a year at that time, in yuan."""
        return self.one.revenue * self.one.scale(self.moment.when, self.as_of)

    @property
    def staff(self) -> int:
        """Return how many work there at that time."""
        return max(1, round(self.one.staff * min(1.5, self.one.scale(self.moment.when, self.as_of))))

    @property
    def pays(self) -> bool:
        """Whether it paid what was due."""
        bad = {Kind.STRUGGLING: 0.25, Kind.DISHONEST: 0.4, Kind.DORMANT: 0.5}
        return self.rng.random() >= bad.get(self.one.kind, 0.0)


Cell = Callable[[Setting], Value]

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
    "publicity_deadline": 365,
    "performance_end": 730,
    "measure_end_date": 30,
    "filing_date": 0,
    "payment_date": 12,
    "collection_date": 12,
    "report_date": 120,
    "meter_reading_date": 0,
    "decision_date": 0,
}
_OFTEN_EMPTY = (
    "removal",
    "exit",
    "status_change",
    "revoked",
    "pledg",
    "other_license",
    "other_penalty",
    "first_review",
)
_FOUNDED_ONLY_IN = {"registration_date": (13, 25), "approval_date": (1,), "subscription_date": (2, 8)}
_PER_HEAD = {"payroll_amount": 6000.0, "contribution_base": 6000.0, "amount_due": 1620.0, "deposit_amount": 1200.0}


def cell_for(field: Field, item: Item) -> Cell:
    """Return how the cells of ``field`` are drawn."""
    special = _by_name(field, item)
    if special is not None:
        return special
    if field.codes:
        shown = tuple(field.codes) if item.seq % 2 else tuple(field.codes.values())
        if field.name.endswith("currency") or "currency_code" in field.name or field.name.endswith("id_type"):
            return lambda s: shown[0]
        return lambda s: s.rng.choice(shown)
    return _by_type(field, item)


def _by_name(field: Field, item: Item) -> Cell | None:
    name = field.name
    if name in item.told_apart_by:
        word = max(item.told_apart_by[name], key=len)
        return lambda s: word
    if name.startswith(_OFTEN_EMPTY):
        return lambda s: None
    if name.endswith(("authority_name", "registration_authority", "listing_authority", "issuer", "court", "authority")):
        authority = AUTHORITIES.get(item.units[0], "西宁市样例机关")
        return lambda s: authority
    plain: dict[str, Cell] = {
        "address": lambda s: s.one.address,
        "registered_address": lambda s: s.one.address,
        "mailing_address": lambda s: s.one.address,
        "postal_code": lambda s: "810000",
        "industry_code": lambda s: s.one.industry_code,
        "industry_name": lambda s: s.one.industry,
        "business_scope": lambda s: f"{s.one.industry}（样例）",
        "registered_capital": lambda s: s.one.capital_wan,
        "registration_status": lambda s: "注销" if s.one.deregistered else "存续",
        "shareholder_name": lambda s: s.one.holders[s.moment.number % len(s.one.holders)].name,
        "shareholder_id_number": lambda s: s.one.holders[s.moment.number % len(s.one.holders)].id_number,
        "subscribed_amount": lambda s: s.one.capital_wan * 10_000 // len(s.one.holders),
        "employee_count": lambda s: s.staff,
        "depositor_count": lambda s: s.staff,
        "year": lambda s: s.moment.end.year,
        "month": lambda s: s.moment.end.month,
        "usage_year": lambda s: s.moment.end.year,
        "usage_month": lambda s: s.moment.end.month,
        "organization_code": lambda s: s.one.uscc[8:17],
        "taxpayer_id": lambda s: s.one.uscc,
        "tax_registration_number": lambda s: s.one.uscc,
        "other_code": lambda s: f"6301{s.one.index:011}",
        "business_registration_number": lambda s: f"6301{s.one.index:011}",
        "account_name": lambda s: s.one.name,
        "account_number": lambda s: f"{item.seq:02}{s.one.index:08}",
        "social_insurance_number": lambda s: f"63{s.one.index:08}",
        "id_type": lambda s: None,
        "id_number": lambda s: None,
        "institution_certificate_number": lambda s: None,
        "social_organization_certificate_number": lambda s: None,
        "customs_registration_code": lambda s: f"6301{s.one.index:06}",
        "subject_type": lambda s: "1",
        "in_arrears": lambda s: not s.pays,
        "failed_inspections_3y": lambda s: 0 if s.pays else s.rng.randrange(1, 4),
        "payment_status": lambda s: "1",
        "insurance_type": lambda s: "110",
        "tax_type": lambda s: "增值税",
        "deposit_rate": lambda s: 12,
        "equity_share_before": lambda s: 60,
        "equity_share_after": lambda s: 40,
        "parent_name": lambda s: s.one.name,
        "parent_uscc": lambda s: s.one.uscc,
        "transferee_name": lambda s: s.one.holders[-1].name,
        "legal_rep_sex": lambda s: s.one.rep.sex,
    }
    if item.seq == 33:
        plain.pop("subject_type")
    if item.seq == 59:
        plain.pop("id_number")
        plain.pop("id_type")
    return plain.get(name) or _person(name) or (_court_number(item) if name == "case_number" else None)


# Columns with the name of a person begin so.
_PERSON_ROLES = (
    *("legal_rep", "person_in_charge", "owner", "borrower", "person_name", "director", "principal_name", "handler"),
    *("inventors", "first_inventor", "creator", "co_borrower", "spouse", "finance", "responsible"),
    *("tax_professional", "liquidation"),
)


def _person(name: str) -> Cell | None:
    second = name.startswith(("co_borrower", "spouse", "finance", "responsible", "tax_professional", "guarantor"))
    part = next((p for p in ("id_number", "mobile", "email", "phone", "landline") if name.endswith(p)), "")
    if not part and not (name.startswith(_PERSON_ROLES) and not name.endswith(("_type", "_sex", "amount", "content"))):
        return None

    def cell(setting: Setting) -> str:
        who: Person = setting.one.holders[0] if second else setting.one.rep
        return {"id_number": who.id_number, "email": who.email, "": who.name}.get(part, who.phone)

    return None if name == "mortgagee_id_number" else cell


def _court_number(item: Item) -> Cell:
    kind = {42: "执", 43: "执", 44: "破", 46: "执"}.get(item.seq, "民初")
    return lambda s: f"（{s.moment.when.year}）青01{kind}{s.one.index * 10 + s.moment.number + 1}号"


def _by_type(field: Field, item: Item) -> Cell:
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


def _date(name: str, item: Item) -> Cell:
    if name in _FOUNDED and item.seq in _FOUNDED_ONLY_IN.get(name, (item.seq,)):
        days = _FOUNDED[name]
        return lambda s: min(s.one.founded + timedelta(days=days), s.as_of)
    if name == "period_start":
        return lambda s: s.moment.start
    if name.startswith("deregistration"):
        return lambda s: s.one.deregistered
    if name in ("closing_date", "termination_date"):
        return lambda s: min(s.moment.when + timedelta(days=90), s.as_of)
    later = _LATER_DAYS.get(name, 0)
    if later < 200:
        return lambda s: min(s.moment.when + timedelta(days=later), s.as_of)
    return lambda s: s.moment.when + timedelta(days=later)


def _details(field: Field, setting: Setting) -> str:
    """Write 明细 as text, ``2026-05：用水量3 应缴金额12.50``, or as JSON where the records have no month."""
    records = []
    for back in range(3):
        months = setting.moment.end.year * 12 + setting.moment.end.month - 1 - back
        usage = setting.staff * 3 + back
        known = {FieldType.NUMBER: f"{usage}", FieldType.MONEY: f"{usage * 4}.50"}
        numbers = " ".join(f"{d.zh}{known[d.type]}" for d in field.details if d.type in known)
        records.append(f"{months // 12}-{months % 12 + 1:02}：{numbers}")
    if any(d.type is FieldType.MONTH for d in field.details):
        return "；".join(records)
    other = {
        FieldType.TEXT: "样例",
        FieldType.MONEY: f"{setting.staff * 1000}",
        FieldType.DATE: f"{setting.moment.start:%Y-%m-%d}",
    }
    record = {d.zh: next(iter(d.codes or {}), other.get(d.type, "1")) for d in field.details if d.name != "raw_text"}
    return json.dumps([record], ensure_ascii=False)
