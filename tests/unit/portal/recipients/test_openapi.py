"""The interface that is written down is the one that there is."""

import yaml

from portal.recipients.door import ASKED, asked
from portal.recipients.openapi import FILE, document


def test_the_document_says_what_the_application_says() -> None:
    written = FILE.read_text("utf-8")
    assert written == document(), "run `credithub portal --openapi > docs/recipients-openapi.yaml`"


def test_every_path_has_the_recipients_door_and_an_example_of_every_field() -> None:
    described = yaml.safe_load(document())
    assert {asked(path.replace("{subject}", "91630102MA0000001A")) for path in described["paths"]} == {*ASKED}
    for path, methods in described["paths"].items():
        for one in methods.values():
            assert path == "/v1/token" or one["security"] == [{"HTTPBearer": []}], path
    schemas = described["components"]["schemas"]
    for name in ("AnswerView", "BandView", "QuestionBody", "ScoreView", "TokenView"):
        told = schemas[name]["properties"]
        assert [field for field, said in told.items() if not _is_plain(said) and "examples" not in said] == [], name


def _is_plain(said: dict[str, object]) -> bool:
    """Whether a field tells by its type what it may be."""
    return "$ref" in said or "default" in said or said.get("type") == "boolean"
