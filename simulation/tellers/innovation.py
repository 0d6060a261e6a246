"""Patents, high technology, research: items 15, 58 and 67."""

import json
from datetime import date, timedelta

from simulation.setting import CellValue, Setting, Teller

_KINDS = ("发明", "发明", "实用新型", "实用新型", "实用新型", "外观设计")
_BETWEEN_RECOGNITIONS = timedelta(days=3 * 365)
_SUPPORT = ("政府资金支持", "政府资金支持", "实验室建设", "参与标准制定", "人才认证", "其他")
_WITH_SUPPORT = 0.28


def _patent(s: Setting) -> tuple[CellValue, ...] | None:
    rng, e = s.rng, s.enterprise
    if s.moment.number and rng.random() < 0.45:
        return None
    kind, applied = rng.choice(_KINDS), s.moment.when
    published = applied + timedelta(days=rng.randrange(60, 400))
    takes = rng.randrange(300, 1100) if kind == "发明" else rng.randrange(120, 420)
    is_granted = applied + timedelta(days=takes) <= s.as_of and rng.random() < 0.85
    granted = applied + timedelta(days=takes) if is_granted else None
    drawn = rng.random()
    changed: date = granted or applied
    if granted is not None and drawn < 0.22:
        # The fee is not paid: it lapses some years later.
        lapsed = granted + timedelta(days=rng.randrange(200, 1500))
        status, simple = ("未缴年费", "失效") if lapsed <= s.as_of else ("授权", "有效")
        changed = lapsed if lapsed <= s.as_of else granted
    elif granted is not None:
        status, simple = "授权", "有效"
    else:
        status, simple = ("驳回", "失效") if drawn < 0.25 else ("实质审查", "审中")
    pledgee = "样例银行股份有限公司西宁支行" if simple == "有效" and rng.random() < 0.12 else None
    published_by = min(published, s.as_of)
    return (
        kind, applied, f"{applied:%Y-%m}", applied.year, published_by, f"{published_by:%Y-%m}", published_by.year,
        granted,
        f"{granted:%Y-%m}" if granted else None, granted.year if granted else None, status, simple, changed,
        e.name if pledgee else None, pledgee,
    )  # fmt: skip


def _high_tech(s: Setting) -> tuple[CellValue, ...] | None:
    e = s.enterprise
    first = e.ended - timedelta(days=int(e.chance(0, 58) * min(2200, (e.ended - e.founded).days - 1)))
    effective = first + s.moment.number * _BETWEEN_RECOGNITIONS
    if effective > s.as_of or (s.moment.number and e.chance(1, 58) < 0.3):
        return None
    drawn = e.chance(2 + s.moment.number, 58)
    status = "撤销" if drawn < 0.03 else "取消" if drawn < 0.05 else "有效"
    return effective, effective + _BETWEEN_RECOGNITIONS, status


def _research(s: Setting) -> tuple[CellValue, ...]:
    e, rng = s.enterprise, s.rng
    is_high_tech = e.chance(0, 670) < 0.45 or e.chance(s.month // 12, 670) < 0.1
    supports: list[dict[str, str]] = []
    while rng.random() < _WITH_SUPPORT and len(supports) < 3:
        kind = rng.choice(_SUPPORT)
        # Of the quarter that ends with the month.
        day = s.moment.end - timedelta(days=rng.randrange(88))
        amount = round(e.revenue * 0.01 * rng.lognormvariate(0, 0.9), -2) + 5000
        supports.append({
            "支持类别": kind, "支持名称": "样例支持", "级别": rng.choice(("市级", "省级", "国家级")),
            "支持单位": "青海省科学技术厅",
            "支持日期": day.isoformat(), "支持金额": f"{amount:.0f}",
        })  # fmt: skip
    return is_high_tech, json.dumps(supports, ensure_ascii=False) if supports else None


TELLERS = {
    15: Teller(
        ("patent_type", "application_date", "application_month", "application_year", "publication_date",
         "publication_month", "publication_year", "grant_date", "grant_month", "grant_year", "legal_status",
         "simple_legal_status", "legal_status_updated", "pledgor", "pledgee"), _patent,
    ),
    58: Teller(("effective_date", "valid_until", "status"), _high_tech),
    67: Teller(("is_national_high_tech", "research_support"), _research),
}  # fmt: skip
