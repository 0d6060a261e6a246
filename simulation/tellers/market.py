"""Registration: items 1, 2, 4, 11 and 13."""

from datetime import date, timedelta

from simulation.enterprises import Enterprise
from simulation.people import Person
from simulation.setting import CellValue, Setting, Teller

# code, name, up to which number from 0 to 1 it is drawn
_TYPES = (
    ("1130", "有限责任公司(自然人投资或控股)", 0.55), ("1151", "有限责任公司(自然人独资)", 0.75),
    ("1150", "一人有限责任公司", 0.82),
    ("1140", "有限责任公司(国有控股)", 0.86), ("1200", "股份有限公司", 0.91), ("4533", "有限合伙企业", 0.94),
    ("4540", "个人独资企业", 0.97), ("9100", "农民专业合作社", 1.0),
)  # fmt: skip
_FOREIGN, _FOREIGN_SHARE = "840", 0.01
_STANDING, _REVOKED, _GONE = "存续", "吊销未注销", "注销"


def _registration(s: Setting) -> tuple[CellValue, ...]:
    e = s.enterprise
    drawn = e.chance(0, 1)
    code, name, _ = next(row for row in _TYPES if drawn < row[2])
    approved = max((day for day in e.approvals if day <= s.as_of), default=e.founded)
    is_over = approved > e.ended
    status = (_GONE if e.deregistered else _REVOKED) if is_over else _STANDING
    currency = _FOREIGN if e.chance(4, 1) < _FOREIGN_SHARE else "156"
    return code, name, e.capital_wan, currency, approved, status


def holder(e: Enterprise, number: int) -> tuple[Person | None, str, str]:
    """Return who holds a share, and of which kind: a person, or (None) an enterprise by name."""
    if e.chance(number, 2) < 0.14:
        return None, f"西宁样例投资{e.index:05}{'甲乙丙丁'[number]}有限公司", "企业法人"
    person = e.holders[number]
    return person, person.name, "自然人股东"


def stake(e: Enterprise, number: int) -> float:
    """Return the share of a holder, by its number: the first has the most."""
    count = len(e.holders)
    first = 1.0 if count == 1 else 0.35 + 0.6 * e.chance(9, 2)
    return first if number == 0 else (1 - first) / (count - 1)


def subscribed(e: Enterprise, number: int) -> tuple[int, date, str]:
    """Return what a holder has subscribed, in yuan, until when, and how."""
    until = e.founded + timedelta(days=365 * (1, 5, 10, 20, 30)[int(e.chance(number, 3) * 5)] + number)
    method = ("货币", "货币", "货币", "货币", "实物", "知识产权")[int(e.chance(number, 4) * 6)]
    return max(1, round(e.capital_wan * 10_000 * stake(e, number))), until, method


def _shareholder(s: Setting) -> tuple[CellValue, ...] | None:
    e, number = s.enterprise, s.moment.number
    if number >= len(e.holders):
        return None
    person, name, kind = holder(e, number)
    amount, until, method = subscribed(e, number)
    # Some pay in all at once, some never; the better ones more often.
    drawn = e.chance(number, 5) + 0.1 * e.standing
    part = 0.0 if drawn < 0.3 else 1.0 if drawn > 0.65 else (drawn - 0.25) / 0.45
    paid = round(amount * part)
    paid_on = min(e.founded + timedelta(days=20 + int(e.chance(number, 6) * (e.ended - e.founded).days)), e.ended)
    return (
        kind, name, "身份证" if person else "统一社会信用代码", person.id_number if person else e.uscc, method,
        amount, until,
        ("货币" if paid else None), (paid or None), (paid_on if paid else None),
    )  # fmt: skip


# Words of the publicity system, and how many of a hundred changes they are.
_MATTERS = (
    ("经营范围变更", 24), ("住所变更", 18), ("法定代表人变更", 14), ("注册资本变更", 12), ("投资人变更", 14),
    ("高级管理人员备案", 10),
    ("名称变更", 4), ("章程备案", 4),
)  # fmt: skip
_OFFICIAL = {
    "经营范围变更": "经营范围变更（含业务范围变更）", "住所变更": "地址变更（住所地址、经营场所、驻在地址等变更）",
    "投资人变更": "投资人（股权）变更", "注册资本变更": "注册资本（金）变更",
}  # fmt: skip
_MATTER_WORDS, _MATTER_WEIGHTS = zip(*_MATTERS, strict=True)


def _change(s: Setting) -> tuple[CellValue, ...] | None:
    restless = 0.45 - 0.08 * s.enterprise.standing
    if s.moment.number > 0 and s.rng.random() >= restless:
        return None
    word = s.rng.choices(_MATTER_WORDS, _MATTER_WEIGHTS)[0]
    written = _OFFICIAL.get(word, word) if s.rng.random() < 0.3 else word
    return written, f"变更前样例内容{s.serial % 97}", f"变更后样例内容{s.serial % 89}", s.moment.when


def _deregistration(s: Setting) -> tuple[CellValue, ...]:
    e = s.enterprise
    gone = s.told(e.deregistered)
    # A few have filed their liquidation, and their end is not told yet.
    if e.chance(1, 11) < 0.05:
        gone = None
    return gone, e.liquidated, gone, ("决议解散", "决议解散", "营业期限届满", "破产")[int(e.chance(2, 11) * 4)]


def _branch(s: Setting) -> tuple[CellValue, ...]:
    e = s.enterprise
    return (e.founded + timedelta(days=30 + int(e.chance(0, 13) * max(0, (e.ended - e.founded).days - 30))),)


TELLERS = {
    1: Teller(
        ("enterprise_type_code", "enterprise_type_name", "registered_capital", "capital_currency", "approval_date",
         "registration_status"), _registration,
    ),
    2: Teller(
        ("shareholder_type", "shareholder_name", "shareholder_id_type", "shareholder_id_number", "subscription_method",
         "subscribed_amount", "subscription_date", "paid_in_method", "paid_in_amount", "paid_in_date"), _shareholder,
    ),
    4: Teller(("change_matter", "content_before", "content_after", "change_date"), _change),
    11: Teller(("deregistration_time", "filing_date", "deregistration_date", "deregistration_reason"), _deregistration),
    13: Teller(("registration_date",), _branch),
}  # fmt: skip
