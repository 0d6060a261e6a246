"""Lists that enterprises get on and off: items 5, 14, 56 and 57."""

from datetime import timedelta

from simulation.setting import CellValue, Setting, Teller
from simulation.troubles import Trouble

_REASONS = (
    "未依照《企业信息公示暂行条例》第八条规定的期限公示年度报告", "未按照规定期限公示年度报告",
    "通过登记的住所或者经营场所无法联系",
    "通过登记的住所或者经营场所无法联系的", "公示企业信息隐瞒真实情况、弄虚作假",
)  # fmt: skip
_SERIOUS = ("被列入经营异常名录届满三年仍未履行相关义务", "提交虚假材料取得公司登记", "生产销售假冒伪劣商品情节严重")
_BLACK_DOMAINS = ("拖欠农民工工资", "安全生产", "环境保护", "食品安全", "工程建设", "统计")
_RED_DOMAINS = ("纳税", "环保", "安全生产", "劳动保障", "守合同重信用")
_REMOVED = "样例：已改正或期满"
_REPAIRED = 0.1  # of those that ended, by their luck


def _trouble(s: Setting) -> Trouble:
    assert s.moment.trouble is not None
    return s.moment.trouble


def _removed(s: Setting) -> tuple[CellValue, CellValue, str]:
    gone = s.told(_trouble(s).until)
    return gone, _REMOVED if gone else None, "已移出" if gone else "有效"


def _abnormal(s: Setting) -> tuple[CellValue, ...]:
    one = _trouble(s)
    authority = "西宁市市场监督管理局"
    gone, why, status = _removed(s)
    return (
        _REASONS[int(one.luck * 773) % len(_REASONS)],
        one.day,
        authority,
        gone,
        why,
        authority if gone else None,
        status,
    )


def _serious(s: Setting) -> tuple[CellValue, ...]:
    one = _trouble(s)
    gone, why, status = _removed(s)
    repaired = gone if one.luck < _REPAIRED else None
    return _SERIOUS[int(one.luck * 773) % len(_SERIOUS)], one.day, "西宁市市场监督管理局", gone, why, status, repaired


def _red(s: Setting) -> tuple[CellValue, ...] | None:
    when = s.moment.when

    def drawn(about: int) -> float:
        # The same however often the record is told.
        return s.enterprise.chance(when.toordinal(), 560 + about)

    if s.moment.number and drawn(0) < 0.6:
        return None
    lasts = 365 * (2, 3, 5, 5)[int(drawn(1) * 4)]
    left = s.told(when + timedelta(days=100 + int(drawn(2) * 800))) if drawn(3) < 0.25 else None
    return (
        _RED_DOMAINS[(s.enterprise.salt + s.moment.number * (1 + int(drawn(4) * 2))) % len(_RED_DOMAINS)], when,
        when + timedelta(days=lasts), drawn(5) < 0.75, when + timedelta(days=lasts if drawn(6) < 0.7 else 500),
        left, "样例：不再符合条件" if left else None, "已退出" if left else "有效",
    )  # fmt: skip


def _black(s: Setting) -> tuple[CellValue, ...]:
    one, chance = _trouble(s), s.enterprise.chance
    gone = s.told(one.until)
    about = one.day.toordinal()
    is_repaired = gone is not None and chance(about, 571) < 0.4
    until = one.day + timedelta(days=365 * (1, 2, 3, 3)[int(chance(about, 572) * 4)])
    return (
        _BLACK_DOMAINS[int(one.luck * 641) % len(_BLACK_DOMAINS)], one.day, round(one.amount * 3, 2), until,
        chance(about, 573) < 0.75, until if chance(about, 574) < 0.7 else one.day + timedelta(days=360),
        gone is not None or chance(about, 575) < 0.25, is_repaired, "已退出" if gone else "有效",
        _REMOVED if gone else None, gone, gone if is_repaired else None,
    )  # fmt: skip


TELLERS = {
    5: Teller(
        ("list_reason", "list_date", "listing_authority", "removal_date", "removal_reason", "removal_authority",
         "current_status"), _abnormal,
    ),
    14: Teller(
        ("list_reason", "list_date", "listing_authority", "removal_date", "removal_reason", "status", "repair_date"),
        _serious,
    ),
    56: Teller(
        ("list_domain", "list_date", "valid_until", "is_published", "publicity_deadline", "exit_date", "exit_reason",
         "status"), _red,
    ),
    57: Teller(
        ("list_domain", "list_date", "amount_involved", "valid_until", "is_published", "publicity_deadline",
         "is_rectified", "early_exit_by_repair", "status", "exit_reason", "exit_date", "repair_date"), _black,
    ),
}  # fmt: skip
