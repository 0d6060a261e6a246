"""What is asked wrongly, with what does not belong there: nothing that answers, logs or counts may repeat it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from bus.crypto.private_files import private_text
from hub.settings import Settings, endpoints
from hub.stack.layout import HomeLayout
from tests.canaries.deposited import Mistakes
from tests.canaries.places import Kind, Ledger
from tests.canaries.talk import Talk, Terminal

_PLACE = "wrong requests"


class WrongRequests:
    """Asks every server of the hub, as a stranger and as an operator, and types wrong commands."""

    def __init__(self, settings: Settings, ledger: Ledger, mistakes: Mistakes) -> None:
        self._settings, self._ledger, self._mistakes = settings, ledger, mistakes

    def ask(self, subject: str, consent: str) -> None:
        """Ask the portal, its pages, and the servers for banks and for nodes below."""
        addresses = endpoints(self._settings)
        token = private_text(self._settings.portal_token, what="The token", exposed="nobody").strip()
        self._as_operator(addresses.portal_url, token, subject, consent)
        for url in (addresses.portal_url, addresses.upstream_url, _door(self._settings)):
            self._as_stranger(url)

    def type(self, terminal: Terminal) -> None:
        """Type commands that cannot be carried out."""
        wrong = self._mistakes
        for arguments in (
            ("state", wrong["id_number"]),
            ("audit", "who-saw", wrong["id_number"]),
            ("consent", "show", wrong["name"]),
            ("consent", "list", "--subject", wrong["id_number"]),
            ("bank", "portfolio", "huangshui", "add", wrong["id_number"]),
            ("rating", "show", wrong["mobile"]),
        ):
            terminal.type(Kind.ANSWERS, *arguments, allowed=range(256), place=f"{arguments[0]} (wrongly)")

    def _as_operator(self, url: str, token: str, subject: str, consent: str) -> None:
        wrong = self._mistakes
        body: dict[str, object] = {
            "subject": subject, "enterprise": "西宁样例有限公司", "recipient": "yinhe", "items": ["tax.payment"],
            "mode": "VIEW", "application": "DK-1", "template_version": "1", "template_hash": "0" * 64, "actor": "xn-03",
        }  # fmt: skip
        bodies: Sequence[dict[str, object]] = (
            body | {"enterprise": f"{wrong['name']} {wrong['id_number']}"},
            body | {"subject": wrong["id_number"]},
            body | {"actor": wrong["name"]},
            body | {"application": wrong["text"]},
            body | {"items": [wrong["text"]], "recipient": wrong["word"]},
            body | {"mode": wrong["word"]},
            body | {"remark": wrong["text"]},
            body | {"template_version": f"{wrong['mobile']}"},
        )
        talk = Talk(url, self._ledger, {"Authorization": f"Bearer {token}"})
        for one in bodies:
            self._refused(talk, "POST", "/v1/consents", json=one)
        signing = {
            "capacity": "AGENT", "representative": wrong["name"], "agent": wrong["text"],
            "agent_id_number": wrong["id_number"][:-1], "mobile": wrong["mobile"], "evidence": wrong["text"],
        }  # fmt: skip
        self._refused(talk, "POST", f"/v1/consents/{consent}/grant", json={"actor": "xn-03", "signing": signing})
        self._refused(talk, "POST", f"/v1/consents/{consent}/grant", content=wrong["text"].encode())
        self._refused(talk, "POST", f"/v1/consents/{consent}/{wrong['word']}", json={"actor": "xn-03"})
        self._refused(talk, "POST", "/v1/evidence", content=f"no PDF: {wrong['text']}".encode())
        self._refused(talk, "GET", f"/v1/consents/{wrong['word']}")
        self._refused(talk, "GET", f"/v1/consents?state={wrong['word']}")
        link = {"actor": "xn-03", "check": "AGENT"}
        self._refused(talk, "POST", f"/v1/subjects/{wrong['id_number']}/links", json=link)
        talk.close()

    def _as_stranger(self, url: str) -> None:
        """Knock with everything in the wrong place: path, query, headers, cookie, form."""
        wrong = self._mistakes
        talk = Talk(url, self._ledger, {"Authorization": f"Bearer {wrong['secret']}"})
        knocks: Sequence[tuple[str, str, Mapping[str, Any]]] = (
            ("GET", f"/{wrong['word']}", {}),
            ("GET", f"/subjects/{wrong['id_number']}/versions", {}),
            ("GET", f"/v1/subjects/{wrong['id_number']}?name={wrong['name']}", {}),
            ("POST", "/v1/batches", {"json": {"sender": wrong["name"], "records": [{"mobile": wrong["mobile"]}]}}),
            ("GET", f"/enterprise/enter/{wrong['secret']}", {}),
            ("POST", "/enterprise/enter", {"data": {"secret": wrong["text"]}}),
            ("GET", "/enterprise/", {"headers": {"Cookie": f"session={wrong['secret']}"}}),
            ("GET", f"/enterprise/consents/{wrong['word']}", {}),
        )
        for method, path, more in knocks:
            self._refused(talk, method, path, **more)
        talk.close()

    def _refused(self, talk: Talk, method: str, path: str, **more: Any) -> httpx.Response:
        answer = talk.ask(Kind.ANSWERS, _PLACE, method, path, **more)
        assert answer.status_code >= 400, f"{method} {path.split('?')[0]}: {answer.status_code}"
        return answer


def _door(settings: Settings) -> str:
    """Return where banks read schemas; whoever asks the hub for its addresses is not told it."""
    ports = json.loads(HomeLayout.of(settings).ports_file.read_text("utf-8"))
    return f"http://127.0.0.1:{ports['registry-door']}"
