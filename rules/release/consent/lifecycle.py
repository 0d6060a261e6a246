"""The life of a consent: which transitions are legal, what it is after each of them, and whether it is in force.

A consent is the fold of its transitions, in the order of their versions. It ends by the moment alone: that somebody
writes EXPIRE is for the record. What is revoked, rejected or expired never comes back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from catalogue.errors import HubError
from rules.release.consent.terms import DataUse, Signatory, Terms


class State(StrEnum):
    """What a consent is, as of its last transition."""

    REQUESTED = "REQUESTED"  # 待授权
    ACTIVE = "ACTIVE"  # 已授权
    PAUSED = "PAUSED"  # 已暂停
    REVOKED = "REVOKED"  # 已撤回
    EXPIRED = "EXPIRED"  # 已到期
    REJECTED = "REJECTED"  # 已拒绝


class Act(StrEnum):
    """What somebody does."""

    REQUEST = "REQUEST"
    GRANT = "GRANT"
    REJECT = "REJECT"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    REVOKE = "REVOKE"
    SETTLE = "SETTLE"  # the loan is settled, or none was granted: post-loan use ends
    EXPIRE = "EXPIRE"  # for the record: the moment was past already


class ActReason(StrEnum):
    """Why, as a code. A text in a topic could name a person, so there is none."""

    ASKED = "ASKED"
    SIGNED = "SIGNED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    INVALID = "INVALID"
    BY_ENTERPRISE = "BY_ENTERPRISE"
    DISPUTED = "DISPUTED"
    REPRESENTATIVE_CHANGED = "REPRESENTATIVE_CHANGED"
    STRUCK_OFF = "STRUCK_OFF"
    CONFIRMED = "CONFIRMED"
    CLEARED = "CLEARED"
    LOAN_SETTLED = "LOAN_SETTLED"
    NOT_GRANTED = "NOT_GRANTED"
    TERM_ENDED = "TERM_ENDED"


AUTOMATIC = frozenset((ActReason.REPRESENTATIVE_CHANGED, ActReason.STRUCK_OFF))
"""Reasons of a pause that the register of enterprises gives: also of a consent that is paused already."""

REASONS: Mapping[Act, tuple[ActReason, ...]] = {
    Act.REQUEST: (ActReason.ASKED,),
    Act.GRANT: (ActReason.SIGNED,),
    Act.REJECT: (ActReason.DECLINED, ActReason.WITHDRAWN, ActReason.INVALID),
    Act.PAUSE: (ActReason.BY_ENTERPRISE, ActReason.DISPUTED, ActReason.REPRESENTATIVE_CHANGED, ActReason.STRUCK_OFF),
    Act.RESUME: (ActReason.BY_ENTERPRISE, ActReason.CLEARED, ActReason.CONFIRMED),
    Act.REVOKE: (ActReason.BY_ENTERPRISE, ActReason.INVALID),
    Act.SETTLE: (ActReason.LOAN_SETTLED, ActReason.NOT_GRANTED),
    Act.EXPIRE: (ActReason.TERM_ENDED,),
}
"""The reasons that each act may have; the first is taken where none is given."""

TRANSITIONS: Mapping[tuple[State | None, Act], State] = {
    (None, Act.REQUEST): State.REQUESTED,
    (State.REQUESTED, Act.GRANT): State.ACTIVE,
    (State.REQUESTED, Act.REJECT): State.REJECTED,
    (State.REQUESTED, Act.EXPIRE): State.EXPIRED,
    (State.ACTIVE, Act.PAUSE): State.PAUSED,
    (State.ACTIVE, Act.REVOKE): State.REVOKED,
    (State.ACTIVE, Act.SETTLE): State.EXPIRED,
    (State.ACTIVE, Act.EXPIRE): State.EXPIRED,
    (State.PAUSED, Act.PAUSE): State.PAUSED,
    (State.PAUSED, Act.RESUME): State.ACTIVE,
    (State.PAUSED, Act.REVOKE): State.REVOKED,
    (State.PAUSED, Act.SETTLE): State.EXPIRED,
    (State.PAUSED, Act.EXPIRE): State.EXPIRED,
}
FINAL = frozenset((State.REVOKED, State.EXPIRED, State.REJECTED))


@dataclass(frozen=True, slots=True)
class Transition:
    """One step in the life of a consent; ``version`` counts 1…n for each consent, without a gap."""

    terms: Terms
    version: int
    act: Act
    reason: ActReason
    actor: str
    """Who did it: an operator's id; ``enterprise``, on its own page; or ``hub``."""
    at: datetime
    signatory: Signatory | None = None
    """Of a grant, and of a resumption that a later representative confirms."""
    evidence: str = ""
    """The SHA-256 of what was signed, hex; with a signatory."""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a consent is after its last transition."""

    terms: Terms
    state: State
    version: int
    reason: ActReason
    at: datetime
    """When it became so."""
    signatory: Signatory | None = None
    """Who granted it, or confirmed it last; None: nobody yet."""
    signed_at: datetime | None = None
    evidence: str = ""
    needs_confirmation: bool = False
    """Whether another legal representative than the signatory's came since: he has to confirm it before it goes on."""


class IllegalTransition(HubError):
    """A consent cannot go this way; the message is for whoever asked for it."""


def after(consent: Consent | None, step: Transition) -> Consent:
    """Return what a consent is after one more transition; ``consent`` None: there is none of this number yet.

    Raises IllegalTransition for a step that is not the next one, is not legal, or has other terms.
    """
    state = TRANSITIONS.get((consent.state if consent else None, step.act))
    if state is None:
        raise IllegalTransition("在此状态下没有这项办理")
    if step.reason not in REASONS[step.act]:
        raise IllegalTransition("办理事项与原因不符")
    if step.version != (consent.version if consent else 0) + 1:
        raise IllegalTransition("版本不连续")
    if (step.signatory is None) != (not step.evidence):
        raise IllegalTransition("签署人与签署原件须同时具备")
    if consent is None:
        if step.signatory is not None:
            raise IllegalTransition("申请时无须签署")
        return Consent(step.terms, state, step.version, step.reason, step.at)
    _check_next(consent, step)
    confirmed = step.signatory is not None
    return replace(
        consent,
        state=state,
        version=step.version,
        reason=step.reason,
        at=step.at,
        signatory=step.signatory or consent.signatory,
        signed_at=step.at if confirmed else consent.signed_at,
        evidence=step.evidence or consent.evidence,
        needs_confirmation=not confirmed
        and (consent.needs_confirmation or step.reason is ActReason.REPRESENTATIVE_CHANGED),
    )


def _check_next(consent: Consent, step: Transition) -> None:
    if step.terms != consent.terms:
        raise IllegalTransition("授权内容不得变更，须另行授权")
    if step.at < consent.at:
        raise IllegalTransition("办理时间早于上一次")
    if step.act is Act.GRANT and step.signatory is None:
        raise IllegalTransition("缺少签署人和签署后的授权书")
    if step.act not in (Act.GRANT, Act.RESUME) and step.signatory is not None:
        raise IllegalTransition("这项办理无须签署")
    if step.act is Act.RESUME and step.signatory is None and (
        consent.needs_confirmation or step.reason is ActReason.CONFIRMED
    ):  # fmt: skip
        raise IllegalTransition("须由现法定代表人签署确认")
    if step.act is Act.PAUSE and consent.state is State.PAUSED and step.reason not in AUTOMATIC - {consent.reason}:
        raise IllegalTransition("已经暂停")
    if step.act is Act.GRANT and step.at >= consent.terms.end:
        raise IllegalTransition("授权期限已过")
    if step.act is Act.EXPIRE and not is_over(consent, step.at):
        raise IllegalTransition("授权期限未满")


def fold(steps: Iterable[Transition]) -> Consent | None:
    """Return what a consent is after these transitions of it, in whatever order they are given; None: there are none.

    A transition that is given twice counts once. Raises IllegalTransition where they do not follow each other.
    """
    consent: Consent | None = None
    for step in sorted(frozenset(steps), key=lambda step: step.version):
        consent = after(consent, step)
    return consent


def uses(consent: Consent, at: datetime) -> frozenset[DataUse]:
    """Return what a consent is in force for at a moment."""
    terms = consent.terms
    if consent.state is not State.ACTIVE or at < terms.start:
        return frozenset()
    post_loan = {DataUse.POST_LOAN} if terms.post_loan else set[DataUse]()
    return frozenset(post_loan | ({DataUse.APPLICATION} if at < terms.end else set()))


def in_force(consent: Consent, at: datetime) -> bool:
    """Whether a consent is in force at a moment, for whatever use: by its last transition and the moment alone."""
    return bool(uses(consent, at))


def is_over(consent: Consent, at: datetime) -> bool:
    """Whether the term ended, so that the consent is never in force again, whatever is done.

    A consent with post-loan use has no such moment once it was granted: it lasts until the loan is settled.
    """
    never_granted = consent.state is State.REQUESTED
    return at >= consent.terms.end and (never_granted or not consent.terms.post_loan)
