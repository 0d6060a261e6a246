"""Who asks: by a signed assertion a recipient gets a token for five minutes (RFC 6749 4.4, RFC 7523, RFC 9068).

The token is signed by the hub's key, as consents are, and says of itself that it is one: neither is taken for the
other. It dies with the key by which it was asked for, and with its recipient.
"""

import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from bus.crypto.assertions import unverified_claims, verify_assertion
from bus.crypto.signing import ForgedSignature, Signer, Verifier
from catalogue.errors import HubError
from portal.recipients.directory import RecipientDirectory
from rules.release.recipient_messages import RecipientVersion

TOKEN_S = 300
"""A token lasts so long, and an assertion at most."""
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
GRANT_TYPE = "client_credentials"
_KIND, _ROLE = "at+jwt", "recipient"
# A clock that goes before ours. As long after its start the portal knows no assertion that it answered before.
_AHEAD_S = 5
_JTI = range(8, 129)
# Each is remembered for five minutes: of one recipient ten a second.
_MOST_REMEMBERED = 3000


class TokenRefused(HubError):
    """Nobody gets a token; ``error`` as RFC 6749, 5.2 names it. ``recipient``: whose assertion it claims to be."""

    def __init__(self, error: str, message: str, recipient: str = "") -> None:
        super().__init__(message)
        self.error, self.recipient = error, recipient


class TokenInvalid(HubError):
    """A request carries no token of a recipient that holds."""


class IssuedToken(NamedTuple):
    """A token, and whose it is."""

    token: str
    recipient: str


class TokenDesk:
    """Safe to use from several threads."""

    def __init__(
        self,
        issuer: str,
        signer: Signer,
        verifier: Verifier,
        directory: RecipientDirectory,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``issuer`` names this portal, to whom alone assertions are addressed. ``clock``: seconds since the epoch."""
        self.issuer = issuer
        self._signer, self._verifier, self._directory, self._clock = signer, verifier, directory, clock
        self._since = clock()
        self._seen, self._lock = _SeenAssertions(), threading.Lock()

    def issue(self, form: Mapping[str, str]) -> IssuedToken:
        """Return a token for a request of one; raises TokenRefused."""
        if form.get("grant_type") != GRANT_TYPE:
            error = "unsupported_grant_type" if "grant_type" in form else "invalid_request"
            raise TokenRefused(error, f"grant_type 应为 {GRANT_TYPE}")
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise TokenRefused("invalid_request", f"client_assertion_type 应为 {ASSERTION_TYPE}")
        assertion = form.get("client_assertion", "")
        recipient = self._claimed(assertion)
        if form.get("client_id", recipient.recipient) != recipient.recipient:
            raise TokenRefused("invalid_client", "client_id 与断言的 sub 不同", recipient.recipient)
        kid = self._checked(assertion, recipient)
        now = int(self._clock())
        claims = {
            "iss": self.issuer, "aud": self.issuer, "sub": recipient.recipient, "role": _ROLE, "key": kid,
            "iat": now, "exp": now + TOKEN_S, "jti": secrets.token_urlsafe(12),
        }  # fmt: skip
        return IssuedToken(self._signer.sign(json.dumps(claims).encode(), _KIND), recipient.recipient)

    def bearer(self, token: str) -> RecipientVersion:
        """Return who carries a token; raises TokenInvalid."""
        try:
            claims = json.loads(self._verifier.verify(token, _KIND).payload)
        except (ForgedSignature, ValueError) as exc:
            raise TokenInvalid("令牌不是本平台签发给数据使用机构的") from exc
        if (claims["iss"], claims["aud"], claims["role"]) != (self.issuer, self.issuer, _ROLE):
            raise TokenInvalid("令牌不是本平台签发给数据使用机构的")
        if not claims["iat"] - _AHEAD_S <= self._clock() < claims["exp"]:
            raise TokenInvalid("令牌已过期，请重新获取")
        recipient = self._directory.recipient(claims["sub"])
        if recipient is None or claims["key"] not in {key.kid for key in recipient.definition.keys}:
            raise TokenInvalid("令牌所属的机构或其公钥已停用")
        return recipient

    def _claimed(self, assertion: str) -> RecipientVersion:
        # Nobody has verified it yet: it only says whose keys are to be asked.
        try:
            said = unverified_claims(assertion)
        except ForgedSignature as exc:
            raise TokenRefused("invalid_client", "断言不是JWT") from exc
        name = said.get("sub")
        recipient = self._directory.recipient(name) if isinstance(name, str) else None
        if recipient is None:
            raise TokenRefused("invalid_client", "断言无效")
        return recipient

    def _checked(self, assertion: str, recipient: RecipientVersion) -> str:
        """Return by which key an assertion is signed; raises TokenRefused."""
        name = recipient.recipient

        def refuse(why: str) -> TokenRefused:
            return TokenRefused("invalid_client", why, name)

        try:
            signed = verify_assertion(assertion, [key.jwk() for key in recipient.definition.keys])
            claims = json.loads(signed.payload)
        except (ForgedSignature, ValueError, RecursionError) as exc:
            raise refuse("断言无效：签名、算法或 kid 与登记的公钥不符") from exc
        if not isinstance(claims, dict) or (claims.get("iss"), claims.get("sub")) != (name, name):
            raise refuse("断言的 iss 和 sub 应同为机构编号")
        if claims.get("aud") not in (self.issuer, [self.issuer]):
            raise refuse(f"断言的 aud 应为 {self.issuer}")
        now, issued, expires = self._clock(), _time(claims, "iat"), _time(claims, "exp")
        if issued is None or expires is None:
            raise refuse("断言须有 iat 和 exp（秒）")
        if expires <= now or expires - now > TOKEN_S + _AHEAD_S or expires - issued > TOKEN_S:
            raise refuse(f"断言已过期，或有效期超过{TOKEN_S}秒")
        if issued > now + _AHEAD_S or (_time(claims, "nbf") or 0) > now + _AHEAD_S:
            raise refuse("断言的时间在将来，请校准时钟")
        if issued < self._since + _AHEAD_S:
            # Which ones were used before the start nobody knows any more.
            raise refuse("断言签发于本服务启动之前，请另行签发")
        jti = claims.get("jti")
        if not isinstance(jti, str) or len(jti) not in _JTI:
            raise refuse(f"断言须有 jti（{_JTI.start}至{_JTI.stop - 1}个字符）")
        with self._lock:
            if not self._seen.takes(name, jti, now):
                raise refuse("断言已使用过，或短时间内获取令牌过多")
        return signed.kid


class _SeenAssertions:
    """Which assertions were used: those of the last five minutes at least, and not much more."""

    def __init__(self) -> None:
        self._now: dict[str, set[str]] = {}
        self._before: dict[str, set[str]] = {}
        self._turned_at = 0.0

    def takes(self, recipient: str, jti: str, now: float) -> bool:
        """Note one; whether it is the first time, and not one of too many."""
        if now - self._turned_at > TOKEN_S + 2 * _AHEAD_S:
            far = now - self._turned_at > 2 * (TOKEN_S + 2 * _AHEAD_S)
            self._now, self._before, self._turned_at = {}, {} if far else self._now, now
        own = self._now.setdefault(recipient, set())
        if jti in own or jti in self._before.get(recipient, ()) or len(own) >= _MOST_REMEMBERED:
            return False
        own.add(jti)
        return True


def _time(claims: Mapping[str, Any], name: str) -> int | None:
    said = claims.get(name)
    return said if type(said) is int and said > 0 else None
