"""What operators and enterprises do in the run: consents are asked for, granted, paused and withdrawn."""

import hashlib
import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx

from bus.crypto.private_files import private_text
from hub.settings import Settings, endpoints
from simulation.enterprises import Enterprise
from tests.canaries.canary import Phase
from tests.canaries.deposited import EVIDENCE, Deposit, Deposits
from tests.canaries.places import Kind, Ledger
from tests.canaries.plan import CONSENTS, PlannedConsent
from tests.canaries.rights import Own, Returned
from tests.canaries.talk import Talk

_OPERATOR = "xn-03"
_FIELD = 'name="{name}" value="([^"]+)"'
_LONG_AFTER = "2028-06-30"


class Operators:
    """They share a token; closed by their caller."""

    def __init__(self, settings: Settings, ledger: Ledger, city: tuple[Enterprise, ...], deposits: Deposits) -> None:
        token = private_text(settings.portal_token, what="The token", exposed="nobody").strip()
        url = endpoints(settings).portal_url
        self._talk = Talk(url, ledger, {"Authorization": f"Bearer {token}"})
        self._pages, self._ledger, self._city, self._deposits = url, ledger, city, deposits
        self._numbers: dict[PlannedConsent, str] = {}

    def close(self) -> None:
        """Leave the portal."""
        self._talk.close()

    def begin(self, phase: Phase) -> None:
        """Ask for, and grant, what is granted in a phase; what is granted for a short term alone comes last."""
        due = [one for one in CONSENTS if one.granted is phase or (one.granted is None and phase is Phase.GRANTED)]
        for consent in sorted(due, key=lambda one: one.is_short):
            self._ask_for(consent)
            if consent.granted is not None:
                self._grant(consent)
            elif consent.how:
                self._act(consent, consent.how)

    def end(self, phase: Phase) -> None:
        """End what ends in a phase by an operator's hand, or on the enterprise's page."""
        for consent in CONSENTS:
            if consent.ended is phase and consent.how in ("revoke", "pause"):
                self._act(consent, consent.how)
            elif consent.ended is phase and consent.how == "page":
                self._withdraw(consent)

    def check(self, phase: Phase) -> None:
        """Look at all that an operator is shown of each consent; fail where one is not as it was planned for a phase.

        By these plans what is found is judged.
        """
        for consent, number in self._numbers.items():
            said = self._asked("GET", f"/v1/consents/{number}").json()
            self._asked("GET", f"/v1/consents/{number}/artefacts")
            self._asked("GET", f"/v1/subjects/{self._city[consent.enterprise].uscc}/scope")
            planned = consent.granted is not None and consent.facts(self._city[consent.enterprise].uscc).in_force(phase)
            # What ends by its term may have ended while that phase settled.
            assert said["in_force"] == planned or (consent.is_short and planned), f"{consent} is {said['state']}"
            if consent in self._deposits.of:
                digest = hashlib.sha256(self._deposits.of[consent].document).hexdigest()
                place, rule = "evidence", Returned(EVIDENCE)
                kept = self._talk.ask(Kind.RETURNED, place, "GET", f"/v1/evidence/{digest}", rule=rule)
                assert kept.status_code == 200, kept.status_code
        self._asked("GET", "/v1/consents?limit=1000")

    def visit(self, number: int) -> "EnterpriseVisit":
        """Open an enterprise's page, by a link."""
        code = self._city[number].uscc
        body = {"actor": _OPERATOR, "check": "LEGAL_REPRESENTATIVE"}
        link = self._asked("POST", f"/v1/subjects/{code}/links", json=body).json()["url"]
        return EnterpriseVisit(self._pages, urlsplit(link).path, code, self._ledger)

    def numbers_of(self, enterprise: int) -> list[str]:
        """Return the numbers of an enterprise's consents."""
        return [number for one, number in self._numbers.items() if one.enterprise == enterprise]

    def _ask_for(self, consent: PlannedConsent) -> None:
        company = self._city[consent.enterprise]
        body = {
            "subject": company.uscc, "enterprise": company.name, "recipient": consent.recipient,
            "items": consent.items, "mode": consent.mode, "application": f"DK-2026-{len(self._numbers):04}",
            "template_version": "2026-1", "template_hash": hashlib.sha256(b"text").hexdigest(), "actor": _OPERATOR,
            **({} if consent.is_short else {"until": _LONG_AFTER}),
        }  # fmt: skip
        self._numbers[consent] = str(self._asked("POST", "/v1/consents", json=body).json()["number"])

    def _grant(self, consent: PlannedConsent) -> None:
        deposit = self._deposits.of[consent]
        signing = {**deposit.signing, "evidence": self._upload(deposit)}
        if deposit.signing["capacity"] == "AGENT":
            signing["authority"] = signing["evidence"]
        self._act(consent, "grant", signing=signing)

    def _upload(self, deposit: Deposit) -> str:
        kind = {"Content-Type": "application/pdf"}
        return str(self._asked("POST", "/v1/evidence", content=deposit.document, headers=kind).json()["sha256"])

    def _act(self, consent: PlannedConsent, act: str, **more: Any) -> None:
        self._asked("POST", f"/v1/consents/{self._numbers[consent]}/{act}", json={"actor": _OPERATOR, **more})

    def _withdraw(self, consent: PlannedConsent) -> None:
        visit = self.visit(consent.enterprise)
        visit.look(self.numbers_of(consent.enterprise))
        visit.revoke(self._numbers[consent])
        visit.look(self.numbers_of(consent.enterprise))
        visit.close()

    def _asked(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = self._talk.ask(Kind.OPERATORS, f"{method} {path.split('/')[2]}", method, path, **more)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer


class EnterpriseVisit:
    """An enterprise at its own page, as its browser would; closed by its caller."""

    def __init__(self, url: str, entrance: str, subject: str, ledger: Ledger) -> None:
        self._talk, self._rule, self._place = Talk(url, ledger), Own(subject), f"page of {subject}"
        self._base = entrance.rpartition("/enter/")[0]
        door = self._asked("GET", entrance)
        self._asked("POST", f"{self._base}/enter", 303, secret=_field(door, "secret"))

    def close(self) -> None:
        """Close the browser."""
        self._talk.close()

    def look(self, numbers: list[str]) -> None:
        """Open every page that there is of the enterprise's consents."""
        self._asked("GET", f"{self._base}/")
        for number in numbers:
            self._asked("GET", f"{self._base}/consents/{number}")

    def look_at_others(self, numbers: list[str]) -> None:
        """Try to open the pages of consents that are another enterprise's."""
        for number in numbers:
            self._asked("GET", f"{self._base}/consents/{number}", 404)

    def revoke(self, number: str) -> None:
        """Press the button behind a consent."""
        form = self._asked("GET", f"{self._base}/consents/{number}/revoke")
        self._asked("POST", f"{self._base}/consents/{number}/revoke", 303, csrf=_field(form, "csrf"))
        self._asked("GET", f"{self._base}/consents/{number}/revoked")

    def _asked(self, method: str, path: str, wanted: int = 200, **form: str) -> str:
        more = {"data": form} if form else {}
        answer = self._talk.ask(Kind.PAGES, self._place, method, path, rule=self._rule, **more)
        assert answer.status_code == wanted, f"{method} {path}: {answer.status_code}"
        return answer.text


def _field(text: str, name: str) -> str:
    found = re.search(_FIELD.format(name=name), text)
    assert found is not None, f"the page has no field {name}"
    return unescape(found[1])
