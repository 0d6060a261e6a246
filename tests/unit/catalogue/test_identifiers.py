"""A code survives every way of writing it; a wrong character never passes."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as oracle

from catalogue.identifiers import (
    id_number,
    institution_number,
    looks_like_id_number,
    looks_like_mobile,
    organization_code,
    registration_number,
    uscc,
)

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@st.composite
def usccs(draw: st.DrawFn) -> str:
    body = "91630102" + draw(st.text(_ALPHABET, min_size=9, max_size=9))
    return body + str(oracle.calc_check_digit(body + "0"))


@st.composite
def id_numbers(draw: st.DrawFn) -> str:
    day = draw(st.dates(min_value=date(1930, 1, 1), max_value=date(2025, 12, 31)))
    body = f"630102{day:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(c) * w for c, w in zip(body, weights, strict=True))
    return body + "10X98765432"[total % 11]


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) for c in text)


@given(usccs())
def test_a_uscc_is_the_same_however_it_is_written(code: str) -> None:
    for written in (code, code.lower(), _full_width(code), f" {code[:8]} {code[8:]}\u3000"):
        assert uscc(written) == code


@given(usccs(), st.integers(0, 17), st.sampled_from("0123456789"))
def test_one_wrong_digit_is_refused(code: str, place: int, digit: str) -> None:
    if code[place] == digit:
        return
    with pytest.raises(ValueError, match="统一社会信用代码"):
        uscc(code[:place] + digit + code[place + 1 :])


@pytest.mark.parametrize("number", ["809999196005170494", "809999196005170582"])
def test_an_id_number_is_no_uscc_though_both_check_digits_are_right(number: str) -> None:
    assert oracle.is_valid(number)
    assert id_number(number) == number
    with pytest.raises(ValueError, match="公民身份号码") as refused:
        uscc(f" {number} ")
    assert number not in str(refused.value)


@given(id_numbers())
def test_an_id_number_is_found_alone_and_among_words(number: str) -> None:
    assert id_number(_full_width(number.lower())) == number
    assert looks_like_id_number(number)
    assert looks_like_id_number(f"张三（身份证{number}）")
    wrong = number[:16] + str((int(number[16]) + 1) % 10) + number[17]
    assert not looks_like_id_number(wrong)
    with pytest.raises(ValueError, match="校验码") as refused:
        id_number(wrong)
    assert wrong not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "is_mobile"),
    [("13800000000", True), ("电话 138 0000 0000", True), ("138-0000-0000。", True), ("113800000000", False),
     ("12800000000", False), ("样罚〔2026〕138号", False)],
)  # fmt: skip
def test_a_mobile_is_found_among_words(text: str, is_mobile: bool) -> None:
    assert looks_like_mobile(text) is is_mobile


@pytest.mark.parametrize("text", ["", "123", "63010219900231001X", "91630102MA7540XX1"])
def test_what_is_no_id_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="公民身份号码"):
        id_number(text)


@given(st.text("0123456789", min_size=8, max_size=8), st.integers(0, 7), st.sampled_from("0123456789"))
def test_an_organisation_code_is_checked_by_its_digit(body: str, place: int, other: str) -> None:
    checks = [c for c in "0123456789X" if _is_organization(body + c)]
    assert len(checks) == 1
    code = body + checks[0]
    assert organization_code(f" {code[:8]}－{code[8:].lower()} ") == code
    changed = code[:place] + other + code[place + 1 :]
    assert changed == code or not _is_organization(changed)


def _is_organization(code: str) -> bool:
    try:
        return organization_code(code) == code
    except ValueError:
        return False


def test_the_middle_of_a_unified_code_is_an_organisation_code() -> None:
    assert organization_code("91110000600037341L"[8:17]) == "600037341"


@pytest.mark.parametrize("number", ["630100200000071", "6301002000720", "企独粤深总字第300123号"])
def test_a_registration_number_has_one_of_three_forms(number: str) -> None:
    assert registration_number(number) == number


@pytest.mark.parametrize("number", ["63010020000007", "91630102MA7520XU0K", "59000071-2", "〔2025〕1号"])
def test_what_has_another_form_is_no_registration_number(number: str) -> None:
    with pytest.raises(ValueError, match="13位或15位"):
        registration_number(number)


def test_a_certificate_of_an_institution_has_twelve_digits() -> None:
    assert institution_number("事证第163010000012号") == "事证第163010000012号"
    with pytest.raises(ValueError, match="12位"):
        institution_number("16301000001")
