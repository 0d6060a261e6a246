"""The words of the portal's interface: fields, states, acts and reasons in Chinese, as 授权书 and people have them."""

from collections.abc import Mapping

from rules.audit.entry import OK, ActorKind, AuditAct
from rules.outcomes.reported import LoanOutcomeKind
from rules.release.consent.lifecycle import Act, ActReason, State
from rules.release.consent.terms import Capacity, DataUse, Disposal, Mode, Purpose
from rules.release.receipts import DutyState

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
    "check": "身份核验",
    "signing": "签署信息",
    "batch": "批次号",
    "receipts": "回执",
    "outcomes": "报送内容",
    "consent": "授权书编号",
    "kind": "种类",
    "on": "日期",
    "law": "法律依据",
    "article": "条款",
    "retained_until": "留存的最后一日",
    "day": "发生日期",
    "amount": "金额",
    "rate": "年利率",
    "first_loan": "是否首贷",
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

DUTY_STATES: Mapping[DutyState, str] = {
    DutyState.DUE: "待回执",
    DutyState.DELETED: "已删除",
    DutyState.RETAINED: "停用并依法留存",
}
LOAN_OUTCOMES: Mapping[LoanOutcomeKind, str] = {
    LoanOutcomeKind.APPLIED: "申请",
    LoanOutcomeKind.APPROVED: "审批通过",
    LoanOutcomeKind.REJECTED: "审批未通过",
    LoanOutcomeKind.DISBURSED: "发放",
    LoanOutcomeKind.SETTLED: "结清",
    LoanOutcomeKind.OVERDUE_30: "逾期30天以上",
    LoanOutcomeKind.OVERDUE_60: "逾期60天以上",
    LoanOutcomeKind.OVERDUE_90: "逾期90天以上",
}

ACTOR_KINDS: Mapping[ActorKind, str] = {
    ActorKind.OPERATOR: "经办人员",
    ActorKind.RECIPIENT: "机构",
    ActorKind.ENTERPRISE: "企业",
    ActorKind.HUB: "平台",
    ActorKind.STRANGER: "未验明身份者",
}
AUDIT_ACTS: Mapping[AuditAct, str] = {
    AuditAct.CONSENT_REQUEST: "登记授权申请",
    AuditAct.CONSENT_GRANT: "登记授权",
    AuditAct.CONSENT_REJECT: "登记拒绝",
    AuditAct.CONSENT_PAUSE: "暂停授权",
    AuditAct.CONSENT_RESUME: "恢复授权",
    AuditAct.CONSENT_REVOKE: "撤回授权",
    AuditAct.CONSENT_SETTLE: "登记结清",
    AuditAct.CONSENT_ACT: "办理授权",
    AuditAct.CONSENT_LIST: "查看授权列表",
    AuditAct.CONSENT_SHOW: "查看授权",
    AuditAct.CONSENT_ARTEFACTS: "导出授权签名",
    AuditAct.SCOPE_SHOW: "查看可用范围",
    AuditAct.EVIDENCE_PUT: "上传授权书",
    AuditAct.EVIDENCE_GET: "查看授权书",
    AuditAct.ANCHOR_SHOW: "查看审计锚点",
    AuditAct.LINK_ISSUE: "发放企业页面链接",
    AuditAct.LINK_SHOW: "打开企业页面链接",
    AuditAct.PAGE_ENTER: "进入企业页面",
    AuditAct.PAGE_LEAVE: "退出企业页面",
    AuditAct.PAGE_CONSENTS: "在企业页面查看授权列表",
    AuditAct.PAGE_CONSENT: "在企业页面查看授权",
    AuditAct.TOKEN_ISSUE: "领取访问令牌",
    AuditAct.BANDS_SHOW: "查看指标分档",
    AuditAct.CHANGES_PULL: "拉取消息",
    AuditAct.SUBJECT_VIEW: "查看企业信息",
    AuditAct.QUESTION_ANSWER: "核验",
    AuditAct.SCORE_ANSWER: "评分",
    AuditAct.DELETION_LIST: "查看待回执的删除",
    AuditAct.RECEIPT_TAKE: "报送删除回执",
    AuditAct.OUTCOME_TAKE: "报送贷款结果",
    AuditAct.OUTCOME_TOTALS: "查看贷款结果汇总",
    AuditAct.NONE: "（未到办理环节）",
}
OUTCOMES: Mapping[str, str] = {
    OK: "已答复",
    "UNAUTHENTICATED": "拒绝：未验明身份",
    "FORBIDDEN": "拒绝：无权",
    "NOT_FOUND": "拒绝：没有这一项",
    "NOT_POSSIBLE": "拒绝：不能这样办理",
    "TOO_LARGE": "拒绝：内容过大",
    "INVALID": "拒绝：填写有误",
    "FREQUENCY_EXCEEDED": "拒绝：过于频繁",
    "FAILED": "未答复：内部错误",
    "UNAVAILABLE": "未答复：暂时不能办理",
    "NO_CONSENT": "拒绝：没有授权",
    "CONSENT_EXPIRED": "拒绝：授权已到期",
    "CONSENT_REVOKED": "拒绝：授权已撤回",
    "CONSENT_PAUSED": "拒绝：授权已暂停",
    "PURPOSE_MISMATCH": "拒绝：用途不符",
    "NOT_SUBSCRIBED": "拒绝：未订阅",
    "NO_PROVIDER_PERMISSION": "拒绝：数据提供部门未许可",
    "PERSONAL": "拒绝：个人信息",
    "BATCH_REFUSED": "拒绝：整批未收，有误",
    "BATCH_DIFFERS": "拒绝：批次号已用于另一批",
}
