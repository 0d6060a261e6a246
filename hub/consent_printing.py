"""Consents as lines and tables, in Chinese, for people at a terminal."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console

from catalogue.model import Catalogue
from catalogue.times import SHANGHAI
from hub.printing import grid
from portal.words import CAPACITIES, DISPOSALS, MODES, PURPOSES, REASON_TEXTS, STATES, USES
from rules.release.consent.lifecycle import ActReason, State
from rules.release.consent.scope import ScopeRefusal
from rules.release.consent.terms import Capacity, DataUse, Disposal, Mode, Purpose

_REFUSALS = {
    ScopeRefusal.NO_CONSENT: "未授权",
    ScopeRefusal.CONSENT_PAUSED: "授权已暂停",
    ScopeRefusal.CONSENT_EXPIRED: "授权已到期",
    ScopeRefusal.CONSENT_REVOKED: "授权已撤回",
}


def state_text(consent: Mapping[str, Any]) -> str:
    """Return what a consent is, in words."""
    text = STATES[State(consent["state"])]
    if consent["state"] == State.ACTIVE and not consent["in_force"]:
        text += "（不在期限内）"
    return text


def print_list(console: Console, consents: Sequence[Mapping[str, Any]]) -> None:
    """Print consents, a line each."""
    table = grid("授权书编号", "企业", "机构", "状态", "授权方式", "信息项", "截止日", "贷后", right=("信息项",))
    for one in consents:
        table.add_row(
            one["number"], f"{one['enterprise']} {one['subject']}", one["recipient"], state_text(one), one["mode"],
            str(len(one["items"])), one["last_day"], "是" if one["post_loan"] else "否",
        )  # fmt: skip
    console.print(table if consents else "没有授权")


def print_consent(console: Console, one: Mapping[str, Any], catalogue: Catalogue) -> None:
    """Print all that a consent says."""
    known = {item.id: f"{item.seq} {item.zh}" for item in catalogue.items}
    units = {unit.id: unit.zh for unit in catalogue.units.values()}
    signed = one["signed_as"] and f"{CAPACITIES[Capacity(one['signed_as'])]}，{_moment(one['signed_at'])}"
    uses = "、".join(USES[DataUse(use)] for use in one["uses"]) or "无"
    rows = {
        "授权书编号": f"{one['number']}（第{one['version']}版）",
        "企业": f"{one['enterprise']} {one['subject']}",
        "被授权方": f"{one['platform']}、{one['recipient']}",
        "状态": f"{state_text(one)}：{REASON_TEXTS[ActReason(one['reason'])]}，{_moment(one['at'])}",
        "目前可用于": uses,
        "信息项": "；".join(known.get(item, item) for item in one["items"]),
        "数据来源部门": "、".join(units.get(unit, unit) for unit in one["departments"]),
        "授权方式": MODES[Mode(one["mode"])],
        "授权用途": f"{PURPOSES[Purpose(one['purpose'])]}，申请编号 {one['application']}",
        "授权期限": f"{_moment(one['start'])} 起，至 {one['last_day']}",
        "贷后使用": "同意，至贷款结清" if one["post_loan"] else "不同意",
        "转授权": "禁止",
        "撤回渠道": one["revocation_channel"],
        "到期处置": DISPOSALS[Disposal(one["disposal"])],
        "模板": f"{one['template_version']}，文本摘要 {one['template_hash']}",
        "签署": signed or "尚未签署",
        "授权书原件": one["evidence"] or "–",
        "委托书": one["authority"] or "–",
    }
    if one["needs_confirmation"]:
        rows["须办理"] = "法定代表人已变更，恢复前须经现法定代表人确认签署"
    for name, value in rows.items():
        console.print(f"{name}：{value}", soft_wrap=True, highlight=False)


def print_scope(console: Console, scope: Mapping[str, Any], catalogue: Catalogue) -> None:
    """Print what each recipient may see of an enterprise, and why not."""
    known = {item.id: f"{item.seq} {item.zh}" for item in catalogue.items}
    print_list(console, scope["consents"])
    table = grid("机构", "信息项", "用途", "方式", "可用", "依据")
    for one in scope["permissions"]:
        refusal = one["refusal"]
        table.add_row(
            one["recipient"], known.get(one["item"], one["item"]), USES[DataUse(one["use"])], one["mode"],
            "是" if refusal is None else _REFUSALS[ScopeRefusal(refusal)], "、".join(one["consents"]),
        )  # fmt: skip
    if scope["permissions"]:
        console.print()
        console.print(table)
    if scope["changes_at"]:
        console.print(f"下一次随时间变化：{_moment(scope['changes_at'])}", highlight=False)


def _moment(text: str | None) -> str:
    return "" if text is None else datetime.fromisoformat(text).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
