"""The court's items, 41–46: one case, its number the same in all of them."""

from datetime import timedelta

from simulation.setting import CellValue, Setting, Teller
from simulation.troubles import Trouble

# 案由 as 民事案件案由规定 has them, and how many of a hundred cases they are of.
_CAUSES = (
    ("买卖合同纠纷", 26), ("金融借款合同纠纷", 13), ("民间借贷纠纷", 8), ("劳动争议", 8), ("追索劳动报酬纠纷", 7),
    ("建设工程施工合同纠纷", 9),
    ("房屋租赁合同纠纷", 8), ("承揽合同纠纷", 6), ("服务合同纠纷", 5), ("追偿权纠纷", 3), ("保证合同纠纷", 3),
    ("机动车交通事故责任纠纷", 4),
)  # fmt: skip
_CLOSINGS = ("判决", "判决", "判决", "调解", "撤诉", "准许撤诉")
_METHODS = ("冻结存款", "冻结银行存款", "查封", "扣划存款", "拍卖", "责令履行", "查封、扣押")
_CONDUCTS = (
    "有履行能力而拒不履行", "有履行能力而拒不履行", "违反财产报告制度", "违反限制消费令",
    "无正当理由拒不履行执行和解协议",
    "以虚假诉讼、虚假仲裁或者以隐匿、转移财产等方法规避执行",
)  # fmt: skip


def _trouble(s: Setting) -> Trouble:
    assert s.moment.trouble is not None
    return s.moment.trouble


def cause(luck: float) -> str:
    """Return the cause of a case by its luck."""
    place = luck * 997 % 1 * 100
    for word, share in _CAUSES:
        place -= share
        if place < 0:
            return word
    return _CAUSES[0][0]


def _number(s: Setting, kind: str) -> str:
    return f"（{_trouble(s).day.year}）青01{kind}{s.enterprise.index * 100 + _trouble(s).case}号"


def _any(words: tuple[str, ...], luck: float, about: int) -> str:
    return words[int(luck * about) % len(words)]


def _judgment(s: Setting) -> tuple[CellValue, ...]:
    one = _trouble(s)
    result = _any(("样例：支付货款", "样例：支付货款及利息", "样例：驳回诉讼请求"), one.luck, 499)
    return _number(s, "民初"), one.position, cause(one.luck), result, one.day, one.luck * 251 % 1 < 0.6


def _enforcement(s: Setting) -> tuple[CellValue, ...]:
    one = _trouble(s)
    enforced = s.told(one.day + timedelta(days=5 + int(one.luck * 60)))
    return _number(s, "执"), one.day, _any(_METHODS, one.luck, 613), enforced, one.luck * 257 % 1 < 0.55


def _dishonest(s: Setting) -> tuple[CellValue, ...]:
    one = _trouble(s)
    removed = s.told(one.until)
    gone = _any(("屏蔽", "撤销", "移出"), one.luck, 331)
    performance = _any(("全部未履行", "全部未履行", "部分履行"), one.luck, 733)
    return _number(s, "执"), one.day, performance, _any(_CONDUCTS, one.luck, 887), gone if removed else "发布", removed


def _bankruptcy(s: Setting) -> tuple[CellValue, ...]:
    one = _trouble(s)
    closed = s.told(one.until)
    kind = _any(("破产清算", "破产清算", "破产重整", "破产和解"), one.luck, 541)
    return _number(s, "破"), kind, one.day, "终结" if closed else None, closed


def _suit(s: Setting) -> tuple[CellValue, ...]:
    one = _trouble(s)
    closed = s.told(one.until)
    why = cause(one.luck)
    return (
        one.position, _number(s, "民初"), "二审" if one.luck * 131 % 1 < 0.1 else "一审", one.day, why,
        why if closed else None,
        _any(_CLOSINGS, one.luck, 383) if closed else None, one.amount if closed else None, closed,
        one.luck * 251 % 1 < 0.6,
    )  # fmt: skip


def _terminated(s: Setting) -> tuple[CellValue, ...]:
    one = _trouble(s)
    return _number(s, "执"), max(s.enterprise.founded, one.day - timedelta(days=90 + int(one.luck * 90))), one.day


TELLERS = {
    41: Teller(
        ("case_number", "litigation_position", "cause", "judgment_result", "decision_date", "is_published"), _judgment
    ),
    42: Teller(("case_number", "filing_date", "enforcement_method", "enforcement_date", "is_published"), _enforcement),
    43: Teller(
        ("case_number", "filing_date", "performance", "dishonest_conduct", "dishonest_status", "status_change_date"),
        _dishonest,
    ),
    44: Teller(("case_number", "bankruptcy_type", "acceptance_date", "closing_method", "closing_date"), _bankruptcy),
    45: Teller(
        ("litigation_position", "case_number", "trial_procedure", "filing_date", "filing_cause", "closing_cause",
         "closing_method", "closing_amount", "closing_date", "is_published"), _suit,
    ),
    46: Teller(("case_number", "filing_date", "termination_date"), _terminated),
}  # fmt: skip
