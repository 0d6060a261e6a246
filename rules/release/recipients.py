"""Who is told what: the definition of a recipient, and whether it is told of an enterprise at all.

A definition that was published is read from its text alone, so that what was told by it can be computed again.
"""

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

import orjson
from pydantic import ConfigDict, TypeAdapter

from rules.release.recipient_keys import RecipientKey
from rules.release.webhooks import WebhookDefinition

MOST_KEYS = 4
"""A recipient has so many public keys at most: those that are exchanged lie beside those that come."""

# It becomes a part of names of topics, groups, transactions, processes and services, so it holds nothing that means
# something in any of them.
_ID = re.compile(r"[a-z][a-z0-9]{1,30}")
_DISTRICT = re.compile(r"[0-9]{2}([0-9]{2}){0,2}")
_DISTRICT_OF_USCC = slice(2, 8)
"""登记管理机关行政区划码: digits 3 to 8 of a 统一社会信用代码 (GB 32100-2015)."""


def is_recipient_id(text: str) -> bool:
    """Whether a text may be the id of a recipient."""
    return _ID.fullmatch(text) is not None


class RecipientKind(StrEnum):
    """What a recipient is; permissions are given by kind (``rules.release.permissions``)."""

    BANK = "bank"
    INSURER = "insurer"
    GUARANTOR = "guarantor"
    CREDIT_SERVICE = "credit_service"


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Of which enterprises a recipient is told: those for which one of these holds."""

    is_all: bool = False
    is_list: bool = False
    """Those that its list has (``PortfolioEntry`` of ``recipient.v1``)."""
    is_consenting: bool = False
    """Those of which a consent in favour of it is in force."""
    districts: frozenset[str] = frozenset()
    """Those whose 统一社会信用代码 says so in digits 3 to 8: divisions of two, four or six digits (GB/T 2260)."""

    def __post_init__(self) -> None:
        """Raise ValueError for one that holds nobody, or says a district that is none."""
        if not (self.is_all or self.is_list or self.is_consenting or self.districts):
            raise ValueError("a portfolio holds somebody: say all, list, consenting or districts")
        if wrong := sorted(one for one in self.districts if not _DISTRICT.fullmatch(one)):
            raise ValueError(f"{wrong[0]!r} is no district: write 2, 4 or 6 digits of GB/T 2260, as in 630102")


@dataclass(frozen=True, slots=True)
class RecipientDefinition:
    """A recipient; ``categories``: those of the catalogue that it takes, None: all, also those to come."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    id: str
    zh: str
    kind: RecipientKind
    portfolio: Portfolio
    categories: frozenset[str] | None = None
    filing_number: str | None = None
    """备案号 of a credit service (征信业管理条例)."""
    keys: tuple[RecipientKey, ...] = ()
    """By which it says who it is where it asks over HTTP; none: it does not ask."""
    webhook: WebhookDefinition | None = None
    """Where it has what its topic tells sent, too; None: nowhere."""

    def __post_init__(self) -> None:
        """Raise ValueError for what contradicts itself."""
        if not is_recipient_id(self.id):
            raise ValueError(
                f"{self.id!r} is no id of a recipient: write 2 to 31 of a-z and 0-9, the first a letter, as in yinhe2"
            )
        if not self.zh.strip():
            raise ValueError("zh is empty: write the recipient's name in Chinese")
        if self.categories is not None and not self.categories:
            raise ValueError("categories are empty: name some, or leave the field out, which means all")
        is_filed = bool(self.filing_number and self.filing_number.strip())
        if self.kind is RecipientKind.CREDIT_SERVICE and not is_filed:
            raise ValueError("a credit_service needs its filing_number (备案号): write it")
        if self.kind is not RecipientKind.CREDIT_SERVICE and self.filing_number is not None:
            raise ValueError(f"a {self.kind} has no filing_number: leave it out, or make it a credit_service")
        if len(self.keys) > MOST_KEYS:
            raise ValueError(f"there are {len(self.keys)} keys: {MOST_KEYS} are enough, to exchange one for another")
        if len({key.kid for key in self.keys}) != len(self.keys):
            raise ValueError("two keys have one kid: name each otherwise")

    def takes(self, category: str) -> bool:
        """Whether it takes the items of a category of the catalogue."""
        return self.categories is None or category in self.categories

    def text(self) -> str:
        """Return it as JSON; equal definitions have equal texts, in every process."""
        said = _DEFINITION.dump_python(self, mode="json")
        said["portfolio"]["districts"] = sorted(self.portfolio.districts)
        said["categories"] = None if self.categories is None else sorted(self.categories)
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode()


_DEFINITION = TypeAdapter(RecipientDefinition)


def read_definition(text: str) -> RecipientDefinition:
    """Return the definition that a text holds; raises ValueError for one that ``text`` did not write."""
    return _DEFINITION.validate_json(text)


def digest_of(text: str) -> str:
    """Return the SHA-256 of a definition's text, hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def is_subscribed(definition: RecipientDefinition, subject: str, *, is_entry: bool, has_consent: bool) -> bool:
    """Whether a recipient is told of an enterprise.

    ``subject``: its 统一社会信用代码. ``is_entry``: the recipient's list has it. ``has_consent``: a consent of it in
    favour of the recipient is in force. What of its records may be told is another question.
    """
    portfolio = definition.portfolio
    return (
        portfolio.is_all
        or (portfolio.is_list and is_entry)
        or (portfolio.is_consenting and has_consent)
        or any(subject[_DISTRICT_OF_USCC].startswith(district) for district in portfolio.districts)
    )


class Subscriptions:
    """Which of some recipients are told of an enterprise: what ``is_subscribed`` says of each, for all at once."""

    def __init__(self, definitions: Iterable[RecipientDefinition]) -> None:
        own = {one.id: one.portfolio for one in definitions}
        self._of_all = frozenset(name for name, one in own.items() if one.is_all)
        self._by_list = frozenset(name for name, one in own.items() if one.is_list)
        self._by_consent = frozenset(name for name, one in own.items() if one.is_consenting)
        self._by_district = {
            district: frozenset(name for name, one in own.items() if district in one.districts)
            for district in {district for one in own.values() for district in one.districts}
        }

    @property
    def has_lists(self) -> bool:
        """Whether it matters which recipients' lists have an enterprise."""
        return bool(self._by_list)

    def of(self, subject: str, listed: Collection[str], consenting: Collection[str]) -> frozenset[str]:
        """Return who is told; ``listed``: whose lists have the enterprise, ``consenting``: to whom it consents."""
        found = self._of_all | self._by_list.intersection(listed) | self._by_consent.intersection(consenting)
        if self._by_district:
            code = subject[_DISTRICT_OF_USCC]
            for digits in (2, 4, 6):
                found |= self._by_district.get(code[:digits], frozenset())
        return found
