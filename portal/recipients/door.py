"""Which requests are recipients', and who sent them. Operators' token opens none of these doors, nor theirs another."""

import re
from contextlib import suppress

from fastapi.security.utils import get_authorization_scheme_param
from starlette.authentication import AuthCredentials, AuthenticationBackend, AuthenticationError, BaseUser
from starlette.requests import HTTPConnection

from catalogue.errors import Unavailable
from portal.audit.middleware import audited
from portal.recipients.tokens import TokenDesk, TokenInvalid
from rules.audit.entry import ActorKind
from rules.release.recipient_messages import RecipientVersion

TOKEN_PATH = "/v1/token"
ANCHORS_PATH = "/v1/anchors"
"""For operators and recipients alike: who keeps anchors can show that a chain was written anew."""
ASKED = ("token", "bands", "changes", "subjects", "verify", "score", "deletions", "deletion-receipts", "outcomes")
_PATHS = re.compile(r"/v1/(?:(token|bands|changes|verify|score|deletions|deletion-receipts|outcomes)|(subjects)/[^/]+)")


def asked(path: str) -> str:
    """Return what is asked for by a path, one of ``ASKED``; empty: it is none of the recipients'.

    It is the path by which routes are found, so each of them is among these.
    """
    found = _PATHS.fullmatch(path)
    return "" if found is None else found[1] or found[2]


class RecipientUser(BaseUser):
    """A recipient whose token was looked at."""

    def __init__(self, recipient: RecipientVersion) -> None:
        self.recipient = recipient


class RecipientDoor(AuthenticationBackend):
    """Lets recipients to their paths, by their tokens; who comes to another path is the ``others``' affair."""

    def __init__(self, desk: TokenDesk, others: AuthenticationBackend) -> None:
        self._desk, self._others = desk, others

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """Return who may go on; raises AuthenticationError for who may not."""
        path = conn.scope["path"]
        if path == ANCHORS_PATH:
            with suppress(TokenInvalid, Unavailable):
                return self._let_in(conn)
        if not asked(path):
            return await self._others.authenticate(conn)
        if path == TOKEN_PATH:
            return None
        try:
            return self._let_in(conn)
        except TokenInvalid as exc:
            raise AuthenticationError(exc.message) from exc
        except Unavailable as exc:
            raise AuthenticationError("服务正在启动，请稍后再试") from exc

    def _let_in(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser]:
        scheme, token = get_authorization_scheme_param(conn.headers.get("authorization"))
        recipient = self._desk.bearer(token if scheme.lower() == "bearer" else "")
        audited(conn).by(ActorKind.RECIPIENT, recipient.recipient)
        return AuthCredentials(["recipient"]), RecipientUser(recipient)
