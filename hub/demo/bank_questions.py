"""A bank that asks without seeing: it gets a token by its own key, and answers to questions (可用不可见)."""

import json
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from joserfc import jws
from joserfc.jwk import OKPKey

from catalogue.errors import Unavailable
from hub.portal_client import PortalRefused
from hub.settings import Settings, endpoints

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_WITHIN_S, _AGAIN_S = 60.0, 0.5
_VALID_S = 60
STATED = {"purpose": "LOAN", "use": "APPLICATION"}
"""What a bank says that it asks for: a loan application."""


class AskingBank:
    """One bank with a new pair of keys; closed by its caller."""

    def __init__(self, settings: Settings, bank: str) -> None:
        self._bank, self._key = bank, OKPKey.generate_key("Ed25519")
        self._issuer = settings.portal.issuer or f"urn:credithub:{settings.region}"
        self._client = httpx.Client(base_url=endpoints(settings).portal_url, timeout=_WITHIN_S, trust_env=False)
        self._token = ""

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def write_public_key(self, file: Path) -> None:
        """Write what the hub is to know the bank by."""
        file.write_text(json.dumps(self._key.as_dict(private=False)), "utf-8")

    def enter(self) -> None:
        """Get a token; the portal hears of a new key within seconds. Raises PortalRefused, and Unavailable."""
        until = time.monotonic() + _WITHIN_S
        while True:
            said = self._asked("POST", "/v1/token", data=self._form())
            if "access_token" in said:
                self._token = said["access_token"]
                return
            if time.monotonic() > until:
                raise PortalRefused(f"The bank gets no token: {said}.", remedy="See `credithub logs portal`.")
            time.sleep(_AGAIN_S)

    def ask(self, subject: str, question: str) -> Mapping[str, Any]:
        """Return the answer to a question for a loan application; of a refusal its ``code``. Raises Unavailable."""
        return self.request("POST", "/v1/verify", json={"subject": subject, "question": question, **STATED})

    def request(self, method: str, path: str, **more: Any) -> Mapping[str, Any]:
        """Return what the portal says to a request with the token; raises Unavailable."""
        return self._asked(method, path, headers={"Authorization": f"Bearer {self._token}"}, **more)

    def _form(self) -> dict[str, str]:
        now = int(time.time())
        claims = {
            "iss": self._bank, "sub": self._bank, "aud": self._issuer, "iat": now, "exp": now + _VALID_S,
            "jti": uuid.uuid4().hex,
        }  # fmt: skip
        head = {"alg": "Ed25519", "kid": self._key.thumbprint()}
        signed = jws.serialize_compact(head, json.dumps(claims).encode(), self._key, algorithms=["Ed25519"])
        return {"grant_type": "client_credentials", "client_assertion_type": _ASSERTION, "client_assertion": signed}

    def _asked(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._client.request(method, path, **more).json()
        except (httpx.TransportError, ValueError) as exc:
            raise Unavailable(
                f"The portal does not answer: {type(exc).__name__}.", remedy="See `credithub status`."
            ) from exc
        return found
