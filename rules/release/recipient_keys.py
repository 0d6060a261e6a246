"""The public keys by which a recipient says who it is (RFC 7517): of few kinds, each with one algorithm.

They are data, a part of its definition; what verifies with them is ``bus.crypto.assertions``.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict

_REQUIRED: Mapping[str, tuple[str, ...]] = {"OKP": ("crv", "x"), "EC": ("crv", "x", "y"), "RSA": ("n", "e")}
_CURVES = {"OKP": "Ed25519", "EC": "P-256"}
_PRIVATE = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k"))
_TOLD = frozenset(("kty", "kid", "crv", "x", "y", "n", "e", "alg", "use", "key_ops"))
_KID = re.compile(r"[A-Za-z0-9._~-]{1,80}")
_KINDS = "write an Ed25519 (OKP), a P-256 (EC) or an RSA key of 2048 to 4096 bits"
_RSA_BITS = range(2048, 4097)
# FIPS 186-4, D.1.2.3.
_P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
_P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B


@dataclass(frozen=True, slots=True)
class RecipientKey:
    """A public key; ``kid``: by which its owner names it, else its thumbprint (RFC 7638). The others as RFC 7518."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    kty: str
    kid: str
    crv: str = ""
    x: str = ""
    y: str = ""
    n: str = ""
    e: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError for a key of another kind, or one that is none."""
        if self.kty not in _REQUIRED:
            raise ValueError(f"kty is {self.kty!r}: {_KINDS}")
        if not _KID.fullmatch(self.kid):
            raise ValueError("kid is no name of a key: write 1 to 80 letters, digits or . _ ~ -")
        if self.kty == "RSA":
            self._check_rsa()
        elif self.crv != _CURVES[self.kty]:
            raise ValueError(f"crv is {self.crv!r}: {_KINDS}")
        elif any(len(_bytes(getattr(self, name), name)) != 32 for name in _REQUIRED[self.kty][1:]):
            raise ValueError(f"a coordinate of a {self.crv} key has 32 bytes")
        elif self.kty == "EC" and not _is_on_curve(_number(self.x, "x"), _number(self.y, "y")):
            raise ValueError("x and y are no point of P-256")

    def _check_rsa(self) -> None:
        modulus = _number(self.n, "n")
        if modulus.bit_length() not in _RSA_BITS or not modulus % 2:
            raise ValueError(f"n has {modulus.bit_length()} bits: {_KINDS}")
        if _number(self.e, "e") != 65537:
            raise ValueError("e is not AQAB (65537)")

    def jwk(self) -> dict[str, str]:
        """Return it as RFC 7517 has it."""
        return {"kty": self.kty, "kid": self.kid} | {name: getattr(self, name) for name in _REQUIRED[self.kty]}


def recipient_key(said: Mapping[str, Any]) -> RecipientKey:
    """Return the key that a JWK says; raises ValueError for what is none, and for one with its private part."""
    if _PRIVATE & said.keys():
        raise ValueError("it has its private part: never hand that out; make another pair, and write the public key")
    if unknown := sorted(map(str, said.keys() - _TOLD)):
        raise ValueError(f"a key has no {unknown[0]}: write {', '.join(sorted(_TOLD))}")
    kty = str(said.get("kty"))
    if kty not in _REQUIRED:
        raise ValueError(f"kty is {kty!r}: {_KINDS}")
    members = {name: said.get(name) for name in _REQUIRED[kty]}
    if missing := [name for name, value in members.items() if not isinstance(value, str)]:
        raise ValueError(f"a key of the kind {kty} has a text {missing[0]}")
    thumbprint = json.dumps({"kty": kty, **members}, sort_keys=True, separators=(",", ":"))
    kid = said.get("kid") or _encoded(hashlib.sha256(thumbprint.encode()).digest())
    return RecipientKey(kty, str(kid), **{name: str(value) for name, value in members.items()})


def _bytes(text: str, name: str) -> bytes:
    try:
        found = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError as exc:
        raise ValueError(f"{name} is not Base64 as RFC 7515 writes it") from exc
    # One number has one spelling: what is compared as a text is the same key.
    if _encoded(found) != text:
        raise ValueError(f"{name} is not Base64 as RFC 7515 writes it")
    return found


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _number(text: str, name: str) -> int:
    return int.from_bytes(_bytes(text, name), "big")


def _is_on_curve(x: int, y: int) -> bool:
    return x < _P256 and y < _P256 and (y * y - (x**3 - 3 * x + _P256_B)) % _P256 == 0
