"""Operators at work: ``python -m tests.chaos.consents SEED FOLDER``, until ``FOLDER/enough``.

They ask for consents, grant, pause, resume, settle and revoke them through the portal's HTTP interface. After an error,
or an answer that was lost, they ask for the state first, as its message says, and then do again what was not done.
Whatever the portal told them lies in ``FOLDER/seen.jsonl``, for it must be so in the end.
"""

import hashlib
import json
import random
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from bus.business_date import today
from catalogue.errors import Unavailable
from hub.log_lines import log_to_stderr
from hub.portal_client import PortalClient, PortalRefused
from hub.settings import Settings, load_settings
from rules.release.consent.lifecycle import State
from tests.chaos.events import city_of

TERM_S = 20.0
"""How long a consent lasts whose request names no last day."""
# Items that the stream tells of, that providers permit, and that need consent.
ITEMS = ("tax.payment", "tax.balance_sheet", "housing_fund.payment", "utilities.electricity")
BANKS = ("yinhe", "qinghe")
MODES = ("QUERY", "VIEW", "STORE", "STORE", "STREAM", "STREAM", "STREAM")
_SIGNED = b"%PDF-1.4\n% fictitious, signed by nobody\n%%EOF\n"
_AT_MOST, _AGAIN_S, _REST_S = 12, 0.5, (0.3, 1.2)
# So long last those that do not end in the run.
_LONG = timedelta(days=300)
_ENDS = ("revoke", "revoke", "settle")
_SEEN = "seen.jsonl"
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Seen:
    """What the portal said of a consent; ``told_at``: when, in seconds since the epoch.

    ``act``: what it did when it said so; "": it was asked for the state.
    """

    number: str
    version: int
    state: str
    act: str
    told_at: float


def read_seen(folder: Path) -> list[Seen]:
    """Return everything that operators were told."""
    file = folder / _SEEN
    return [Seen(**json.loads(line)) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


class Operators:
    """They share one list of the consents that may still be acted on."""

    def __init__(self, settings: Settings, seed: int, folder: Path) -> None:
        self._settings, self._folder = settings, folder
        self._rng, self._city = random.Random(f"{seed}:consents"), city_of(seed)
        self._open: dict[str, dict[str, Any]] = {}
        self._asked, self._evidence = 0, ""

    def work(self) -> None:
        """Do one thing after another until it is enough."""
        while not (self._folder / "enough").exists():
            if len(self._open) < _AT_MOST and (not self._open or self._rng.random() < 0.5):
                self._begin()
            else:
                self._go_on(self._rng.choice(sorted(self._open)))
            time.sleep(self._rng.uniform(*_REST_S))

    def _begin(self) -> None:
        self._asked += 1
        rng, company = self._rng, self._rng.choice(self._city)
        application = f"DK-{self._asked}-{rng.randrange(10**9)}"
        body = {
            "subject": company.uscc, "enterprise": company.name, "recipient": rng.choice(BANKS),
            "items": rng.sample(ITEMS, rng.choice((1, 1, 2))), "mode": rng.choice(MODES), "application": application,
            "template_version": "1", "template_hash": hashlib.sha256(b"text").hexdigest(), "actor": "op-1",
            "post_loan": rng.random() < 0.2, **({} if rng.random() < 0.6 else {"until": (today() + _LONG).isoformat()}),
        }  # fmt: skip
        said = self._do("request", "/v1/consents", body, lambda: self._asked_for(application))
        if rng.random() < 0.1:
            self._act(said, "reject", {})
        else:
            self._act(said, "grant", {"signing": self._signing(company.rep.name)})

    def _go_on(self, number: str) -> None:
        now, rng = self._state(number), self._rng
        if now["state"] == State.PAUSED and rng.random() < 0.6:
            again = {"reason": "CONFIRMED", "signing": self._signing("新样甲")} if now["needs_confirmation"] else {}
            self._act(now, "resume", again)
        elif now["state"] in (State.ACTIVE, State.PAUSED):
            self._act(now, rng.choice(_ENDS if now["state"] == State.PAUSED else (*_ENDS, "pause")), {})

    def _act(self, known: dict[str, Any], act: str, body: dict[str, Any]) -> None:
        number, version = known["number"], known["version"]

        def done() -> dict[str, Any] | None:
            now = self._state(number)
            return now if now["version"] > version else None

        try:
            self._do(act, f"/v1/consents/{number}/{act}", {"actor": "op-1", **body}, done)
        except PortalRefused:
            # The term ended, or the hub paused it in the meantime.
            self._state(number)

    def _do(
        self, act: str, path: str, body: dict[str, Any], done: Callable[[], dict[str, Any] | None]
    ) -> dict[str, Any]:
        """Do something once, and return what came of it; ``done`` finds whether it was done. Raises PortalRefused."""
        while True:
            try:
                with closing(PortalClient(self._settings)) as portal:
                    return self._note(portal.post(path, body), act)
            except Unavailable as exc:
                print(f"{time.strftime('%H:%M:%S')} looks before it does again: {exc}", flush=True)
            if (found := done()) is not None:
                return found
            time.sleep(_AGAIN_S)

    def _answered(self, ask: Callable[[PortalClient], _Found]) -> _Found:
        """Ask until there is an answer."""
        while True:
            try:
                with closing(PortalClient(self._settings)) as portal:
                    return ask(portal)
            except Unavailable:
                time.sleep(_AGAIN_S)

    def _state(self, number: str) -> dict[str, Any]:
        return self._note(self._answered(lambda portal: portal.get(f"/v1/consents/{number}")), "")

    def _asked_for(self, application: str) -> dict[str, Any] | None:
        newest = self._answered(lambda portal: portal.get("/v1/consents", limit=1000))
        return next((one for one in newest if one["application"] == application), None)

    def _signing(self, representative: str) -> dict[str, str]:
        self._evidence = self._evidence or self._answered(lambda portal: portal.upload(_SIGNED))
        return {"representative": representative, "evidence": self._evidence}

    def _note(self, said: dict[str, Any], act: str) -> dict[str, Any]:
        seen = Seen(said["number"], said["version"], said["state"], act, time.time())
        with (self._folder / _SEEN).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(seen)) + "\n")
        if said["state"] in (State.ACTIVE, State.PAUSED):
            self._open[seen.number] = said
        else:
            self._open.pop(seen.number, None)
        return said


if __name__ == "__main__":
    log_to_stderr("consents")
    Operators(load_settings(), int(sys.argv[1]), Path(sys.argv[2])).work()
