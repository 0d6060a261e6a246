"""Public keys of recipients: of three kinds, whole, public, and written in one way."""

import base64
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from rules.release.recipient_keys import recipient_key
from tests.builders.client_keys import ClientKey


@pytest.mark.parametrize(
    "key", [OKPKey.generate_key("Ed25519"), ECKey.generate_key("P-256"), RSAKey.generate_key(2048)]
)
def test_a_key_keeps_what_it_says_and_is_named_by_its_thumbprint(key: OKPKey | ECKey | RSAKey) -> None:
    said = dict(key.as_dict(private=False))
    found = recipient_key(said)
    assert found.kid == key.thumbprint()
    assert found.jwk() | {"kid": ""} == said | {"kid": ""}
    assert recipient_key({**said, "kid": "own-1"}).jwk()["kid"] == "own-1"


OKP = ClientKey.ed25519().public.jwk()
P256 = ClientKey.p256().public.jwk()
RSA = ClientKey.rsa().public.jwk()


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.attack(
    by="a recipient that is careless or means harm", wants="a weak key, or a private one, in a definition"
)
@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({**OKP, "d": "AAAA"}, "private part"),
        ({**OKP, "kty": "oct", "k": "AAAA"}, "private part"),
        ({**OKP, "kty": "oct"}, "kty"),
        ({}, "kty"),
        ({**OKP, "crv": "Ed448"}, "crv"),
        ({**OKP, "crv": "X25519"}, "crv"),
        ({**OKP, "x": "AAAA"}, "32 bytes"),
        ({**OKP, "x": OKP["x"] + "="}, "Base64"),
        ({**OKP, "x": "é"}, "Base64"),
        ({**OKP, "x": 7}, "has a text x"),
        ({**OKP, "kid": "a b"}, "kid"),
        ({**OKP, "jku": "https://keys.example"}, "has no jku"),
        ({**P256, "crv": "P-384"}, "crv"),
        ({**P256, "crv": "secp256k1"}, "crv"),
        ({**P256, "x": _encoded(bytes(32)), "y": _encoded(bytes(31) + b"\x01")}, "no point"),
        ({**RSA, "e": "Aw"}, "e is not AQAB"),
        ({**RSA, "n": _encoded(b"\x81" + bytes(126) + b"\x01")}, "1024 bits"),
        ({**RSA, "n": _encoded(b"\x80" + bytes(1023) + b"\x01")}, "bits"),
    ],
)
def test_a_key_that_is_none(said: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        recipient_key(said)
