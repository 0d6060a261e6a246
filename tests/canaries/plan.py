"""The recipients of the run and the consents that are made in it, as data; enterprises by their number in the city."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from rules.release.recipients import Portfolio, RecipientDefinition, RecipientKind
from tests.builders.client_keys import ClientKey
from tests.canaries.canary import Phase
from tests.canaries.rights import ConsentFacts, RecipientFacts, World

TAX, STATEMENT, GRADE = "tax.payment", "tax.balance_sheet", "evaluation.tax_grade"
SOCIAL, FUND, MORTGAGE = "social_insurance.payment", "housing_fund.payment", "real_estate.mortgage"
POWER, WATER, RESEARCH = "utilities.electricity", "utilities.water", "research.research"
# Which no provider permits, and one whose permission ended.
REPORT, JUDGMENT, TOBACCO = "market.annual_report_assets", "judicial.judgment", "tobacco.order"
_EVERYTHING = (TAX, STATEMENT, GRADE, SOCIAL, FUND, MORTGAGE, POWER, WATER, RESEARCH, REPORT, JUDGMENT, TOBACCO)
_PERMISSIONS = Path(__file__).parents[2] / "rules" / "release" / "permissions.yaml"
HOOKED = ("yinhe", "qinghe")
"""Those that are called at a URL of theirs; the second is away until the end."""
LATE = HOOKED[1]


@dataclass(frozen=True, slots=True)
class PlannedRecipient:
    """A recipient; ``listed``: the numbers of the enterprises on its list."""

    id: str
    zh: str
    kind: RecipientKind
    is_all: bool = False
    listed: tuple[int, ...] = ()
    is_consenting: bool = False
    district: str = ""
    categories: frozenset[str] | None = None

    def definition(self, key: ClientKey) -> RecipientDefinition:
        """Return what its file says."""
        portfolio = Portfolio(
            is_all=self.is_all, is_list=bool(self.listed), is_consenting=self.is_consenting,
            districts=frozenset({self.district} if self.district else ()),
        )  # fmt: skip
        filing = "虚构备案〔2026〕1号" if self.kind is RecipientKind.CREDIT_SERVICE else None
        return RecipientDefinition(self.id, self.zh, self.kind, portfolio, self.categories, filing, (key.public,))


RECIPIENTS = (
    PlannedRecipient("yinhe", "虚构银河银行", RecipientKind.BANK, is_all=True),
    PlannedRecipient("qinghe", "虚构清河银行", RecipientKind.BANK, is_all=True),
    PlannedRecipient(
        "huangshui", "虚构湟水银行", RecipientKind.BANK, listed=(0, 7, 8), categories=frozenset({"tax", "market"})
    ),
    PlannedRecipient("anxin", "虚构安心保险", RecipientKind.INSURER, is_consenting=True),
    PlannedRecipient("tongda", "虚构通达担保", RecipientKind.GUARANTOR, district="630103"),
    PlannedRecipient("mingjian", "虚构明鉴征信", RecipientKind.CREDIT_SERVICE, is_all=True),
)


@dataclass(frozen=True, slots=True)
class PlannedConsent:
    """A consent: granted in one phase, ended in another by an act (``how``), or never; "": it was not granted."""

    enterprise: int
    recipient: str
    mode: str
    items: tuple[str, ...]
    granted: Phase | None
    ended: Phase | None = None
    how: str = ""

    def facts(self, subject: str) -> ConsentFacts:
        """Return what rights are decided by; ``subject``: the enterprise's code."""
        assert self.granted is not None
        return ConsentFacts(
            subject, self.recipient, frozenset(self.items), self.mode, self.granted, self.ended
        )  # fmt: skip

    @property
    def is_short(self) -> bool:
        """Whether it ends by its term."""
        return self.how == "expire"


_NEVER = None
CONSENTS = (
    # In force, and the whole width: with a permission or without, of the right categories or not.
    PlannedConsent(0, "yinhe", "STREAM", _EVERYTHING, Phase.GRANTED),
    PlannedConsent(0, "anxin", "STREAM", (TAX, SOCIAL, POWER), Phase.GRANTED),
    PlannedConsent(0, "mingjian", "STREAM", (TAX, POWER), Phase.GRANTED),
    PlannedConsent(7, "huangshui", "STREAM", (TAX, FUND), Phase.GRANTED),
    # Less than a copy that goes on.
    PlannedConsent(1, "yinhe", "VIEW", (TAX, FUND, JUDGMENT), Phase.GRANTED),
    PlannedConsent(1, "tongda", "STORE", (TAX, MORTGAGE, FUND), Phase.GRANTED),
    PlannedConsent(2, "yinhe", "QUERY", (TAX, POWER), Phase.GRANTED),
    # Not on the list.
    PlannedConsent(2, "huangshui", "STREAM", (TAX,), Phase.GRANTED),
    # Over before anything came.
    PlannedConsent(3, "yinhe", "STREAM", (TAX, FUND), Phase.BEGUN, Phase.BEGUN, "revoke"),
    PlannedConsent(6, "qinghe", "STREAM", (TAX, FUND), Phase.BEGUN, Phase.FIRST, "expire"),
    # Over before the rest came.
    PlannedConsent(5, "yinhe", "STREAM", (TAX, FUND, POWER), Phase.GRANTED, Phase.ENDED, "revoke"),
    PlannedConsent(8, "yinhe", "STREAM", (TAX, POWER), Phase.GRANTED, Phase.ENDED, "pause"),
    PlannedConsent(6, "yinhe", "STREAM", (TAX, FUND), Phase.GRANTED, Phase.ENDED, "expire"),
    # Over at the end: what was told stays in the topic, and is handed out no more.
    PlannedConsent(0, "qinghe", "STREAM", (TAX, STATEMENT, POWER), Phase.GRANTED, Phase.CLOSED, "page"),
    PlannedConsent(7, "yinhe", "STREAM", (TAX, FUND), Phase.BEGUN, Phase.CLOSED, "page"),
    # Asked for, and not granted.
    PlannedConsent(9, "yinhe", "STREAM", (TAX, FUND), _NEVER),
    PlannedConsent(9, "qinghe", "STREAM", (TAX, FUND), _NEVER, how="reject"),
)
CONSENTING = tuple(sorted({one.enterprise for one in CONSENTS}))
VISITED = tuple(sorted({one.enterprise for one in CONSENTS if one.how == "page"}))
"""The enterprises whose pages are opened."""


def world_of(subjects: Sequence[str], today: date) -> World:
    """Return the facts by which everything that is found is judged; ``subjects``: the enterprises' codes."""
    recipients = {
        one.id: RecipientFacts(
            one.id, one.kind.value, one.is_all, frozenset(subjects[number] for number in one.listed),
            one.is_consenting, one.district, one.categories,
        )
        for one in RECIPIENTS
    }  # fmt: skip
    consents = tuple(one.facts(subjects[one.enterprise]) for one in CONSENTS if one.granted is not None)
    return World(recipients, consents, permitted(yaml.safe_load(_PERMISSIONS.read_text("utf-8")), today))


def permitted(rows: Sequence[Mapping[str, Any]], today: date) -> dict[str, frozenset[str]]:
    """Return which kinds of recipients may have each item on a day, by the providers' permissions."""
    found: dict[str, frozenset[str]] = {}
    for row in rows:
        if row["expires"] >= today:
            for item in row["items"]:
                found[item] = found.get(item, frozenset()) | frozenset(row["kinds"])
    return found
