"""What the audit says, as tables and lines, in Chinese, for people at a terminal."""

from datetime import datetime

from rich.console import Console

from catalogue.model import Catalogue
from catalogue.times import SHANGHAI
from hub.printing import grid
from hub.row_tables import item_name
from portal.pages.identity import CHECKS
from portal.words import ACTOR_KINDS, AUDIT_ACTS, OUTCOMES, PURPOSES, USES
from proofs.audit.faults import FaultKind
from proofs.audit.verification import ChainReport
from queries.disclosures import Disclosures
from rules.audit.entry import ActorKind, AuditAct
from rules.release.reasons import WithdrawalReason

WITHDRAWALS = {
    WithdrawalReason.SOURCE: "来源撤回",
    WithdrawalReason.REPAIRED: "已信用修复",
    WithdrawalReason.PUBLICATION_ENDED: "公示期满",
    WithdrawalReason.LABEL_CHANGED: "公开范围已变更",
    WithdrawalReason.CONSENT_REVOKED: "授权已撤回",
    WithdrawalReason.CONSENT_EXPIRED: "授权已到期",
    WithdrawalReason.CONSENT_PAUSED: "授权已暂停",
    WithdrawalReason.NOT_SUBSCRIBED: "机构不再订阅",
    WithdrawalReason.NO_PROVIDER_PERMISSION: "数据提供部门不再许可",
}
KINDS = {
    FaultKind.MISSING: "缺失",
    FaultKind.ALTERED: "篡改",
    FaultKind.DOUBLED: "重复",
    FaultKind.REORDERED: "次序颠倒",
    FaultKind.FORGED: "伪造",
}
# Of a link to an enterprise's page it is how its identity was checked.
_PURPOSES = {str(code): text for words in (PURPOSES, CHECKS) for code, text in words.items()}
# Recipients say, too, for which stage of a loan.
_PURPOSES |= {f"{one}_{use}": f"{PURPOSES[one]}（{USES[use]}）" for one in PURPOSES for use in USES}
_OPERATIONS = {"REPORT": "提供", "WITHDRAW": "撤回", "SCOPE": "告知可用范围", "INDICATORS": "提供指标"}
_PUBLIC = "公开信息"


def print_disclosures(console: Console, found: Disclosures, catalogue: Catalogue) -> None:
    """Print who saw what of an enterprise: to whom, when, what, why and by which consent."""
    released = grid("提供给", "信息项", "做了什么", "依据", "次数", "首次", "最近", right=("次数",))
    for item in found.released:
        done = _OPERATIONS.get(item.op, item.op)
        if item.reason:
            done += f"（{_withdrawal(item.reason)}）"
        released.add_row(
            item.recipient, item_name(catalogue, item.item), done, "、".join(item.consents) or _PUBLIC,
            f"{item.count:,}", _moment(item.first), _moment(item.last),
        )  # fmt: skip
    asked = grid("查询者", "事项", "用途", "授权", "结果", "次数", "首次", "最近", right=("次数",))
    for act in found.asked:
        who = f"{ACTOR_KINDS[ActorKind(act.actor_kind)]} {act.actor}".strip()
        asked.add_row(
            who, AUDIT_ACTS[AuditAct(act.act)], _purpose(act.purpose),
            "、".join(act.consents) or "–", OUTCOMES.get(act.outcome, act.outcome), f"{act.count:,}",
            _moment(act.first), _moment(act.last),
        )  # fmt: skip
    console.print(f"{found.subject} 的信息提供记录", style="bold", highlight=False)
    console.print(released if found.released else "没有向任何机构提供过", highlight=False)
    console.print(f"{found.subject} 的查询和办理记录", style="bold", highlight=False)
    console.print(asked if found.asked else "没有查询或办理过", highlight=False)


def print_report(console: Console, report: ChainReport) -> None:
    """Print whether the chains are whole, and the first fault."""
    anchored = f"，最近的锚点签署于 {_moment(report.newest_anchor)}" if report.newest_anchor else "，没有锚点"
    console.print(
        f"审计记录 {report.entries:,} 条，提供记录 {report.released:,} 条（{report.steps:,} 步），"
        f"锚点 {report.anchors:,} 个{anchored}",
        highlight=False,
    )
    if not report.faults:
        console.print("完整：没有缺失、篡改、重复或次序颠倒", style="green", highlight=False)
        return
    console.print(f"发现 {report.faults:,} 处问题，第一处：", style="red", highlight=False)
    for fault in report.first[:10]:
        console.print(f"{KINDS[fault.kind]}  {fault.place}  {fault.text}", markup=False, highlight=False)


def _withdrawal(code: str) -> str:
    return WITHDRAWALS[WithdrawalReason(code)] if code in set(WithdrawalReason) else code


def _purpose(code: str) -> str:
    return _PURPOSES.get(code, code or "–")


def _moment(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
