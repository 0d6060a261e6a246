"""A consent as its enterprise reads it: values for the templates, in Chinese."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from catalogue.errors import HubError
from catalogue.model import Catalogue
from catalogue.times import SHANGHAI, business_date
from portal.office import ENTERPRISE, HUB
from portal.register import HistoryStep, KnownConsent
from portal.words import ACTS, CAPACITIES, DISPOSALS, PURPOSES, REASON_TEXTS, STATES
from rules.release.consent.lifecycle import FINAL, TRANSITIONS, Act, Consent, State, in_force, is_over, uses
from rules.release.consent.terms import DataUse, Disposal, Mode, Signatory, Terms
from rules.release.deletion import delete_by
from rules.release.reasons import WithdrawalReason
from rules.release.receipts import DeletionDuty, DeletionReceipt, DutyState, duty_of

MODE_NAMES: Mapping[Mode, str] = {
    Mode.QUERY: "核验", Mode.VIEW: "查看", Mode.STORE: "留存", Mode.STREAM: "持续推送",
}  # fmt: skip
MODE_TEXTS: Mapping[Mode, str] = {
    Mode.QUERY: "机构只能提问，平台只回答是、否或无法判断，不提供内容。",
    Mode.VIEW: "机构可以提问，也可以查看内容。",
    Mode.STORE: "机构可以提问、查看，并取得一份内容留存。",
    Mode.STREAM: "机构可以提问、查看、取得一份内容留存，内容有变动时平台随即推送。",
}
_ACTORS: Mapping[str, str] = {HUB: "平台自动办理", ENTERPRISE: "企业在本页办理"}
_OPERATOR = "服务窗口经办"


class ConsentStanding(StrEnum):
    """Whether an institution can use a consent, and whether that may change: how the page groups them."""

    IN_FORCE = "in-force"
    WAITING = "waiting"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class ShownItem:
    """One item, and whose data it is."""

    name: str
    departments: str


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One line of a consent's history."""

    what: str
    why: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ShownConsent:
    """One consent as of a moment."""

    terms: Terms
    version: int
    state: str
    standing: ConsentStanding
    note: str
    recipient: str
    items: tuple[ShownItem, ...]
    mode: str
    mode_text: str
    purpose: str
    disposal: str
    last_day: date
    days_left: int
    """Days until the last one, that one too; at most 0: it is past."""
    signed_by: str
    """Empty: nobody has."""
    signed_at: datetime | None
    changed_at: datetime
    history: tuple[ShownStep, ...]
    can_revoke: bool
    is_revoked: bool
    is_delivered: bool
    """Whether the mode lets copies out."""
    delete_by: date | None
    """By when copies are deleted if it is revoked now, or was; None: a law decides."""
    deletion: str
    """What becomes of what was delivered by a consent that ended; empty: nothing was, or it has not ended."""


@dataclass(frozen=True, slots=True)
class StillAllowed:
    """What the same institution may use by another consent, whatever becomes of this one."""

    number: str
    items: str


class ConsentWording:
    """Says of consents what their enterprise reads."""

    def __init__(
        self, catalogue: Catalogue, name_of: Callable[[str], str], masked_name: Callable[[Terms, Signatory], str]
    ) -> None:
        """``name_of`` returns the Chinese name of a recipient; ``masked_name`` of who signed, or raises HubError."""
        self._items = {item.id: item for item in catalogue.items}
        self._units, self._name_of, self._masked_name = catalogue.units, name_of, masked_name

    def consent(self, known: KnownConsent, at: datetime, receipt: DeletionReceipt | None = None) -> ShownConsent:
        """Return a consent as it is at a moment; ``receipt``: the last of its deletion."""
        consent = known.held.consent
        terms = consent.terms
        last_day = business_date(terms.end - timedelta(microseconds=1))
        revoked_at = consent.at if consent.state is State.REVOKED else at
        standing, note = _standing(consent, at)
        # The moment ends it; that it ended is written down later.
        has_ended = standing is ConsentStanding.OVER and consent.state not in FINAL
        return ShownConsent(
            terms=terms,
            version=consent.version,
            state=STATES[State.EXPIRED if has_ended else consent.state],
            standing=standing,
            note=note,
            recipient=self._name_of(terms.recipient),
            items=tuple(self._item(name, terms.departments) for name in terms.items),
            mode=MODE_NAMES[terms.mode],
            mode_text=MODE_TEXTS[terms.mode],
            purpose=PURPOSES[terms.purpose],
            disposal=DISPOSALS[terms.disposal],
            last_day=last_day,
            days_left=(last_day - business_date(at)).days + 1,
            signed_by=self._signed_by(consent),
            signed_at=consent.signed_at,
            changed_at=consent.at,
            history=tuple(_step(step) for step in known.history),
            can_revoke=standing is not ConsentStanding.OVER and (consent.state, Act.REVOKE) in TRANSITIONS,
            is_revoked=consent.state is State.REVOKED,
            is_delivered=terms.mode.allows(Mode.STORE),
            delete_by=delete_by(WithdrawalReason.CONSENT_REVOKED, (terms.number,), (consent,), revoked_at),
            deletion=_deletion(duty_of(consent, receipt, at), at),
        )  # fmt: skip

    def still_allowed(self, revoked: Terms, others: Iterable[Consent], at: datetime) -> list[StillAllowed]:
        """Return by which other consents the same institution may use some of the same items."""
        found = []
        for other in others:
            items = set(other.terms.items) & set(revoked.items)
            is_other = other.terms.number != revoked.number and other.terms.recipient == revoked.recipient
            if is_other and items and in_force(other, at):
                names = "、".join(self._item(name, ()).name for name in sorted(items))
                found.append(StillAllowed(other.terms.number, names))
        return found

    def _item(self, name: str, departments: Sequence[str]) -> ShownItem:
        item = self._items.get(name)
        if item is None:
            return ShownItem(name, "")
        units = [self._units[unit].zh for unit in item.units if unit in departments]
        return ShownItem(item.zh, "、".join(units))

    def _signed_by(self, consent: Consent) -> str:
        signatory = consent.signatory
        if signatory is None:
            return ""
        try:
            name = self._masked_name(consent.terms, signatory)
        except HubError:
            # A key that is not here any more hides a name, and must not hide the consent.
            name = "（姓名无法显示）"
        return f"{name}，{CAPACITIES[signatory.capacity]}"


def _standing(consent: Consent, at: datetime) -> tuple[ConsentStanding, str]:
    now = uses(consent, at)
    match consent.state:
        case State.ACTIVE if now == {DataUse.POST_LOAN}:
            return ConsentStanding.IN_FORCE, "申请期限已满，现在只能用于贷后管理，至贷款结清为止。"
        case State.ACTIVE if now:
            return ConsentStanding.IN_FORCE, "机构现在可以使用。"
        case State.ACTIVE if at < consent.terms.start:
            return ConsentStanding.WAITING, "还没有到起始日，机构现在不能使用。"
        case State.PAUSED if not is_over(consent, at):
            resumption = "恢复前须经现法定代表人到服务窗口签署确认。" if consent.needs_confirmation else ""
            return ConsentStanding.WAITING, f"机构现在不能使用。暂停原因：{REASON_TEXTS[consent.reason]}。{resumption}"
        case State.REQUESTED if not is_over(consent, at):
            return ConsentStanding.WAITING, "机构已经申请，贵企业还没有签署，机构不能使用。不同意的，不签署即可。"
        case State.REVOKED | State.REJECTED:
            return ConsentStanding.OVER, f"机构不能使用。原因：{REASON_TEXTS[consent.reason]}。"
    return ConsentStanding.OVER, "期限已满或贷款已结清，机构不能使用。"


def _deletion(duty: DeletionDuty | None, at: datetime) -> str:
    if duty is None:
        return ""
    receipt, due = duty.receipt, "" if duty.due_by is None else day_text(duty.due_by)
    match duty.state:
        case DutyState.DELETED if receipt is not None:
            return f"机构已回执：于{day_text(receipt.on)}删除。"
        case DutyState.RETAINED if receipt is not None and receipt.until is not None:
            return (
                f"机构已回执：已停用，依据{receipt.law}{receipt.article}留存至{day_text(receipt.until)}，期满后删除。"
            )
    if duty.is_overdue(at):
        return f"机构应在{due}以前删除并回执，已经逾期，还没有回执；平台会催办，贵企业也可以向机构了解。"
    what = "删除，或说明依法留存" if duty.consent.terms.disposal is Disposal.RETAIN_BY_LAW else "删除"
    return f"还没有收到机构的回执；机构最迟在{due}{what}，并向平台回执。"


def _step(step: HistoryStep) -> ShownStep:
    who = _ACTORS.get(step.actor, _OPERATOR)
    return ShownStep(ACTS[step.act], REASON_TEXTS[step.reason], who, step.at)


def day_text(day: date) -> str:
    """Return a date as a letter has it."""
    return f"{day.year}年{day.month}月{day.day}日"


def moment_text(moment: datetime) -> str:
    """Return a moment in 北京时间, to the second."""
    return f"{minute_text(moment)}:{moment.astimezone(SHANGHAI):%S}"


def minute_text(moment: datetime) -> str:
    """Return a moment in 北京时间, to the minute."""
    local = moment.astimezone(SHANGHAI)
    return f"{day_text(local.date())} {local:%H:%M}"
