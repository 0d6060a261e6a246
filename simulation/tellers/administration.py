"""Licences, penalties, coercion and support: items 52–55."""

import random
from datetime import timedelta

from simulation.setting import CellValue, Setting, Teller

_AUTHORITIES = (
    "西宁市市场监督管理局", "西宁市应急管理局", "西宁市生态环境局", "西宁市消防救援支队", "西宁市交通运输局",
    "西宁市城市管理局",
    "西宁市人力资源和社会保障局",
)  # fmt: skip
_LICENCES = ("普通", "普通", "普通", "普通", "特许", "认可", "核准", "登记")
_YEARS = (1, 2, 3, 3, 5, 5, 10)
_REPAIRED = 0.12  # of what ended, by its luck


def _licence(s: Setting) -> tuple[CellValue, ...] | None:
    rng, when = s.rng, s.moment.when
    if s.moment.number and rng.random() < 0.35:
        return None
    until = when + timedelta(days=365 * rng.choice(_YEARS)) if rng.random() < 0.88 else None
    drawn = rng.random()
    ill = 0.02 * max(0.2, 1 - s.quality)
    status = ("吊销", "撤销", "撤回")[int(drawn / ill * 3)] if drawn < ill else "注销" if drawn < 0.06 else "有效"
    return rng.choice(_LICENCES), when, until, status, rng.choice(_AUTHORITIES)


# Kinds of a penalty, several in one cell now and then, and how many of a hundred.
_PENALTIES = (
    ("罚款", 46), ("警告", 16), ("警告；罚款", 11), ("罚款；没收违法所得", 9), ("通报批评", 3), ("没收违法所得", 4),
    ("没收非法财物；罚款", 3),
    ("暂扣许可证件", 2), ("责令停产停业；罚款", 3), ("责令停产停业", 1), ("吊销许可证件", 1),
    ("限制开展生产经营活动", 0.6), ("降低资质等级", 0.4),
)  # fmt: skip
_KINDS, _WEIGHTS = zip(*_PENALTIES, strict=True)
_VIOLATIONS = (
    "违反市场管理", "违反安全生产规定", "违反消防规定", "违反环境保护规定", "违反劳动用工规定", "违反道路运输管理",
    "违反食品安全规定",
)  # fmt: skip


def _penalty(s: Setting) -> tuple[CellValue, ...]:
    one = s.moment.trouble
    assert one is not None
    rng = random.Random(one.luck)  # the same however often it is told
    kind = rng.choices(_KINDS, _WEIGHTS)[0]
    fine = round(max(50.0, one.amount), 2) if "罚款" in kind else 0.0
    taken = round(rng.lognormvariate(8.8, 1.7), 2) if "没收违法所得" in kind or rng.random() < 0.04 else None
    simple = rng.random() < 0.12 and fine < 1000
    ends = one.day + timedelta(days=90 if kind in ("警告", "通报批评") else 365 if rng.random() < 0.75 else 1095)
    repaired = s.told(one.until) if one.luck < _REPAIRED else None
    which = int(one.luck * 7919) % len(_VIOLATIONS)
    # Who breaks the rules twice breaks the same ones mostly.
    what = _VIOLATIONS[which if one.luck > 0.5 else s.enterprise.salt % len(_VIOLATIONS)]
    return (
        "当场行政处罚决定书" if simple else "行政处罚决定书", what, kind,
        "警告" if "；" not in kind and rng.random() < 0.05 else None,
        fine, taken, f"样例证{s.serial % 900:03}" if "吊销" in kind else None, one.day,
        ends if rng.random() < 0.9 else None,
        _AUTHORITIES[which % len(_AUTHORITIES)], repaired,
    )  # fmt: skip


_MEASURES = ("查封场所、设施或者财物", "查封场所", "扣押财物", "冻结存款、汇款", "冻结存款")
_EXECUTIONS = ("加处罚款或者滞纳金", "加处罚款", "加处滞纳金", "划拨存款、汇款", "代履行")


def _coercion(s: Setting) -> tuple[CellValue, ...]:
    one = s.moment.trouble
    assert one is not None
    rng = random.Random(one.luck)  # the same however often it is told
    is_measure = rng.random() < 0.6
    begins = max(s.enterprise.founded, one.day - timedelta(days=rng.randrange(0, 6)))
    ends = begins + timedelta(days=rng.choice((15, 30, 30, 60, 180, 365))) if rng.random() < 0.85 else None
    return (
        "行政强制措施" if is_measure else "行政强制执行", rng.choice(_MEASURES) if is_measure else None,
        None if is_measure else rng.choice(_EXECUTIONS), one.day, begins, ends, rng.choice(_AUTHORITIES),
        s.told(one.until) if one.luck < _REPAIRED else None,
    )  # fmt: skip


_SUPPORTERS = ("西宁市科学技术局", "西宁市工业和信息化局", "西宁市农业农村局", "西宁市商务局", "西宁市发展和改革委员会")


def _support(s: Setting) -> tuple[CellValue, ...] | None:
    rng = s.rng
    if s.moment.number and rng.random() < 0.4:
        return None
    wan = round(min(20_000.0, s.enterprise.revenue / 10_000 * rng.lognormvariate(-1.6, 1.0)) + 5, 2)
    # Who has been supported goes to the same authority again, mostly.
    authority = _SUPPORTERS[(s.enterprise.salt + (rng.random() < 0.3)) % len(_SUPPORTERS)]
    return rng.choice(("审批", "审批", "核准", "备案")), s.moment.when, wan, authority


TELLERS = {
    52: Teller(("license_type", "decision_date", "valid_until", "license_status", "authority_name"), _licence),
    53: Teller(
        ("penalty_decision_name", "violation_type", "penalty_type", "second_penalty_type", "fine_amount",
         "confiscated_amount", "revoked_license", "decision_date", "publicity_deadline", "authority_name",
         "repair_date"),
        _penalty,
    ),
    54: Teller(
        ("coercion_kind", "measure_type", "execution_type", "execution_date", "measure_start_date", "measure_end_date",
         "authority_name", "repair_date"), _coercion,
    ),
    55: Teller(("approval_type", "approval_date", "total_investment", "authority_name"), _support),
}  # fmt: skip
