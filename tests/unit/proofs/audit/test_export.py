"""An exported file is verified by itself, and nothing in it can be another."""

import base64
from pathlib import Path
from typing import Any

import pytest

from bus.crypto.signing import new_key, public_part
from catalogue.errors import UsageError
from proofs.audit.faults import FaultKind
from proofs.audit.reading import verified_file
from proofs.audit.verification import ChainReport
from tests.unit.proofs.audit.chains import PUBLIC, Chains, lived


def verified(file: Path, trusted: Any = None, kept: tuple[str, ...] = ()) -> ChainReport:
    return verified_file(file, trusted, kept, lambda count: None)


def test_a_file_is_verified_as_the_topics_are(tmp_path: Path) -> None:
    chains = lived()
    file = chains.exported(tmp_path / "audit.jsonl")
    assert verified(file) == chains.verified()
    assert verified(file, [PUBLIC], tuple(chains.anchors)).faults == 0
    assert verified(Chains().exported(tmp_path / "empty.jsonl")).faults == 0


@pytest.mark.attack(by="who exports the log", wants="a file with an altered entry that is verified by the keys in it")
def test_a_file_of_other_keys_is_not_the_hubs(tmp_path: Path) -> None:
    file = lived().exported(tmp_path / "audit.jsonl")
    report = verified(file, [public_part(new_key())])
    assert {one.kind for one in report.first} == {FaultKind.FORGED}


@pytest.mark.attack(by="who hands the file on", wants="people to read something else than what was verified")
def test_what_people_read_is_what_is_verified(tmp_path: Path) -> None:
    def change(line: dict[str, Any]) -> dict[str, Any]:
        if line["kind"] == "message" and line["topic"] == "audit.v1" and line["offset"] == 2:
            line["value"]["subject"] = "91630100MA7540001X"
        return line

    (found,) = verified(lived().exported(tmp_path / "audit.jsonl", change)).first
    assert (found.kind, found.place) == (FaultKind.ALTERED, "audit.v1/0@2")


@pytest.mark.attack(by="who hands the file on", wants="the same bytes to say something else, by another schema")
def test_a_schema_that_is_not_the_hubs_is_refused(tmp_path: Path) -> None:
    def change(line: dict[str, Any]) -> dict[str, Any]:
        if line["kind"] == "schema" and line["schema"]["name"].endswith("AuditEntry"):
            fields = line["schema"]["fields"]
            actor, act = (next(one for one in fields if one["name"] == name) for name in ("actor", "act"))
            actor["name"], act["name"] = "act", "actor"
        return line

    report = verified(lived().exported(tmp_path / "audit.jsonl", change))
    assert report.first[0].kind is FaultKind.ALTERED
    assert "none of the hub's" in report.first[0].text


def test_a_line_that_is_gone_or_altered_is_noticed(tmp_path: Path) -> None:
    def without(kind: str, offset: int | None) -> Any:
        return lambda line: None if (line["kind"], line.get("offset")) == (kind, offset) else line

    for topic in ("audit.v1", "release.v1"):
        gone = lambda line, topic=topic: None if (line.get("topic"), line.get("offset")) == (topic, 3) else line  # noqa: E731
        first, *_, last = verified(lived().exported(tmp_path / f"{topic}.jsonl", gone)).first
        assert (first.kind, last.kind) == (FaultKind.MISSING, FaultKind.MISSING)
        assert first.place.startswith(topic)
    (found,) = verified(lived().exported(tmp_path / "open.jsonl", without("end", None))).first
    assert (found.kind, found.text) == (FaultKind.MISSING, "its last line is missing")

    def longer(line: dict[str, Any]) -> dict[str, Any]:
        if line["kind"] == "message" and line["topic"] == "release.v1":
            line["raw"] = base64.b64encode(base64.b64decode(line["raw"])[:-1]).decode()
        return line

    assert verified(lived().exported(tmp_path / "cut.jsonl", longer)).first[0].kind is FaultKind.ALTERED


@pytest.mark.parametrize("text", ["", "{}\n", "no json\n", '{"kind": "header", "format": 2}\n', '["a"]\n'])
def test_what_is_no_export_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(text, "utf-8")
    with pytest.raises(UsageError, match="no export"):
        verified(file)
    with pytest.raises(UsageError, match="cannot be read"):
        verified(tmp_path / "absent.jsonl")


def test_a_line_that_is_no_line_is_named_and_the_rest_is_verified(tmp_path: Path) -> None:
    file = lived().exported(tmp_path / "audit.jsonl")
    lines = file.read_text("utf-8").splitlines()
    lines[6] = lines[6][:-10]
    file.write_text("\n".join(lines) + "\n", "utf-8")
    report = verified(file)
    assert (report.first[0].kind, report.first[0].place) == (FaultKind.ALTERED, "audit.jsonl, line 7")
    assert report.entries == 5
