"""The node's store and interface, asked in this process over ASGI."""

import gzip
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from catalogue.load import load_catalogue
from federation.receiver import requests
from federation.receiver.app import MAINTENANCE, create_app
from federation.receiver.openapi import FILE, document

USCC = "91630100MA7540001T"
NAME, OTHER = "0" * 32, "1" * 32


CARRIED = {"authorization": "Bearer secret"}


def _node(folder: Path) -> TestClient:
    """Return a client that carries the node's token."""
    return TestClient(create_app(folder / "store.sqlite3", load_catalogue(), "secret"), headers=CARRIED)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with _node(tmp_path) as client:
        yield client


def _record(number: int, sequence: int = 1, **data: Any) -> dict[str, Any]:
    values = {
        "subject_name": "青海虚构样例有限公司",
        "penalty_decision_number": str(number),
        "authority_name": "甲",
        **data,
    }
    return {
        "key": f"{USCC}|administration.penalty|{number}|{sequence}",
        "subject": USCC,
        "item": "administration.penalty",
        "record_key": str(number),
        "change_sequence": sequence,
        "op": "REPORT",
        "unit": "x",
        "region": "630102",
        "source_time": "2025-06-01T00:00:00Z",
        "data": values,
    }


def _put(client: TestClient, name: str, *records: dict[str, Any], **headers: str) -> Any:
    body = {"profile": "provincial", "sender": "630100", "records": records}
    content = gzip.compress(json.dumps(body).encode())
    head = {"content-type": "application/json", "content-encoding": "gzip"}
    return client.put(f"/v1/batches/{name}", content=content, headers={**head, **headers})


def test_the_committed_interface_is_that_of_the_node() -> None:
    assert FILE.read_text("utf-8") == document(), "run `credithub upstream --openapi > docs/upstream-openapi.yaml`"


def test_a_batch_sent_again_gets_its_first_receipts(client: TestClient) -> None:
    first = _put(client, NAME, _record(1), _record(2, authority_name="")).json()
    assert [r["status"] for r in first["receipts"]] == ["ACCEPTED", "REJECTED"]
    assert first["receipts"][1]["reason"].startswith("缺少")
    again = _put(client, NAME, _record(1), _record(2, authority_name="")).json()
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert again["receipts"] == first["receipts"]
    assert client.get(f"/v1/batches/{NAME}").json()["receipts"] == first["receipts"]
    summary = client.get("/v1/summary").json()
    assert {n: summary[n] for n in ("batches", "accepted", "rejected")} == {"batches": 1, "accepted": 1, "rejected": 1}
    assert summary["items"] == [
        {"item": "administration.penalty", "accepted": 1, "rejected": 1, "live": 1, "withdrawn": 0}
    ]


def test_a_record_in_another_batch_is_not_taken_twice(client: TestClient) -> None:
    first = _put(client, NAME, _record(1)).json()["receipts"]
    again = _put(client, OTHER, _record(1), _record(2)).json()["receipts"]
    assert again[0] == first[0]
    assert [r["batch_id"] for r in again] == [NAME, OTHER]
    assert client.get("/v1/summary").json()["accepted"] == 2


def test_a_key_used_for_other_content_is_rejected(client: TestClient) -> None:
    _put(client, NAME, _record(1))
    (receipt,) = _put(client, OTHER, _record(1, authority_name="乙")).json()["receipts"]
    assert (receipt["status"], receipt["reason"]) == ("REJECTED", "这个幂等键已用于另一内容")
    assert client.get("/v1/records", params={"subject": USCC}).json()[0]["data"]["authority_name"] == "甲"


def test_of_one_sequence_what_was_told_by_the_latest_labels_is_in_force(tmp_path: Path) -> None:
    first = _record(1, 2)
    by_labels = {**first, "key": f"{first['key']}|2", "op": "WITHDRAW", "reason": "LABEL_CHANGED", "data": None}
    with _node(tmp_path) as client:
        _put(client, NAME, {**by_labels, "policy": 2}, first)
        (held,) = client.get("/v1/records", params={"subject": USCC}).json()
        assert (held["change_sequence"], held["live"]) == (2, False)
    # A store of before labels had versions takes them too.
    with closing(sqlite3.connect(tmp_path / "store.sqlite3")) as store:
        store.execute("alter table record drop column policy")
        store.commit()
    with _node(tmp_path) as client:
        _put(client, OTHER, {**first, "key": f"{first['key']}|3", "policy": 3})
        (held,) = client.get("/v1/records", params={"subject": USCC}).json()
        assert held["live"]


def test_the_highest_sequence_is_in_force_in_whatever_order(client: TestClient) -> None:
    gone = {**_record(1, 3), "op": "WITHDRAW", "data": None}
    _put(client, NAME, _record(1, 2, authority_name="乙"), gone, _record(1, 1))
    (held,) = client.get("/v1/records", params={"subject": USCC}).json()
    assert (held["change_sequence"], held["live"], held["data"]) == (3, False, None)


def test_a_batch_that_is_no_batch_is_refused_whole(client: TestClient) -> None:
    for content in (b"{}", b"no json", b'{"profile": "x", "sender": "y", "records": []}'):
        answer = client.put(f"/v1/batches/{NAME}", content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 422
        assert answer.json()["reason"]
    assert _put(client, "no-name", _record(1)).status_code == 422
    assert client.get("/v1/summary").json()["batches"] == 0


def test_a_body_that_is_damaged_or_too_large_is_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = {"content-encoding": "gzip"}
    assert client.put(f"/v1/batches/{NAME}", content=b"no gzip", headers=headers).status_code == 400
    assert client.put(f"/v1/batches/{NAME}", content=gzip.compress(b"{}")[:-9], headers=headers).status_code == 400
    monkeypatch.setattr(requests, "MAX_BODY_BYTES", 1000)
    assert client.put(f"/v1/batches/{NAME}", content=gzip.compress(b" " * 9999), headers=headers).status_code == 413


def test_maintenance_sends_everyone_away_for_a_while(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / MAINTENANCE).write_text("7\n")
    for answer in (_put(client, NAME, _record(1)), client.get("/health")):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    (tmp_path / MAINTENANCE).unlink()
    assert client.get("/health").json() == {"status": "ok"}


def test_what_was_taken_outlives_the_process(tmp_path: Path) -> None:
    for expected in (False, True):
        with _node(tmp_path) as client:
            assert _put(client, NAME, _record(1)).json()["repeated"] is expected
            assert client.get("/v1/summary").json()["accepted"] == 1
