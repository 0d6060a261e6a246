"""The enterprise at its own page, as its browser would: it enters by a link that works once, looks, and withdraws."""

import re
import time
from html import unescape

import httpx

from catalogue.errors import Unavailable
from hub.portal_client import PortalRefused

_WITHIN_S = 60.0
_FIELD = r'name="{name}" value="([^"]+)"'


class EnterprisePage:
    """One session; closed by its caller."""

    def __init__(self, link: str) -> None:
        """Open a link and enter; raises PortalRefused, and Unavailable."""
        self._pages, _, entrance = link.rpartition("/enter/")
        self._client = httpx.Client(timeout=_WITHIN_S, trust_env=False)
        door = self._asked("GET", f"/enter/{entrance}", 200)
        self._asked("POST", "/enter", 303, secret=_field(door, "secret"))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def consents(self) -> str:
        """Return what the page says of who may use what, as a text."""
        return unescape(self._asked("GET", "/", 200))

    def revoke(self, number: str) -> float:
        """Press the button behind a consent; return when the page answered, by the monotonic clock."""
        form = self._asked("GET", f"/consents/{number}/revoke", 200)
        self._asked("POST", f"/consents/{number}/revoke", 303, csrf=_field(form, "csrf"))
        answered_s = time.monotonic()
        self._asked("GET", f"/consents/{number}/revoked", 200)
        return answered_s

    def _asked(self, method: str, path: str, wanted: int, **form: str) -> str:
        try:
            answer = self._client.request(method, self._pages + path, data=form or None)
        except httpx.TransportError as exc:
            raise Unavailable(
                f"The page does not answer: {type(exc).__name__}.", remedy="See `credithub logs portal`."
            ) from exc
        if answer.status_code != wanted:
            raise PortalRefused(
                f"The page answers {answer.status_code} to {method}, not {wanted}.",
                remedy="See `credithub logs portal`.",
            )
        return answer.text


def _field(text: str, name: str) -> str:
    found = re.search(_FIELD.format(name=name), text)
    if found is None:
        raise PortalRefused(f"The page has no field {name}.", remedy="Look at the page in a browser.")
    return unescape(found[1])
