"""What becomes of what a recipient was told by a consent that ended: it deletes it, or a law makes it keep it unused.

A deletion is due for every consent that let copies out (STORE, STREAM) and ended after it was in force. Its recipient
was told something by it: of each item at least that there is or is not anything.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from catalogue.times import business_date
from rules.release.consent.checks import Problem
from rules.release.consent.lifecycle import ActReason, Consent, State, is_over
from rules.release.consent.terms import Disposal, Mode
from rules.release.deletion import DELETED_WITHIN

LONGEST_RETENTION = timedelta(days=30 * 366)
"""No law that we know has files of loans kept longer: 会计档案 30 years, 反洗钱法 10."""
# A title and an article, and no room for anything that could name a person.
_LAW = re.compile(r"[\u4e00-\u9fff（）、]{1,40}(法|条例|办法|规定|规则|准则|细则)(（[0-9]{4}年(修订|修正)?）)?")
_ARTICLE = re.compile(
    r"第[一二三四五六七八九十百零0-9]{1,8}条(第[一二三四五六七八九十]{1,3}款)?(第[一二三四五六七八九十]{1,3}项)?"
)


class ReceiptKind(StrEnum):
    """What a recipient says that it did."""

    DELETED = "DELETED"  # nothing of it is left
    RETAINED = "RETAINED"  # use stopped; a law has it kept until a day, and deleted after it


@dataclass(frozen=True, slots=True)
class DeletionReceipt:
    """What a recipient says of one consent. ``law``, ``article`` and ``until`` are those of RETAINED alone."""

    kind: ReceiptKind
    on: date
    """When it was deleted, or when its use stopped."""
    law: str = ""
    article: str = ""
    until: date | None = None
    """The last day on which it is kept."""


class DutyState(StrEnum):
    """Whether a deletion is waited for."""

    DUE = "DUE"
    DELETED = "DELETED"
    RETAINED = "RETAINED"


class DeletionDuty(NamedTuple):
    """What a recipient has to do about a consent that ended; ``due_by``: the last day for it, None of what is done."""

    consent: Consent
    ended_at: datetime
    state: DutyState
    due_by: date | None
    receipt: DeletionReceipt | None

    def is_overdue(self, at: datetime) -> bool:
        """Whether the day has passed and no receipt came."""
        return self.state is DutyState.DUE and self.due_by is not None and business_date(at) > self.due_by


def ended_at(consent: Consent, at: datetime) -> datetime | None:
    """Return when a consent ended for good, by what is known at a moment; None: it has not, or never was granted."""
    if consent.signed_at is None:
        return None
    if consent.state is State.REVOKED:
        return consent.at
    # That it expired is written down later than it happened; settled was it when somebody said so.
    if consent.state is State.EXPIRED and consent.reason is not ActReason.TERM_ENDED:
        return consent.at
    return consent.terms.end if is_over(consent, at) else None


def duty_of(consent: Consent, receipt: DeletionReceipt | None, at: datetime) -> DeletionDuty | None:
    """Return what has to be done about a consent at a moment; ``receipt``: the last that came. None: nothing."""
    ended = ended_at(consent, at)
    if ended is None or ended < consent.terms.start or not consent.terms.mode.allows(Mode.STORE):
        return None
    if receipt is None:
        return DeletionDuty(consent, ended, DutyState.DUE, business_date(ended) + DELETED_WITHIN, None)
    if receipt.until is None:
        return DeletionDuty(consent, ended, DutyState.DELETED, None, receipt)
    # What a law had kept is deleted once it has not any more.
    is_kept = business_date(at) <= receipt.until
    state = DutyState.RETAINED if is_kept else DutyState.DUE
    return DeletionDuty(consent, ended, state, receipt.until + DELETED_WITHIN, receipt)


def check_receipt(duty: DeletionDuty, receipt: DeletionReceipt, at: datetime) -> Iterator[Problem]:
    """Yield what is wrong with a receipt for what has to be done at a moment."""
    today = business_date(at)
    if duty.state is DutyState.DELETED and duty.receipt != receipt:
        yield Problem("consent", "该授权已有删除回执；删除之后不再变更")
    if not business_date(duty.ended_at) <= receipt.on <= today:
        yield Problem("on", "日期应在授权终止之日至今天之间；请填实际删除或停止使用的日期")
    if receipt.kind is ReceiptKind.DELETED:
        if receipt.law or receipt.article or receipt.until is not None:
            yield Problem("kind", "已删除的不填法律依据；依法留存的，回执种类应为RETAINED")
        return
    if duty.consent.terms.disposal is not Disposal.RETAIN_BY_LAW:
        yield Problem("kind", "授权书约定到期删除，不得留存；请删除后报DELETED")
    if not _LAW.fullmatch(receipt.law):
        yield Problem("law", "留存依据应为法律法规的名称，不加书名号，例如“反洗钱法”")
    if not _ARTICLE.fullmatch(receipt.article):
        yield Problem("article", "条款应写作“第三十四条”或“第三十四条第二款”")
    if receipt.until is None:
        yield Problem("retained_until", "缺少留存的最后一日；请按法律规定的期限填写")
    elif not today < receipt.until <= today + LONGEST_RETENTION:
        yield Problem("retained_until", "留存的最后一日应在今天之后、三十年之内；期限已满的应删除并报DELETED")
