"""What operators send, and what becomes of it: terms and signatories. What is wrong is told by the field's name."""

import json
import secrets
from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from bus.crypto.cipher import Cipher, bound
from catalogue.errors import HubError
from catalogue.identifiers import id_number, uscc
from catalogue.model import Catalogue
from catalogue.times import SHANGHAI, business_date
from portal.evidence import EvidenceStore
from rules.release.consent.checks import ACTOR, Problem, check_terms
from rules.release.consent.lifecycle import REASONS, Act, ActReason
from rules.release.consent.registered import normalised_name
from rules.release.consent.terms import (
    APPLICATION_TERM,
    Capacity,
    Disposal,
    Mode,
    Purpose,
    Signatory,
    Template,
    Terms,
)

PLATFORM = "西宁市公共信用信息平台"
REVOCATION_CHANNEL = "西宁市公共信用信息平台服务窗口"
# The keyed hash under which a representative's name is compared, and where the cipher seals what names persons.
_REPRESENTATIVE, _AGENT, _SIGNATORY = "consent.representative", "id_number", "consent.signatory"
# An operator does nothing in their names (portal.office).
_RESERVED = frozenset(("hub", "enterprise"))
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class BadRequest(HubError):
    """What an operator sent cannot be taken; ``problems`` name the fields."""

    def __init__(self, problems: Collection[Problem]) -> None:
        super().__init__("；".join(problem.text for problem in problems))
        self.problems = tuple(problems)


class ActorBody(BaseModel):
    """What an operator sends says who he is."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, str_max_length=200)

    actor: str = Field(description="工号 of the operator, no name")


class RequestBody(ActorBody):
    """What an institution asks an enterprise for."""

    subject: str
    enterprise: str
    template_version: str
    template_hash: str
    recipient: str
    items: list[str] = Field(max_length=100, description="ids, numbers in the list, or Chinese names")
    departments: list[str] = Field(default=[], max_length=100, description="empty: the units of the items")
    mode: Mode
    purpose: Purpose = Purpose.LOAN
    application: str
    start: date | None = Field(default=None, description="first day; unset: today")
    until: date | None = Field(default=None, description="last day; unset: the city's term from the first one on")
    post_loan: bool = False
    onward_sharing: bool = False
    platform: str = PLATFORM
    revocation_channel: str = REVOCATION_CHANNEL
    disposal: Disposal = Disposal.DELETE


class SigningBody(BaseModel):
    """Who signed. It is never logged: what names persons is secret to pydantic, too."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, str_max_length=200, hide_input_in_errors=True)

    capacity: Capacity = Capacity.LEGAL_REPRESENTATIVE
    representative: SecretStr = Field(max_length=60, description="name of the legal representative")
    agent: SecretStr | None = Field(default=None, max_length=60)
    agent_id_number: SecretStr | None = Field(default=None, max_length=30)
    mobile: SecretStr | None = Field(default=None, max_length=30)
    authority: str = Field(default="", description="SHA-256 of the 委托书, which was uploaded before")
    evidence: str = Field(description="SHA-256 of the 授权书, which was uploaded before")


class ActBody(ActorBody):
    """One step in the life of a consent."""

    reason: ActReason | None = None
    signing: SigningBody | None = None


def terms_of(
    body: RequestBody,
    catalogue: Catalogue,
    recipients: Collection[str],
    now: datetime,
    term: timedelta = APPLICATION_TERM,
) -> Terms:
    """Return the terms that are asked for; raises BadRequest naming every field that is wrong.

    ``term``: how long it lasts where no last day is named.
    """
    by_name = {name: item for item in catalogue.items for name in (item.id, str(item.seq), item.zh)}
    items = [by_name.get(name) for name in body.items]
    unknown = [Problem("items", "授权的信息项不在清单之内；请按清单的序号、编号或名称填写")] if None in items else []
    known = [item for item in items if item is not None]
    departments = set(body.departments) or {unit for item in known for unit in item.units}
    try:
        subject = str(uscc(body.subject))
    except ValueError:
        subject = body.subject
    start, first_day = now, business_date(now)
    if body.start is not None and body.start != first_day:
        start, first_day = _midnight(body.start), body.start
    end = start + term if body.until is None else _midnight(body.until + timedelta(days=1))
    terms = Terms(
        new_number(now), subject, body.enterprise, Template(body.template_version, body.template_hash.lower()),
        body.platform, body.recipient, tuple(sorted(departments)), tuple(sorted({item.id for item in known})),
        body.mode, body.purpose, body.application, start, end, body.post_loan, body.onward_sharing,
        body.revocation_channel, body.disposal,
    )  # fmt: skip
    if problems := [*unknown, *check_actor(body.actor), *check_terms(terms, catalogue, recipients)]:
        raise BadRequest(problems)
    return terms


def new_number(now: datetime) -> str:
    """Return a new number of a consent: the day, and what nobody guesses."""
    return f"SQ{business_date(now):%Y%m%d}-{''.join(secrets.choice(_LETTERS) for _ in range(10))}"


def reason_of(body: ActBody, act: Act) -> ActReason:
    """Return why something is done; raises BadRequest for a reason that the act cannot have."""
    problems = list(check_actor(body.actor))
    if body.reason is not None and body.reason not in REASONS[act]:
        problems.append(Problem("reason", f"原因不适用；可填 {'、'.join(REASONS[act])}"))
    if problems:
        raise BadRequest(problems)
    return body.reason or REASONS[act][0]


class Signatories:
    """Makes of who signed what may be kept for ever: keyed hashes, and what names persons under encryption."""

    def __init__(self, cipher: Cipher, evidence: EvidenceStore) -> None:
        self._cipher, self._evidence = cipher, evidence

    def hash_of(self, normalised: str) -> str:
        """Return the keyed hash of a legal representative's normalised name."""
        return self._cipher.link(normalised, _REPRESENTATIVE)

    def of(self, terms: Terms, body: SigningBody) -> Signatory:
        """Return who signed a consent; raises BadRequest naming every field that is wrong, and no value."""
        if problems := list(self._problems(body)):
            raise BadRequest(problems)
        named = {
            "representative": _shown(body.representative),
            "agent": _shown(body.agent),
            "agent_id_number": _shown(body.agent_id_number),
            "mobile": _shown(body.mobile),
        }
        plain = json.dumps(named, ensure_ascii=False).encode()
        agent = id_number(_shown(body.agent_id_number)) if body.capacity is Capacity.AGENT else ""
        return Signatory(
            body.capacity,
            self.hash_of(normalised_name(_shown(body.representative))),
            self._cipher.close(plain, _SIGNATORY, bound(terms.subject, terms.number)),
            self._cipher.link(agent, _AGENT) if agent else "",
            body.authority,
        )

    def masked_name(self, terms: Terms, signatory: Signatory) -> str:
        """Return the name of who signed, all but its first character masked; raises HubError where no key opens it."""
        plain = self._cipher.open(signatory.sealed, _SIGNATORY, bound(terms.subject, terms.number))
        named = json.loads(plain)
        name = str(named["agent" if signatory.capacity is Capacity.AGENT else "representative"])
        return name[:1] + "*" * (len(name) - 1)

    def _problems(self, body: SigningBody) -> Iterator[Problem]:
        if not normalised_name(_shown(body.representative)):
            yield Problem("representative", "法定代表人姓名为空；请按营业执照填写")
        if not self._evidence.has(body.evidence):
            yield Problem("evidence", "没有收到授权书原件；请先上传签署后的PDF")
        signed_by_agent = body.capacity is Capacity.AGENT
        if signed_by_agent and not (_shown(body.agent) and _shown(body.agent_id_number)):
            yield Problem("agent", "由代理人签署的，须填写代理人姓名和身份证件号码")
        elif signed_by_agent:
            try:
                id_number(_shown(body.agent_id_number))
            except ValueError as exc:
                yield Problem("agent_id_number", f"代理人身份证件号码不正确：{exc}")
        if signed_by_agent and not self._evidence.has(body.authority):
            yield Problem("authority", "由代理人签署的，须先上传法定代表人出具的委托书PDF")
        if not signed_by_agent and (body.agent or body.agent_id_number or body.authority):
            yield Problem("capacity", "填写了代理人或委托书，签署身份应为代理人（AGENT）")


def check_actor(actor: str) -> Iterator[Problem]:
    """Yield what is wrong with the id of who does something."""
    if actor.lower() in _RESERVED:
        yield Problem("actor", f"“{actor}”不是经办人工号；请填自己的工号")
    elif not ACTOR.fullmatch(actor):
        yield Problem("actor", "经办人工号只能由32个以内的字母、数字和“.”“_”“-”组成；请填工号，不填姓名")


def _shown(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value().strip()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
