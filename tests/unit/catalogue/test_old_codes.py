"""Old codes carry checks of their own; what they refute is no code."""

from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_10

from catalogue.old_codes import CodeKind, old_code
from simulation.people import make_uscc


@given(st.integers(0, 10_000), st.integers(0, 8), st.sampled_from("0123456789"))
def test_a_wrong_character_makes_an_organisation_code_none(serial: int, place: int, other: str) -> None:
    own = make_uscc("630102", serial)[8:17]
    code = old_code(f"{own[:8]}-{own[8]}")
    assert code is not None
    assert (code.kind, code.text, code.certain) == (CodeKind.ORGANISATION, own, True)
    wrong = own[:place] + other + own[place + 1 :]
    # Eleven weights apart, letters and digits may be equal.
    changed = (int(other, 36) - int(own[place], 36)) % 11 if place < 8 else other != own[place]
    assert (old_code(wrong) is None) == bool(changed)


@given(st.from_regex(r"[1-9][0-9]{13}", fullmatch=True))
def test_a_registration_number_of_fifteen_digits_is_checked(front: str) -> None:
    whole = front + mod_11_10.calc_check_digit(front)
    code = old_code(whole)
    assert code is not None
    assert (code.kind, code.certain) == (CodeKind.REGISTRATION, True)
    wrong = old_code(front + str((int(whole[-1]) + 1) % 10))
    assert wrong is None or not wrong.certain


def test_a_code_without_a_check_is_never_certain() -> None:
    assert old_code("") is None
    thirteen = old_code("6301001234567")
    assert thirteen is not None
    assert not thirteen.certain
