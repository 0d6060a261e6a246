"""A file of a recipient says what its definition says, and what is wrong with it is told by line and field."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from catalogue.errors import CatalogueError
from rules.release.recipient_files import definition_yaml, load_recipient, load_recipients
from rules.release.recipients import Portfolio, RecipientDefinition, RecipientKind
from sinks.banks.recipients import BANKS, bank_ids
from tests.unit.rules.release.recipients_drawn import definitions

_HEAD = "id: yinhe\nzh: 银河样例银行\nkind: bank\n"


def _read(folder: Path, text: str) -> RecipientDefinition:
    file = folder / "yinhe.yaml"
    file.write_text(text, "utf-8")
    return load_recipient(file, name="yinhe")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(definitions())
def test_a_file_gives_back_the_definition_it_was_written_of(tmp_path: Path, definition: RecipientDefinition) -> None:
    file = tmp_path / "any.yaml"
    file.write_text(definition_yaml(definition), "utf-8")
    assert load_recipient(file) == definition


def test_the_shipped_ones_say_that_they_are_samples() -> None:
    assert tuple(load_recipients(BANKS)) == bank_ids() != ()
    for name in bank_ids():
        assert "虚构" in (BANKS / f"{name}.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("said", "portfolio"),
    [
        ("all", Portfolio(is_all=True)),
        ("list", Portfolio(is_list=True)),
        ("consenting", Portfolio(is_consenting=True)),
        ("{districts: [630102, '6301']}", Portfolio(districts=frozenset({"630102", "6301"}))),
        (
            "{any_of: [list, consenting, {districts: [630102]}, {districts: [630103]}]}",
            Portfolio(is_list=True, is_consenting=True, districts=frozenset({"630102", "630103"})),
        ),
    ],
)
def test_forms_of_a_portfolio(tmp_path: Path, said: str, portfolio: Portfolio) -> None:
    assert _read(tmp_path, f"{_HEAD}portfolio: {said}\n").portfolio == portfolio


def test_a_credit_service_of_two_categories(tmp_path: Path) -> None:
    text = "id: yinhe\nzh: 样例征信\nkind: credit_service\nfiling_number: 备案63001\ncategories: [tax, market]\n"
    found = _read(tmp_path, f"{text}portfolio: list\n")
    assert found == RecipientDefinition(
        "yinhe", "样例征信", RecipientKind.CREDIT_SERVICE, Portfolio(is_list=True),
        frozenset({"market", "tax"}), "备案63001",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: it holds no recipient: write its id, zh, kind and portfolio"),
        ("- yinhe", "line 1: it holds no recipient"),
        (_HEAD, "line 1: there is no portfolio: write it"),
        (f"{_HEAD}portfolio: all\ntype: bank", "line 1: there is no type; there are categories, filing_number"),
        (f"# 样例\n\n{_HEAD}portfolio: some", "line 3: portfolio is 'some': write all, list, consenting"),
        (f"{_HEAD}portfolio:\n  any_of: list", "line 5: portfolio: any_of is no list: write"),
        (f"{_HEAD}portfolio:\n  any_of: [list, all]", "all beside others means all: write it alone"),
        (f"{_HEAD}portfolio:\n  any_of: []", "a portfolio holds somebody"),
        (f"{_HEAD}portfolio:\n  districts: 630102", "line 5: portfolio: districts is 630102: write a list"),
        (f"{_HEAD}portfolio:\n  districts: [63010]", "'63010' is no district: write 2, 4 or 6 digits"),
        (f"{_HEAD}portfolio:\n  county: [630102]", "line 5: there is no county; there are districts"),
        (f"{_HEAD}portfolio: all\ncategories: tax", "categories are 'tax': write a list"),
        (f"{_HEAD}portfolio: all\ncategories: [taxes]", "there is no 'taxes'; there are administration, agriculture"),
        (f"{_HEAD}portfolio: all\nfiling_number: 备案1", "a bank has no filing_number: leave it out"),
        (f"{_HEAD}portfolio: all\nfiling_number: 63001", "filing_number is 63001, which is no text: put it in quotes"),
        (_HEAD.replace("kind: bank", "kind: banc") + "portfolio: all", "kind is 'banc': write one of bank, insurer"),
        (_HEAD.replace("kind: bank", "kind: credit_service") + "portfolio: all", "needs its filing_number"),
        (_HEAD.replace("id: yinhe", "id: qinghe") + "portfolio: all", "let the file be named qinghe.yaml"),
        (_HEAD.replace("id: yinhe", "id: yes") + "portfolio: all", "id is True, which is no text"),
        (f"{_HEAD}portfolio: [", "yinhe.yaml: while parsing"),
    ],
)
def test_what_is_wrong_is_told_by_file_line_and_field(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CatalogueError) as refused:
        _read(tmp_path, text)
    assert refused.value.message.startswith("yinhe.yaml")
    assert said in refused.value.message
