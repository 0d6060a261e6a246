"""What goes over the wire between a recipient and the portal. FastAPI makes ``docs/recipients-openapi.yaml`` of it."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from portal.views import ProblemView
from rules.release.answering import AnswerRefusal
from rules.release.consent.terms import DataUse, Purpose
from rules.release.predicate import MOST_CHARACTERS, PredicateAnswer

SubjectCode = Annotated[
    str, Field(max_length=40, description="统一社会信用代码（GB 32100-2015）", examples=["91630102MA0000001A"])
]
StatedUse = Annotated[DataUse, Field(description="用于：APPLICATION 贷前审查，POST_LOAN 贷后管理")]
StatedEnd = Annotated[Purpose, Field(description="用途：LOAN 贷款，GUARANTEE 担保，INSURANCE 保险")]
Consents = Annotated[
    list[str], Field(description="依据的授权书编号；无须授权的为空", examples=[["SQ20260302-ABCDEFGHJK"]])
]
AnsweredAt = Annotated[datetime, Field(description="答复时刻", examples=["2026-03-02T09:00:00+08:00"])]


class TokenView(BaseModel):
    """A token (RFC 6749, 5.1)."""

    access_token: str = Field(description="令牌：放在之后请求的 Authorization: Bearer 中", examples=["eyJhbGciOi…"])
    token_type: str = Field("Bearer", description="令牌种类")
    expires_in: int = Field(description="有效秒数", examples=[300])


class TokenProblem(BaseModel):
    """Why there is no token (RFC 6749, 5.2)."""

    error: str = Field(description="RFC 6749 的错误代码", examples=["invalid_client"])
    error_description: str = Field(description="原因", examples=["断言已过期，或有效期超过300秒"])


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    subject: SubjectCode
    purpose: StatedEnd
    use: StatedUse


class QuestionBody(_Asked):
    """A question about an enterprise."""

    question: str = Field(
        max_length=MOST_CHARACTERS,
        description="至多五个比较，以 and 相连；每个比较为“指标 >= 数”或“指标 < 数”，数取公布的分档界限",
        examples=["tax_paid_12m >= 100000 and penalties_36m < 1"],
    )


class ScoreBody(_Asked):
    """A wish for a score."""

    card: str = Field(max_length=31, description="已登记的评分卡编号", examples=["sme2026"])


class AnswerView(BaseModel):
    """An answer to a question."""

    answer: PredicateAnswer = Field(description="TRUE 全部成立；FALSE 至少一个不成立；INSUFFICIENT 信息不足，不能判断")
    question: str = Field(description="按平台写法重述的问题", examples=["tax_paid_12m >= 100000 and penalties_36m < 1"])
    consents: Consents
    answered_at: AnsweredAt


class ScoreView(BaseModel):
    """A score."""

    score: str | None = Field(description="得分（十进制数，以文字表示）；null：信息不足", examples=["635"])
    card: str = Field(description="评分卡编号", examples=["sme2026"])
    card_version: int = Field(description="评分卡版本", examples=[1])
    consents: Consents
    answered_at: AnsweredAt


class BandView(BaseModel):
    """An indicator that may be asked about."""

    id: str = Field(description="指标编号", examples=["tax_paid_12m"])
    name: str = Field(description="指标名称", examples=["近12个月税额"])
    unit: str = Field(description="单位", examples=["元"])
    items: list[str] = Field(description="据以计算的信息项；须对每一项都有权", examples=[["tax.payment"]])
    needs_consent: bool = Field(description="是否须经企业授权（核验或以上）")
    limits: list[str] | None = Field(
        description="分档界限，含于其上一档；null：公开信息，可与任何数比较", examples=[["10000", "50000", "100000"]]
    )


class BandsView(BaseModel):
    """What may be asked about."""

    indicators: list[BandView]
    cards: list[str] = Field(description="已为贵机构登记的评分卡", examples=[["sme2026"]])


class ReleasedView(BaseModel):
    """A message of the recipient's topic."""

    type: str = Field(description="消息种类：Avro 记录全名", examples=["credithub.bank.TaxPayment"])
    op: str = Field(description="REPORT 提供，WITHDRAW 撤回", examples=["REPORT"])
    item: str | None = Field(description="信息项", examples=["tax.payment"])
    subject: str = Field(description="统一社会信用代码", examples=["91630102MA0000001A"])
    subject_name: str | None = Field(description="主体名称", examples=["青海虚构样例有限公司"])
    sequence: int = Field(description="该主体的顺序号，1…n，不间断", examples=[12])
    record_key: str | None = Field(description="该条信息对贵机构的标识", examples=["9f2c4be1d0a37c5586e1b2a4c3d4e5f6"])
    consents: Consents
    emitted_at: str = Field(description="发布时间", examples=["2026-03-02T09:00:00+08:00"])
    redacted: AnswerRefusal | None = Field(
        description="非空：发布之后授权已终止等，内容不再提供，只告知序号与原因；null：content 为全部内容"
    )
    content: dict[str, Any] | None = Field(description="其余字段，同 Kafka 消息")


class ChangesView(BaseModel):
    """A part of what was released."""

    messages: list[ReleasedView]
    cursor: str = Field(description="下次从此读起；只对贵机构有效", examples=["gAAAAbCd…"])
    is_end: bool = Field(description="此后暂无新的消息")


class ItemView(BaseModel):
    """How much of an item is shown."""

    item: str = Field(description="信息项", examples=["tax.payment"])
    is_shown: bool = Field(description="是否提供（至少公开部分）；与有无记录无关")
    code: AnswerRefusal | None = Field(description="不提供，或只提供公开部分的原因；null：全部提供")
    consents: Consents


class RecordView(BaseModel):
    """A record as far as it may be seen."""

    item: str = Field(description="信息项", examples=["tax.payment"])
    record_key: str = Field(description="该条信息对贵机构的标识", examples=["9f2c4be1d0a37c5586e1b2a4c3d4e5f6"])
    unit: str = Field(description="数据提供单位", examples=["taxation"])
    source_time: str = Field(description="来源时间", examples=["2026-02-15T00:00:00+08:00"])
    data: dict[str, Any] = Field(description="可提供的字段", examples=[{"tax_amount": "12000"}])
    withheld: list[dict[str, str]] = Field(description="不提供的字段及原因")


class SubjectView(BaseModel):
    """What a recipient may look at of an enterprise now."""

    subject: SubjectCode
    subject_name: str | None = Field(description="主体名称", examples=["青海虚构样例有限公司"])
    items: list[ItemView] = Field(description="各信息项是否提供；只在第一页")
    indicators: dict[str, str] = Field(description="公开指标；只在第一页", examples=[{"penalties_36m": "1"}])
    records: list[RecordView]
    cursor: str | None = Field(description="下一页从此读起；null：没有了")
    answered_at: AnsweredAt


class RefusedItemView(BaseModel):
    """An item on which an answer fails."""

    item: str = Field(examples=["tax.payment"])
    code: AnswerRefusal


class RecipientProblem(ProblemView):
    """Why there is no answer (RFC 9457)."""

    code: str = Field(description="原因代码", examples=["NO_CONSENT"])
    items: list[RefusedItemView] = Field(default=[], description="涉及的信息项")
