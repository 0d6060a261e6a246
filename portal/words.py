"""The words of the portal's interface: fields, states, acts and reasons in Chinese, as 授权书 and people have them."""

from collections.abc import Mapping

from rules.release.consent.lifecycle import Act, ActReason, State
from rules.release.consent.terms import Capacity, DataUse, Disposal, Mode, Purpose

FIELDS: Mapping[str, str] = {
    "number": "授权书编号",
    "subject": "统一社会信用代码",
    "enterprise": "企业名称",
    "template_version": "授权书模板版本",
    "template_hash": "授权书文本摘要",
    "platform": "被授权平台",
    "recipient": "被授权机构",
    "departments": "数据来源部门",
    "items": "授权的信息项",
    "mode": "授权方式",
    "purpose": "授权用途",
    "application": "贷款申请编号",
    "start": "起始日",
    "until": "截止日",
    "days": "授权天数",
    "end": "授权期限",
    "post_loan": "贷后使用",
    "onward_sharing": "转授权",
    "revocation_channel": "撤回渠道",
    "disposal": "到期处置",
    "capacity": "签署身份",
    "representative": "法定代表人姓名",
    "agent": "代理人姓名",
    "agent_id_number": "代理人身份证件号码",
    "mobile": "联系手机",
    "authority": "委托书",
    "evidence": "授权书原件",
    "reason": "原因",
    "actor": "经办人工号",
    "act": "办理事项",
    "signing": "签署信息",
}

STATES: Mapping[State, str] = {
    State.REQUESTED: "待授权",
    State.ACTIVE: "已授权",
    State.PAUSED: "已暂停",
    State.REVOKED: "已撤回",
    State.EXPIRED: "已到期",
    State.REJECTED: "已拒绝",
}
ACTS: Mapping[Act, str] = {
    Act.REQUEST: "申请",
    Act.GRANT: "授权",
    Act.REJECT: "拒绝",
    Act.PAUSE: "暂停",
    Act.RESUME: "恢复",
    Act.REVOKE: "撤回",
    Act.SETTLE: "结清",
    Act.EXPIRE: "到期",
}
REASON_TEXTS: Mapping[ActReason, str] = {
    ActReason.ASKED: "机构申请",
    ActReason.SIGNED: "企业签署",
    ActReason.DECLINED: "企业不同意",
    ActReason.WITHDRAWN: "机构撤回申请",
    ActReason.INVALID: "授权书不符合要求",
    ActReason.BY_ENTERPRISE: "企业要求",
    ActReason.DISPUTED: "存在争议",
    ActReason.REPRESENTATIVE_CHANGED: "法定代表人已变更，须经现法定代表人确认",
    ActReason.STRUCK_OFF: "企业已注销",
    ActReason.CONFIRMED: "现法定代表人确认",
    ActReason.CLEARED: "暂停原因已消除",
    ActReason.LOAN_SETTLED: "贷款已结清",
    ActReason.NOT_GRANTED: "未发放贷款",
    ActReason.TERM_ENDED: "授权期限届满",
}
MODES: Mapping[Mode, str] = {
    Mode.QUERY: "核验（只答问，不提供内容）",
    Mode.VIEW: "查看",
    Mode.STORE: "留存",
    Mode.STREAM: "持续推送",
}
USES: Mapping[DataUse, str] = {DataUse.APPLICATION: "贷前审查", DataUse.POST_LOAN: "贷后管理"}
PURPOSES: Mapping[Purpose, str] = {Purpose.LOAN: "贷款", Purpose.GUARANTEE: "担保", Purpose.INSURANCE: "保险"}
DISPOSALS: Mapping[Disposal, str] = {
    Disposal.DELETE: "到期删除",
    Disposal.RETAIN_BY_LAW: "停止使用，依法留存至法定期限后删除",
}
CAPACITIES: Mapping[Capacity, str] = {
    Capacity.LEGAL_REPRESENTATIVE: "法定代表人",
    Capacity.AGENT: "代理人（持委托书）",
}
