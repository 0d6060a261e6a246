"""Recipients that ask over HTTP: tokens, what they pull and view, questions, scores, and what they are refused."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from hub.settings import Settings, endpoints
from tests.builders.client_keys import ClientKey, claims
from tests.canaries.canary import Phase
from tests.canaries.deposited import Mistakes
from tests.canaries.places import Kind, Ledger
from tests.canaries.rights import Channel, Told
from tests.canaries.talk import Talk

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CARD = {
    "id": "canaries", "zh": "虚构样例评分卡", "base": 500,
    "variables": [
        {"indicator": "tax_paid_12m", "missing": 0, "bins": [{"below": 100_000, "points": -20}, {"points": 30}]}
    ],
}  # fmt: skip
"""A scorecard over an indicator that is computed from canaries."""
_QUESTIONS = ("tax_paid_12m >= 100000", "tax_paid_12m < 100000 and penalties_36m < 1")
_STATED = {"purpose": "LOAN", "use": "APPLICATION"}
_OTHERWISE = ({"purpose": "GUARANTEE", "use": "APPLICATION"}, {"purpose": "LOAN", "use": "POST_LOAN"})


class Asker:
    """One recipient with its key; closed by its caller."""

    def __init__(self, settings: Settings, ledger: Ledger, recipient: str, key: ClientKey) -> None:
        self._recipient, self._key = recipient, key
        self._talk = Talk(endpoints(settings).portal_url, ledger)
        self._phase = Phase.BEGUN
        self._headers: dict[str, str] = {}
        self.cursor = ""
        """Where it could go on to pull."""

    def close(self) -> None:
        """Close the connections."""
        self._talk.close()

    def ask_everything(self, phase: Phase, subjects: Sequence[str]) -> None:
        """Ask whatever can be asked, of every enterprise."""
        self._phase = phase
        token = self._asked(Channel.ANSWER, "POST", "/v1/token", data=self._form()).json()["access_token"]
        self._headers = {"Authorization": f"Bearer {token}"}
        self._asked(Channel.ANSWER, "GET", "/v1/bands")
        self._asked(Channel.ANSWER, "GET", "/v1/anchors")
        self._pull()
        for subject in subjects:
            self._view(subject, Channel.VIEW, _STATED)
            for stated in _OTHERWISE:
                self._view(subject, Channel.OTHERWISE, stated)
            for question in _QUESTIONS:
                self._asked(
                    Channel.ANSWER, "POST", "/v1/verify", json={"subject": subject, "question": question, **_STATED}
                )
            self._asked(Channel.ANSWER, "POST", "/v1/score", json={"subject": subject, "card": CARD["id"], **_STATED})

    def ask_wrongly(self, mistakes: Mistakes, foreign_cursor: str, subject: str) -> None:
        """Ask what is refused, with what does not belong there."""
        wrong = mistakes["id_number"]
        asked = {"subject": subject, "question": f"{mistakes['word']} >= 1", **_STATED}
        for path, body in (
            ("/v1/verify", asked),
            ("/v1/verify", asked | {"subject": wrong}),
            ("/v1/verify", asked | {"question": f"tax_paid_12m >= 1; {mistakes['text']}"}),
            ("/v1/verify", asked | {"purpose": mistakes["text"]}),
            ("/v1/score", {"subject": subject, "card": mistakes["word"][:31], **_STATED}),
            ("/v1/score", {"subject": wrong, "card": mistakes["name"], **_STATED}),
            ("/v1/outcomes", {"batch": mistakes["name"], "outcomes": [{"mobile": mistakes["mobile"]}]}),
            ("/v1/deletion-receipts", {"batch": mistakes["email"], "receipts": [mistakes["text"]]}),
        ):
            self._refused("POST", path, json=body)
        for path in (
            f"/v1/subjects/{wrong}?purpose=LOAN&use=APPLICATION",
            f"/v1/subjects/{subject}?purpose={mistakes['word']}&use=APPLICATION",
            f"/v1/changes?cursor={mistakes['word']}",
            f"/v1/changes?cursor={foreign_cursor}",
            f"/v1/{mistakes['word']}",
        ):
            self._refused("GET", path)
        form = self._form()
        self._refused("POST", "/v1/token", data=form | {"client_assertion": mistakes["secret"]})
        self._refused("POST", "/v1/token", data=form | {"client_id": mistakes["name"]})

    def _pull(self) -> None:
        """Pull all that there is, from the beginning."""
        cursor = ""
        while True:
            query = f"?cursor={cursor}" if cursor else ""
            part = self._asked(Channel.PULL, "GET", f"/v1/changes{query}").json()
            cursor = self.cursor = part["cursor"]
            if part["is_end"]:
                return

    def _view(self, subject: str, channel: Channel, stated: Mapping[str, str]) -> None:
        query, cursor = f"purpose={stated['purpose']}&use={stated['use']}", None
        while True:
            more = f"&cursor={cursor}" if cursor else ""
            answer = self._asked(channel, "GET", f"/v1/subjects/{subject}?{query}{more}")
            cursor = answer.json().get("cursor")
            if not cursor:
                return

    def _form(self) -> dict[str, str]:
        signed = self._key.signed(json.dumps(claims(self._recipient)).encode())
        return {"grant_type": "client_credentials", "client_assertion_type": _ASSERTION, "client_assertion": signed}

    def _asked(self, channel: Channel, method: str, path: str, **more: Any) -> httpx.Response:
        kind = Kind.ANSWERS if channel is Channel.ANSWER else Kind.PULLED
        place = f"{self._recipient}: {channel} in {self._phase.name}"
        rule = Told(self._recipient, channel, self._phase)
        return self._talk.ask(kind, place, method, path, rule=rule, headers=self._headers, **more)

    def _refused(self, method: str, path: str, **more: Any) -> None:
        answer = self._talk.ask(
            Kind.ANSWERS, f"{self._recipient}: refusals", method, path, headers=self._headers, **more
        )
        assert 400 <= answer.status_code < 500, f"{method} {path.split('?')[0]}: {answer.status_code}"
