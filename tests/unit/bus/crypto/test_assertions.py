"""What a recipient signs is believed by its own keys alone, each with its one algorithm."""

import base64
import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from bus.crypto.assertions import MOST_CHARACTERS, verify_assertion
from bus.crypto.signing import ForgedSignature
from tests.builders.client_keys import ClientKey

OWN, OTHER = ClientKey.ed25519(), ClientKey.ed25519()
_SAID = b'{"iss":"yinhe"}'


def _part(said: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("key", [ClientKey.ed25519(), ClientKey.p256(), ClientKey.rsa()], ids=lambda key: key.alg)
def test_each_kind_of_key_is_known_by_its_algorithm(key: ClientKey) -> None:
    found = verify_assertion(key.signed(_SAID, typ="JWT"), [OWN.public.jwk(), key.public.jwk()])
    assert (found.payload, found.alg, found.kid) == (_SAID, key.alg, key.public.kid)


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_the_older_name_of_ed25519_is_understood() -> None:
    assert verify_assertion(OWN.signed(_SAID, alg="EdDSA"), [OWN.public.jwk()]).alg == "EdDSA"


def _refused(text: str) -> None:
    with pytest.raises(ForgedSignature):
        verify_assertion(text, [OWN.public.jwk()])


@pytest.mark.attack(by="anybody on the network", wants="to be a bank without its key")
def test_a_forged_assertion() -> None:
    _refused(OTHER.signed(_SAID))
    _refused(OTHER.signed(_SAID, kid=OWN.public.kid))
    head, _, signature = OWN.signed(_SAID).split(".")
    _refused(".".join((head, _part({"iss": "qinghe"}), signature)))
    _refused(".".join((head, "", signature)))
    _refused(OWN.signed(_SAID)[:-4] + "AAAA")
    for nothing in ("", ".", "a.b", "a.b.c", "é.é.é", "." * MOST_CHARACTERS, "A" * (MOST_CHARACTERS + 1)):
        _refused(nothing)


@pytest.mark.attack(by="anybody on the network", wants="a header that asks for no signature, or for a shared secret")
def test_an_assertion_whose_header_chooses_the_algorithm() -> None:
    kid = OWN.public.kid
    for alg in ("none", "None", "", None, 7, ["Ed25519"], "HS256", "RS256", "ES256", "PS256"):
        _refused(f"{_part({'alg': alg, 'kid': kid})}.{_part({'iss': 'yinhe'})}.")
    # The public key, which is no secret, as the secret of an HMAC.
    secret = OctKey.import_key(json.dumps(OWN.public.jwk()))
    _refused(jws.serialize_compact({"alg": "HS256", "kid": kid}, _SAID, secret, algorithms=["HS256"]))


@pytest.mark.attack(by="anybody on the network", wants="the hub to fetch or take the key that a header brings along")
def test_an_assertion_that_brings_its_key() -> None:
    for head in (
        {"jwk": OTHER.public.jwk()},
        {"jku": "https://key.example/jwks"},
        {"x5u": "https://key.example/x5"},
        {"crit": ["exp"], "exp": 1},
        {"b64": False, "crit": ["b64"]},
    ):
        body = _part({"iss": "yinhe"})
        signed = f"{_part({'alg': 'Ed25519', 'kid': OWN.public.kid, **head})}.{body}"
        _refused(f"{signed}.{OWN.signed(_SAID).rpartition('.')[2]}")
