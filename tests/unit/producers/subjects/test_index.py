"""Whose row it is: by code, unit number or a name that only one bears; never guessed."""

from typing import Any

import pytest

from catalogue.load import load_catalogue
from producers.subjects.index import OWNERSHIP, REGISTRATION, AmbiguousSubject, SubjectIndex, SubjectMatch

ONE, TWO = "91630102MAX00C4A7D", "91630102MAX0010XXK"
CATALOGUE = load_catalogue()


@pytest.fixture
def directory() -> SubjectIndex:
    found = SubjectIndex()
    found.add(REGISTRATION, ONE, {"other_code": "630100000000238"}, "样例甲（西宁）有限公司")
    found.add(REGISTRATION, TWO, {"other_code": None}, "样例乙有限公司")
    found.add(REGISTRATION, "91630102MAX00ZZZZ1", {}, "样例乙有限公司")
    found.add(OWNERSHIP, TWO, {"real_estate_unit_number": "630102001001GB00001"}, "样例乙有限公司")
    return found


@pytest.mark.parametrize(
    ("item", "values", "answer"),
    [
        ("13", {"other_code": "630100000000238"}, SubjectMatch(ONE, "code")),
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
    ],
)  # fmt: skip
def test_a_directory_answers_or_does_not_guess(
    directory: SubjectIndex, item: str, values: dict[str, Any], answer: SubjectMatch | AmbiguousSubject | None
) -> None:
    assert directory.find(CATALOGUE.item(item), values) == answer
