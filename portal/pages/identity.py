"""Who an enterprise's page is opened for, and how that was checked: the seam for 电子营业执照.

Today an operator looks at documents and issues a one-time link (``portal.pages.links``). An electronic business licence
proves the same by a code of its own: another class that is an ``IdentityProof``, and another ``IdentityCheck``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class IdentityCheck(StrEnum):
    """What was looked at before somebody was let in for an enterprise."""

    LEGAL_REPRESENTATIVE = "LEGAL_REPRESENTATIVE"
    AGENT = "AGENT"


CHECKS: Mapping[IdentityCheck, str] = {
    IdentityCheck.LEGAL_REPRESENTATIVE: "窗口核验营业执照和法定代表人身份证件",
    IdentityCheck.AGENT: "窗口核验营业执照、委托书和代理人身份证件",
}


@dataclass(frozen=True, slots=True)
class Identified:
    """For which enterprise somebody acts, and who knows that by what."""

    subject: str
    """统一社会信用代码."""
    check: IdentityCheck
    by: str
    """工号 of the operator."""
    reference: str
    """What names the check in the audit log: the operator, and which link it was; no secret."""


class IdentityProof(Protocol):
    """Turns a secret that somebody brings into whom he acts for. Safe to use from several threads."""

    def is_good(self, secret: str, now: datetime) -> bool:
        """Whether the secret would prove something now; it stays good."""
        ...

    def redeem(self, secret: str, now: datetime) -> Identified | None:
        """Return whom it proves, and let it prove nothing more; None: nobody, or no more."""
        ...
