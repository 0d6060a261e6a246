"""Signatures over what is kept for long: compact JWS (RFC 7515) by joserfc, with Ed25519 (RFC 8037).

The algorithm is named in each signature, by the name that RFC 9864 gives it: "Ed25519" is the EdDSA of one curve alone.
Another signer, such as one of SM2 with SM3, can stand beside this one: a signature says by its ``alg`` whose it is.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from catalogue.errors import HubError

ALGORITHM = "Ed25519"
Jwk = Mapping[str, Any]
"""A key as RFC 7517 has it."""


class ForgedSignature(HubError):
    """What is signed was changed, or signed by nobody whom this hub knows, or for another end."""


class Signed(NamedTuple):
    """What a signature is over, and by what it was made."""

    payload: bytes
    alg: str
    kid: str


class Signer(Protocol):
    """Signs. What is signed for one end, its ``kind``, is nothing to whoever expects another."""

    alg: str
    kid: str

    def sign(self, payload: bytes, kind: str) -> str:
        """Return the payload with its signature, as one line of text."""


class Verifier(Protocol):
    """Reads what signers wrote."""

    def verify(self, text: str, kind: str) -> Signed:
        """Return what is signed; raises ForgedSignature."""


class Ed25519Signer:
    """Signs with one private key."""

    def __init__(self, private: Jwk) -> None:
        """``private``: an OKP key with its private part."""
        self._key = OKPKey.import_key(dict(private))
        self.alg, self.kid = ALGORITHM, self._key.thumbprint()

    def sign(self, payload: bytes, kind: str) -> str:
        """Return a compact JWS."""
        head = {"alg": self.alg, "kid": self.kid, "typ": kind}
        return jws.serialize_compact(head, payload, self._key, algorithms=[self.alg])


class Ed25519Verifier:
    """Knows public keys by their thumbprints (RFC 7638)."""

    def __init__(self, public: Iterable[Jwk]) -> None:
        keys = (OKPKey.import_key(public_part(one)) for one in public)
        self._keys = {key.thumbprint(): key for key in keys}

    def verify(self, text: str, kind: str) -> Signed:
        """Return what is signed. The header says exactly what a signer writes: nothing of it is followed."""
        try:
            head = jws.extract_compact(text.encode()).headers()
        except (JoseError, ValueError, UnicodeError) as exc:
            raise ForgedSignature("It is no signature (compact JWS).") from exc
        kid = head.get("kid")
        if head != {"alg": ALGORITHM, "kid": kid, "typ": kind}:
            raise ForgedSignature(f"The signature is not of the kind {kind} by {ALGORITHM}.")
        key = self._keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise ForgedSignature(
                f"It was signed with the key {kid!r}, which is none of those given.",
                remedy="Take the public keys of the hub that signed it (`credithub keys public`).",
            )
        try:
            found = jws.deserialize_compact(text, key, algorithms=[ALGORITHM])
        except (JoseError, ValueError) as exc:
            raise ForgedSignature("The signature does not fit what it is over: it was altered.") from exc
        return Signed(found.payload, ALGORITHM, str(kid))


def new_key() -> dict[str, Any]:
    """Return a new private key, named by its thumbprint."""
    key = OKPKey.generate_key("Ed25519", auto_kid=True)
    return dict(key.as_dict(private=True))


def public_part(key: Jwk) -> dict[str, Any]:
    """Return a key without its private part; raises ValueError for another kind of key."""
    if key.get("kty") != "OKP" or key.get("crv") != "Ed25519" or not isinstance(key.get("x"), str):
        raise ValueError("it is no key of Ed25519")
    plain = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": key["x"]})
    return {"kty": "OKP", "crv": "Ed25519", "x": key["x"], "kid": plain.thumbprint(), "alg": ALGORITHM, "use": "sig"}
