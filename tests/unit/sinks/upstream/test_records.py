"""Profiles, projected records, keys and batches: pure values."""

import gzip
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalogue.errors import UsageError
from catalogue.load import load_catalogue
from rules.release.labels import LabelPolicy, current_labels
from sinks.upstream.profile import FOLDER, Profile, load_profile
from sinks.upstream.records import UpstreamRecord, batch_id, body, chunks, upstream_records
from tests.builders.changes import change_value, record_change

USCC = "91630100MA7540001X"
CATALOGUE = load_catalogue()
PROFILE = load_profile("provincial")
REPORT = "market.annual_report_basic"


def _record(item: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, Any]:
    return record_change(
        before,
        after,
        item=item,
        record_key="2024",
        period="2024",
        unit="market_regulation",
        source_time=datetime(2025, 6, 1, tzinfo=UTC),
    )


def _out(*records: dict[str, Any], subject: str = USCC, profile: Profile = PROFILE) -> list[UpstreamRecord]:
    change = change_value(records, subject=subject, sequence=7)
    # The payload stands here as it is, so that nothing need be encoded.
    return upstream_records(
        change, LabelPolicy(1, current_labels()), lambda _, payload: payload, profile, lambda record, problem: None
    )


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_profile_is_read_and_holds_no_token(path: Path) -> None:
    profile = load_profile(path.stem)
    assert profile.items is None
    assert profile.headers(None) == {}
    assert profile.headers("secret") == {"Authorization": "Bearer secret"}
    assert "token" not in path.read_text("utf-8").replace("CREDITHUB_UPSTREAM_TOKEN", "")


def test_an_unknown_or_damaged_profile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="national, provincial"):
        load_profile("county")
    (tmp_path / "county.yaml").write_text("id: county\nretry: {}\nauthentication: {}\nitems: all\nops: [REPORT]\n")
    with pytest.raises(UsageError, match="batch_records"):
        load_profile("county", tmp_path)


def test_only_what_may_be_released_goes_up() -> None:
    data = {"employee_count": 7, "is_published": False, "registration_authority": "虚构登记机关"}
    (record,) = _out(_record(REPORT, None, data), _record("tax.payment", None, {"tax_paid": Decimal(1)}))
    assert (record.op, record.key) == ("REPORT", f"{USCC}|{REPORT}|2024|7")
    assert record.data == {"is_published": False, "registration_authority": "虚构登记机关"}


def test_what_changes_in_secret_does_not_go_up() -> None:
    held = {"employee_count": 7, "is_published": False, "registration_authority": "虚构登记机关"}
    assert _out(_record(REPORT, held, {**held, "employee_count": 8})) == []
    assert _out(_record(REPORT, held, held)) == []


def test_a_record_gone_goes_up_as_withdrawn() -> None:
    (record,) = _out(_record(REPORT, {"registration_authority": "虚构登记机关"}, None))
    assert (record.op, record.data) == ("WITHDRAW", None)


@pytest.mark.parametrize("subject", ["person:00ff", "unit:court:630102"])
def test_nothing_of_persons_or_units_goes_up(subject: str) -> None:
    assert _out(_record(REPORT, None, {"registration_authority": "虚构登记机关"}), subject=subject) == []


def test_items_about_persons_never_go_up() -> None:
    for item in CATALOGUE.items:
        if item.about_persons:
            assert _out(_record(item.id, None, {f.name: "x" for f in item.fields})) == []


def test_a_record_that_cannot_be_read_keeps_nobody_down() -> None:
    sound = _record(REPORT, None, {"registration_authority": "虚构登记机关"})
    foreign = [{"employee_count": "7", "is_published": True}, {"report_date": b"ciphertext"}, "no fields at all"]
    records = [_record(REPORT, None, data) for data in foreign]  # type: ignore[arg-type]
    assert [one.data for one in _out(*records, sound)] == [{"registration_authority": "虚构登记机关"}]


def test_a_profile_chooses_items_and_operations() -> None:
    filled, gone = (
        _record(REPORT, None, {"registration_authority": "甲"}),
        _record(REPORT, {"registration_authority": "甲"}, None),
    )
    assert _out(filled, profile=replace(PROFILE, items=frozenset(("tax.arrears",)))) == []
    assert [r.op for r in _out(filled, gone, profile=replace(PROFILE, ops=frozenset(("REPORT",))))] == ["REPORT"]


def test_the_same_records_make_the_same_batches_however_many_follow() -> None:
    (one,) = _out(_record(REPORT, None, {"registration_authority": "甲"}))
    many = [replace(one, key=f"{one.key}{n}") for n in range(25)]
    first = [batch_id("provincial", c) for c in chunks(many[:20], 10)]
    assert [batch_id("provincial", c) for c in chunks(many, 10)][:2] == first
    assert batch_id("national", many[:10]) != first[0]
    assert all(len(name) == 32 for name in first)


def test_a_batch_is_gzipped_json_without_floats() -> None:
    (one,) = _out(
        _record("tax.arrears", None, {"subject_name": "甲", "arrears_amount": Decimal("12345678901234.5000")})
    )
    one = replace(one, data={**(one.data or {}), "day": date(2025, 1, 2), "rows": [{"money": Decimal("0.1000")}]})
    read = json.loads(gzip.decompress(body("provincial", "630100", [one])), parse_float=pytest.fail)
    (record,) = read["records"]
    assert (read["profile"], read["sender"]) == ("provincial", "630100")
    assert record["source_time"] == "2025-06-01T00:00:00Z"
    assert record["data"]["day"] == "2025-01-02"
    assert record["data"]["rows"] == [{"money": "0.1000"}]
    assert body("provincial", "630100", [one]) == body("provincial", "630100", [one])
