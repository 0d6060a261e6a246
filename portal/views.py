"""Consents as the portal answers with them: plain values, and no persons."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from catalogue.times import business_date
from rules.release.consent.lifecycle import Consent, in_force, uses
from rules.release.consent.scope import ScopeAnswer, Wish, next_moment, scope_of


class ConsentView(BaseModel):
    """A consent, as of a moment."""

    number: str
    version: int
    state: str
    reason: str
    at: datetime
    in_force: bool
    uses: list[str]
    needs_confirmation: bool
    subject: str
    enterprise: str
    platform: str
    recipient: str
    departments: list[str]
    items: list[str]
    mode: str
    purpose: str
    application: str
    start: datetime
    end: datetime
    last_day: date
    post_loan: bool
    onward_sharing: bool
    revocation_channel: str
    disposal: str
    template_version: str
    template_hash: str
    signed_as: str | None
    signed_at: datetime | None
    evidence: str
    authority: str


class PermissionView(BaseModel):
    """What one recipient may do with one item, or why not."""

    recipient: str
    item: str
    mode: str
    use: str
    consents: list[str]
    refusal: str | None


class ScopeView(BaseModel):
    """What each recipient may see of an enterprise at a moment."""

    subject: str
    at: datetime
    changes_at: datetime | None
    permissions: list[PermissionView]
    consents: list[ConsentView]


def consent_view(consent: Consent, at: datetime) -> ConsentView:
    """Return a consent as it is shown."""
    terms, signatory = consent.terms, consent.signatory
    return ConsentView(
        number=terms.number,
        version=consent.version,
        state=consent.state,
        reason=consent.reason,
        at=consent.at,
        in_force=in_force(consent, at),
        uses=sorted(uses(consent, at)),
        needs_confirmation=consent.needs_confirmation,
        subject=terms.subject,
        enterprise=terms.enterprise,
        platform=terms.platform,
        recipient=terms.recipient,
        departments=list(terms.departments),
        items=list(terms.items),
        mode=terms.mode,
        purpose=terms.purpose,
        application=terms.application,
        start=terms.start,
        end=terms.end,
        last_day=business_date(terms.end - timedelta(microseconds=1)),
        post_loan=terms.post_loan,
        onward_sharing=terms.onward_sharing,
        revocation_channel=terms.revocation_channel,
        disposal=terms.disposal,
        template_version=terms.template.version,
        template_hash=terms.template.text_hash,
        signed_as=signatory.capacity if signatory else None,
        signed_at=consent.signed_at,
        evidence=consent.evidence,
        authority=signatory.authority if signatory else "",
    )


def scope_view(subject: str, consents: Sequence[Consent], at: datetime) -> ScopeView:
    """Return what may be seen of an enterprise."""
    scope: Mapping[Wish, ScopeAnswer] = scope_of(consents, at)
    permissions = [
        PermissionView(
            recipient=wish.recipient, item=wish.item, mode=wish.mode, use=wish.use, consents=list(found.numbers),
            refusal=found.refusal,
        )
        for wish, found in sorted(scope.items())
    ]  # fmt: skip
    return ScopeView(
        subject=subject,
        at=at,
        changes_at=next_moment(consents, at),
        permissions=permissions,
        consents=[consent_view(consent, at) for consent in consents],
    )


PROBLEM_TYPE = "application/problem+json"


class ProblemView(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, Any]] = []
