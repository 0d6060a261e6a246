"""The shipped lists, and what is refused by file and line."""

from pathlib import Path

import pytest

from catalogue.errors import CatalogueError
from rules.lists.loading import LISTS, load_list, load_lists
from rules.rating.model import Basis

WHITE = (LISTS / "white.yaml").read_text("utf-8")


def test_the_lists_are_those_of_the_notice() -> None:
    found = load_lists()
    assert {one.zh for one in found.values()} == {"白名单", "推荐清单", "预警名单", "授权白名单"}
    assert {one.id for one in found.values() if one.basis is not Basis.PUBLIC} == {"white_authorised"}
    assert len({one.hash for one in found.values()}) == len(found)


def test_another_definition_has_another_hash(tmp_path: Path) -> None:
    file = tmp_path / "white.yaml"
    file.write_text(WHITE, "utf-8")
    same = load_list(file)
    file.write_text(WHITE.replace("days: 30", "days: 31"), "utf-8")
    assert same.hash == load_lists()["white"].hash != load_list(file).hash


def test_which_model_decides(tmp_path: Path) -> None:
    white, authorised = load_lists()["white"], load_lists()["white_authorised"]
    public, other = ("public_v1", Basis.PUBLIC), ("authorised_v1", Basis.AUTHORISED)
    assert white.model_of([(*other, False), (*public, True)]) == "public_v1"
    # A model that reads more than the list may decides nothing.
    assert white.model_of([(*other, True), (*public, False)]) is None
    assert authorised.model_of([(*other, False), (*public, True)]) == "authorised_v1"


@pytest.mark.parametrize(
    ("was", "becomes", "line", "problem"),
    [
        ("id: white", "id: black", 3, "lies in white.yaml"),
        ("kind: merit", "kind: honour", 3, "honour"),
        ("basis: public\n", "", 3, "there is no 'basis'"),
        ("model: ruling", "model: nobody", 3, "there is no model nobody"),
        ("model: ruling", "model: authorised_v1", 3, "would disclose them"),
        ("enter: {score: 900", "enter: {score: 9000", 8, "a score is of 1000"),
        ("days: 30", "days: 0", 8, "days are 1 to 366"),
        ("grades: [优],", "grades: [A],", 8, "grades are some of"),
        ("leave: {score: 860", "leave: {score: 900", 3, "lies below it"),
        ("leave: {score: 860", "leave: {points: 860", 9, "there is no points"),
    ],
)
def test_what_is_wrong_is_told_by_file_and_line(
    tmp_path: Path, was: str, becomes: str, line: int, problem: str
) -> None:
    assert was in WHITE
    file = tmp_path / "white.yaml"
    file.write_text(WHITE.replace(was, becomes), "utf-8")
    with pytest.raises(CatalogueError) as refused:
        load_list(file)
    assert str(refused.value).startswith(f"white.yaml, line {line}: ")
    assert problem in str(refused.value)


def test_an_empty_file_is_no_list(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("", "utf-8")
    with pytest.raises(CatalogueError, match="it holds no list"):
        load_list(tmp_path / "x.yaml")
