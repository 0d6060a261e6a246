"""Whose row it is: by code, unit number or a name that only one bears; never guessed."""

from typing import Any

import pytest

from catalogue.load import load_catalogue
from producers.subjects.index import (
    OWNERSHIP,
    REGISTRATION,
    AmbiguousSubject,
    ContradictedSubject,
    SubjectAnswer,
    SubjectIndex,
    SubjectMatch,
)

ONE, TWO = "91630102MAX00C4A7D", "91630102MAX0010XXK"
CATALOGUE = load_catalogue()
NAME = "样例甲(西宁)有限公司"


@pytest.fixture
def directory() -> SubjectIndex:
    index = SubjectIndex()
    index.add(REGISTRATION, ONE, {"other_code": "630100000000235"}, "样例甲（西宁）有限公司")
    index.add(REGISTRATION, TWO, {"other_code": None}, "样例乙有限公司")
    index.add(REGISTRATION, "91630102MAX00ZZZZ1", {}, "样例乙有限公司")
    index.add(OWNERSHIP, TWO, {"real_estate_unit_number": "630102001001GB00001"}, "样例乙有限公司")
    return index


@pytest.mark.parametrize(
    ("item", "values", "answer"),
    [
        ("13", {"other_code": "630100000000235"}, SubjectMatch(ONE, "code")),
        ("25", {"organization_code": "MAX00C4A-7"}, SubjectMatch(ONE, "code")),
        ("22", {"taxpayer_id": "630102MAX00C4A7"}, SubjectMatch(ONE, "code")),
        (
            "47",
            {"real_estate_unit_number": "630102001001GB00001", "subject_name": "丙"},
            SubjectMatch(TWO, "unit_number"),
        ),
        ("47", {"subject_name": "样例甲(西宁)有限公司"}, SubjectMatch(ONE, "name")),
        ("47", {"subject_name": "样例乙有限公司"}, AmbiguousSubject("name")),
        ("47", {"subject_name": "样例丙有限公司", "mortgagee_id_number": ONE}, None),
        ("51", {"subject_name": ""}, None),
        # One enterprise's code beside another's name, or beside nobody's.
        ("25", {"organization_code": "MAX00C4A-7", "subject_name": "样例丁有限公司"}, ContradictedSubject("code")),
        ("13", {"other_code": "630100000000235", "subject_name": "样例乙有限公司"}, ContradictedSubject("code")),
        ("25", {"organization_code": "MAX00C4A-7", "subject_name": NAME}, SubjectMatch(ONE, "code")),
        # A code that its own check refutes says nothing; the name may.
        ("25", {"organization_code": "MAX00C4A-8"}, None),
        ("22", {"taxpayer_id": "630102MAX00C4A8"}, None),
        ("13", {"other_code": "630100000000238", "subject_name": "样例甲(西宁)有限公司"}, SubjectMatch(ONE, "name")),
        # A valid code of another enterprise refutes the name.
        ("25", {"organization_code": "00000000-0", "subject_name": NAME}, ContradictedSubject("name")),
        ("13", {"other_code": "123456789012345", "subject_name": NAME}, ContradictedSubject("name")),
    ],
)  # fmt: skip
def test_a_directory_answers_or_does_not_guess(
    directory: SubjectIndex, item: str, values: dict[str, Any], answer: SubjectAnswer
) -> None:
    assert directory.find(CATALOGUE.item(item), values) == answer


def test_an_unknown_number_is_not_found_by_its_last_digits() -> None:
    digits = "91630102000000000" + "0"
    index = SubjectIndex()
    index.add(REGISTRATION, digits, {}, "样例戊有限公司")
    item = CATALOGUE.item("13")
    assert index.find(item, {"other_code": "630102000000000"}) is None
    assert index.find(item, {"other_code": "630102000000000", "subject_name": "样例己有限公司"}) is not None
    # The name agrees: then it is the tax number of fifteen digits that it may be.
    answer = index.find(item, {"other_code": "630102000000000", "subject_name": "样例戊有限公司"})
    assert answer == SubjectMatch(digits, "code")


def test_a_number_without_a_check_needs_the_name() -> None:
    index = SubjectIndex()
    index.add(REGISTRATION, ONE, {"other_code": "6301001234567"}, "样例甲有限公司")
    item = CATALOGUE.item("13")
    assert index.find(item, {"other_code": "6301001234567"}) is None
    assert index.find(item, {"other_code": "6301001234567", "subject_name": "样例甲有限公司"}) == SubjectMatch(
        ONE, "code"
    )
