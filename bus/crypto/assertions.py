"""Signatures of those who ask, over short-lived claims (RFC 7515, RFC 7519): by keys that they gave beforehand.

Each kind of key has one algorithm, so a header chooses none, and nothing else of it is followed: neither an address
nor a key that it brings along.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import CompactSignature, JWSRegistry

from bus.crypto.signing import ForgedSignature, Jwk, Signed

ASSERTION_ALGORITHMS: Mapping[str, str] = {"Ed25519": "OKP", "EdDSA": "OKP", "ES256": "EC", "PS256": "RSA"}
"""The kind of key that each one goes with. "EdDSA" is what most libraries still call the Ed25519 of RFC 9864."""
MOST_CHARACTERS = 4096
_HEAD = frozenset(("alg", "kid", "typ"))
_KINDS: Mapping[str, type[OKPKey | ECKey | RSAKey]] = {"OKP": OKPKey, "EC": ECKey, "RSA": RSAKey}


class _Registry(JWSRegistry):
    def get_alg(self, name: str) -> Any:
        if name not in ASSERTION_ALGORITHMS:
            raise UnsupportedAlgorithmError(f"Algorithm of '{name}' is not allowed")
        # The library warns of a name that leaves the curve open; here the key has it.
        return self.algorithms[name]


_REGISTRY = _Registry(algorithms=[*ASSERTION_ALGORITHMS])


def verify_assertion(text: str, keys: Iterable[Jwk]) -> Signed:
    """Return what is signed by one of these public keys, which the header names; raises ForgedSignature."""
    head = _extracted(text).headers()
    alg, kid = head.get("alg"), head.get("kid")
    if not head.keys() <= _HEAD or not isinstance(alg, str) or alg not in ASSERTION_ALGORITHMS:
        raise ForgedSignature(f"Its header has more than alg, kid and typ, or an alg of its own: {alg!r}.")
    key = next((one for one in keys if isinstance(kid, str) and one.get("kid") == kid), None)
    if key is None or key["kty"] != ASSERTION_ALGORITHMS[alg]:
        raise ForgedSignature("Its kid names no key of this recipient, or one that goes with another alg.")
    try:
        found = jws.deserialize_compact(text, _KINDS[key["kty"]].import_key(dict(key)), registry=_REGISTRY)
    except (JoseError, ValueError) as exc:
        raise ForgedSignature("Its signature does not fit what it is over.") from exc
    return Signed(found.payload, alg, str(kid))


def unverified_claims(text: str) -> Mapping[str, Any]:
    """Return what an assertion claims, to find whose keys are to be asked; nobody has verified it.

    Raises ForgedSignature for what is none.
    """
    try:
        said = json.loads(_extracted(text).payload)
    except (ValueError, RecursionError) as exc:
        raise ForgedSignature("It holds no claims.") from exc
    return said if isinstance(said, dict) else {}


def _extracted(text: str) -> CompactSignature:
    if len(text) > MOST_CHARACTERS:
        raise ForgedSignature("It is longer than any assertion.")
    try:
        return jws.extract_compact(text.encode())
    except (JoseError, ValueError, RecursionError) as exc:
        raise ForgedSignature("It is no compact JWS.") from exc
