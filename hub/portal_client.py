"""How the command line speaks to the portal: over HTTP, with the operator's token."""

from collections.abc import Mapping
from typing import Any

import httpx

from bus.crypto.private_files import private_text
from catalogue.errors import HubError, Unavailable, UsageError
from hub.settings import Settings, endpoints

# The portal waits for Kafka half a minute at most before it gives up.
_WITHIN_S = 60.0


class PortalRefused(HubError):
    """The portal does not do what was asked."""


class PortalClient:
    """One portal; closed by its caller."""

    def __init__(self, settings: Settings) -> None:
        """Raises UsageError where no portal is named or runs, or its token cannot be read."""
        url = endpoints(settings).portal_url
        if not url:
            raise UsageError(
                "No address of the portal.", remedy="Start the hub with `credithub up`, or name CREDITHUB_PORTAL_URL."
            )
        headers = {"Authorization": f"Bearer {_token(settings)}"}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=_WITHIN_S, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, **query: Any) -> Any:
        """Return what a path shows; raises as ``_asked`` does."""
        return self._asked("GET", path, params=query).json()

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send and return the answer; raises as ``_asked`` does."""
        return self._asked("POST", path, json=dict(body)).json()

    def upload(self, content: bytes) -> str:
        """Hand in evidence and return its SHA-256."""
        kind = {"Content-Type": "application/pdf"}
        return str(self._asked("POST", "/v1/evidence", content=content, headers=kind).json()["sha256"])

    def evidence(self, digest: str) -> bytes:
        """Return what was handed in."""
        return self._asked("GET", f"/v1/evidence/{digest}").content

    def _asked(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask; raises UsageError for what is filled in wrongly, PortalRefused, and Unavailable."""
        try:
            answer = self._client.request(method, path, **more)
        except httpx.TransportError as exc:
            raise Unavailable(
                f"The portal does not answer: {type(exc).__name__}.",
                remedy="See `credithub status`. Look with `credithub consent show` before you repeat what you did.",
            ) from exc
        if answer.is_success:
            return answer
        try:
            said = answer.json()
        except ValueError:
            said = {}
        detail = str(said.get("detail") or said.get("reason") or f"HTTP {answer.status_code}")
        if answer.status_code in (413, 422):
            raise UsageError(detail)
        if answer.status_code == 401:
            raise UsageError("The portal does not take this token.", remedy="CREDITHUB_PORTAL_TOKEN, or its file.")
        if answer.status_code >= 500:
            raise Unavailable(detail)
        raise PortalRefused(detail, remedy="`credithub consent show` tells what it is.")


def _token(settings: Settings) -> str:
    if settings.portal.token:
        return settings.portal.token
    file = settings.portal_token
    try:
        return private_text(file, what="The token", exposed="delete it, and start the hub anew").strip()
    except OSError as exc:
        raise UsageError(
            f"The portal's token {file} cannot be read: {exc.strerror}.",
            remedy="Run this as the hub's user, or set CREDITHUB_PORTAL_TOKEN.",
        ) from exc
