"""What a 授权书 says: who lets whom see which items, how, what for and until when. Terms never change.

Another extent is another consent. Who signs is not among the terms: that is known once it is granted, and again when a
later legal representative confirms it (``rules.release.consent.lifecycle``).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

APPLICATION_TERM = timedelta(days=90)
"""How long a consent lasts for a loan application, unless it says otherwise; our default."""
LONGEST_TERM = timedelta(days=3 * 366)
"""No consent lasts longer: another one is asked for."""


class Mode(StrEnum):
    """How an item may be used. Each one allows all that the ones before it allow."""

    QUERY = "QUERY"  # questions are answered, nothing is shown
    VIEW = "VIEW"  # … and the records are shown
    STORE = "STORE"  # … and delivered once, as they are
    STREAM = "STREAM"  # … and each change of them

    def allows(self, other: "Mode") -> bool:
        """Whether who may use an item in this way may use it in the other."""
        return _LADDER[other] <= _LADDER[self]


_LADDER = {mode: step for step, mode in enumerate(Mode)}


class DataUse(StrEnum):
    """What for: 贷后 is ticked apart from the application."""

    APPLICATION = "APPLICATION"  # 贷前审查: until the term ends
    POST_LOAN = "POST_LOAN"  # 贷后管理: until the loan is settled


class Purpose(StrEnum):
    """What was applied for (授权用途)."""

    LOAN = "LOAN"
    GUARANTEE = "GUARANTEE"
    INSURANCE = "INSURANCE"


class Disposal(StrEnum):
    """What the recipient does with what it has when the consent ends (到期处置)."""

    DELETE = "DELETE"
    RETAIN_BY_LAW = "RETAIN_BY_LAW"  # use stops; kept as long as a law says, then deleted


@dataclass(frozen=True, slots=True)
class Template:
    """The text that was signed: its version, and the SHA-256 of the text, hex."""

    version: str
    text_hash: str


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one consent. Moments are aware; ``end`` is the first moment at which it does not hold any more."""

    number: str
    """授权书编号: unique over the hub."""
    subject: str
    """统一社会信用代码 of the enterprise."""
    enterprise: str
    """Its name, as the text has it."""
    template: Template
    platform: str
    """被授权方, the platform that hands the data over."""
    recipient: str
    """被授权方, the institution: its id in the hub."""
    departments: tuple[str, ...]
    """The units of the catalogue whose data it is about (数据来源部门), sorted."""
    items: tuple[str, ...]
    """Ids of the catalogue, sorted."""
    mode: Mode
    purpose: Purpose
    application: str
    """贷款申请编号."""
    start: datetime
    end: datetime
    """For the application; post-loan use lasts until the loan is settled."""
    post_loan: bool
    """Whether 贷后管理 was ticked, too."""
    onward_sharing: bool
    """Whether the recipient may hand it on: always False, and said so (不得转授权)."""
    revocation_channel: str
    """Where the enterprise withdraws it (撤回渠道)."""
    disposal: Disposal


class Capacity(StrEnum):
    """As what somebody signs for the enterprise."""

    LEGAL_REPRESENTATIVE = "LEGAL_REPRESENTATIVE"
    AGENT = "AGENT"  # by a 委托书 of the legal representative


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signed for the enterprise: persons, so by keyed hashes, and what names them under the hub's encryption."""

    capacity: Capacity
    representative: str
    """The keyed hash of the legal representative's name at that time, also where an agent signed."""
    sealed: bytes
    """Names, ID number and mobile, encrypted."""
    agent: str = ""
    """The keyed hash of the agent's ID number; empty: no agent signed."""
    authority: str = ""
    """The SHA-256 of the 委托书, hex; empty: no agent signed."""
