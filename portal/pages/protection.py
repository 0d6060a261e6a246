"""What holds for every answer of the pages: headers that keep others out, and a largest size of forms."""

import logging
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.pages.problems import PageTrouble, trouble_page

log = logging.getLogger(__name__)

_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _CSP,
    # Of browsers that do not know frame-ancestors.
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # A link's secret stands in its address.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "X-Robots-Tag": "noindex, nofollow",
}
_STRICT_TRANSPORT = "max-age=31536000"
MOST_FORM_BYTES = 4096


class Protection:
    """An ASGI application around the pages."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        self._headers = {**HEADERS, "Strict-Transport-Security": _STRICT_TRANSPORT} if is_https else HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the pages, and add the headers."""

        is_begun = False

        async def guarded(message: Message) -> None:
            nonlocal is_begun
            if message["type"] == "http.response.start":
                is_begun = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        if scope["type"] == "http" and not _has_form_size(scope):
            await trouble_page(PageTrouble.TOO_LARGE)(scope, receive, guarded)
            return
        try:
            await self._app(scope, receive, guarded)
        except Exception:
            # The framework answers with the page of its handler, and raises again: who is outside would answer anew.
            log.exception("a page of an enterprise failed")
            if not is_begun:
                raise


def _has_form_size(scope: Scope) -> bool:
    """Whether a body, where there may be one, says that it is as small as a form is."""
    if scope["method"] in ("GET", "HEAD"):
        return True
    announced = Headers(scope=scope).get("content-length", "")
    return announced.isdecimal() and int(announced) <= MOST_FORM_BYTES


def is_of_another_site(headers: Headers) -> bool:
    """Whether a browser says that another site's page sent a form.

    Old browsers, and all of them over http, say nothing: there the session's own token decides. ``Origin`` cannot, for
    by our referrer policy it is null.
    """
    return headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
