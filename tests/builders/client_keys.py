"""Keys of recipients as tests need them, and what is signed with them. All of it is fictitious."""

import time
import uuid
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from rules.release.recipient_keys import RecipientKey, recipient_key

ISSUER = "urn:credithub:630100"


class ClientKey:
    """A pair of keys, of a recipient that asks."""

    def __init__(self, key: ECKey | OKPKey | RSAKey, alg: str) -> None:
        self.alg, self._key = alg, key
        self.public: RecipientKey = recipient_key(dict(key.as_dict(private=False)))

    @classmethod
    def ed25519(cls) -> "ClientKey":
        """Return a new one, of the kind that is used where nothing else is said."""
        return cls(OKPKey.generate_key("Ed25519"), "Ed25519")

    @classmethod
    def p256(cls) -> "ClientKey":
        """Return a new one of P-256."""
        return cls(ECKey.generate_key("P-256"), "ES256")

    @classmethod
    def rsa(cls) -> "ClientKey":
        """Return a new one of RSA."""
        return cls(RSAKey.generate_key(2048), "PS256")

    def signed(self, payload: bytes, **head: Any) -> str:
        """Return a compact JWS; ``head`` are fields of its header."""
        fields = {"alg": self.alg, "kid": self.public.kid, **head}
        return jws.serialize_compact(fields, payload, self._key, algorithms=[fields["alg"]])


def claims(recipient: str, **changes: Any) -> dict[str, Any]:
    """Return what an assertion of a recipient says; ``changes`` are what a test is about."""
    now = int(time.time())
    plain = {
        "iss": recipient, "sub": recipient, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": uuid.uuid4().hex,
    }  # fmt: skip
    return {**plain, **changes}
