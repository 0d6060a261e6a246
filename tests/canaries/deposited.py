"""What persons sign consents with, and what stands in wrong requests: all of it is nobody's but the asker's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.canaries.canary import Canary, CanaryKind, Fate, Mint, Phase, Secrecy
from tests.canaries.plan import CONSENTS, PlannedConsent

EVIDENCE = "evidence"
"""What a signed document is known by, as if it were a department's file."""
_CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class Deposit:
    """A signed document, and who signed it; ``signing`` is what the portal is sent beside the documents' hashes."""

    document: bytes
    signing: Mapping[str, str]
    canaries: tuple[Canary, ...]


class Deposits:
    """One for each consent that is granted."""

    def __init__(self, mint: Mint, subjects: Mapping[int, str]) -> None:
        self._mint, self._subjects = mint, subjects
        self.of: dict[PlannedConsent, Deposit] = {
            one: self._made(one, by_agent=number % 3 == 1)
            for number, one in enumerate(CONSENTS)
            if one.granted is not None
        }

    @property
    def canaries(self) -> list[Canary]:
        """All of them."""
        return [canary for deposit in self.of.values() for canary in deposit.canaries]

    def _made(self, consent: PlannedConsent, *, by_agent: bool) -> Deposit:
        subject = self._subjects[consent.enterprise]
        made = {"representative": self._canary(CanaryKind.TEXT, subject, "representative")}
        if by_agent:
            made |= {
                "agent": self._canary(CanaryKind.TEXT, subject, "agent"),
                "agent_id_number": self._canary(CanaryKind.ID_NUMBER, subject, "agent_id_number"),
                "mobile": self._canary(CanaryKind.PHONE, subject, "mobile"),
            }
        written = self._canary(CanaryKind.TEXT, subject, EVIDENCE, EVIDENCE)
        document = f"%PDF-1.4\n% 虚构授权书 {written.value}\n%%EOF\n".encode()
        signing = {name: canary.value for name, canary in made.items()}
        capacity = "AGENT" if by_agent else "LEGAL_REPRESENTATIVE"
        return Deposit(document, {"capacity": capacity, **signing}, (*made.values(), written))

    def _canary(self, kind: CanaryKind, subject: str, field: str, file: str = "") -> Canary:
        value = self._mint.value(kind)
        return Canary(kind, value, Secrecy.PERSONAL, subject, _CONSENT, field, Phase.BEGUN, Fate.ASKED, file)


class Mistakes:
    """Values that are typed where they do not belong: each has a name of its own."""

    _KINDS: Mapping[str, CanaryKind] = {
        "id_number": CanaryKind.ID_NUMBER, "name": CanaryKind.TEXT, "mobile": CanaryKind.PHONE,
        "word": CanaryKind.CODE, "text": CanaryKind.TEXT, "email": CanaryKind.EMAIL, "secret": CanaryKind.CODE,
    }  # fmt: skip

    def __init__(self, mint: Mint) -> None:
        self._by_name = {
            name: Canary(kind, mint.value(kind), Secrecy.PERSONAL, "", "", name, Phase.BEGUN, Fate.ASKED)
            for name, kind in self._KINDS.items()
        }

    @property
    def canaries(self) -> list[Canary]:
        """All of them."""
        return [*self._by_name.values()]

    def __getitem__(self, name: str) -> Any:
        return self._by_name[name].value
