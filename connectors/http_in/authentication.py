"""Who may ask a server: whoever carries its token. It is looked at before a byte of the body is read."""

import hmac

from fastapi.responses import JSONResponse
from fastapi.security.utils import get_authorization_scheme_param
from starlette.authentication import AuthCredentials, AuthenticationBackend, AuthenticationError, BaseUser
from starlette.requests import HTTPConnection

HEALTH = "/health"
"""The one path that nobody needs a token for: supervisors and load balancers ask it."""


class TokenAuthentication(AuthenticationBackend):
    """Lets in what carries the token as ``Authorization: Bearer …`` (RFC 6750, 2.1)."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """Return when the request may go on; raises AuthenticationError when it may not."""
        # The path that routes go by. `conn.url` is put together with the header Host, which may hold a path of its own.
        if conn.scope["path"] == HEALTH:
            return None
        scheme, given = get_authorization_scheme_param(conn.headers.get("authorization"))
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), self._token):
            raise AuthenticationError("口令缺失或不对")
        return None


def is_below(path: str, base: str) -> bool:
    """Whether a path is a base path, or lies below it."""
    return path == base or path.startswith(f"{base}/")


def refused(_: HTTPConnection, problem: AuthenticationError) -> JSONResponse:
    """Answer 401, and close the connection: what else a stranger sends is not read."""
    return JSONResponse({"reason": str(problem)}, 401, {"WWW-Authenticate": "Bearer", "Connection": "close"})
