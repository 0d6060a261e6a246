"""What the guide promises of every example client, whatever its language; ``registry`` is the address of the door."""

import base64
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from bus import topics
from bus.access import client_settings, user_of
from bus.config import BusConfig
from bus.users import bank_user, file_of
from catalogue import avro
from tests.integration.banks.bank_topic import BANK, OTHER, TOPIC, A, B, aborted_count, fill, publish, published
from tests.integration.banks.programs import Bank, Program

# Ends the client when it waits for more than there is, so that a lost event fails the test and does not hang it.
_IDLE = ("--idle", "5")


def check_decoding(program: Program, config: BusConfig, registry: str) -> None:
    """Everything that was told is read, to the letter; nothing that was aborted."""
    fill(config)
    assert aborted_count(config) == 8
    lines = _run(program, config, registry, "--idle", "3")
    assert {line["kind"] for line in lines} == {"event"}
    mine, other = ([line for line in lines if line["value"]["subject"] == subject] for subject in (A, B))
    assert [line["value"]["sequence"] for line in mine] == list(range(1, 10))
    assert [line["value"]["sequence"] for line in other] == [1, 2, 3]
    _check_values(mine, other)
    expected = {
        (m.partition(), m.offset()): {name: plain(value) for name, value in decoded.items()}
        for m, decoded in published(config)
    }
    assert {(line["partition"], line["offset"]): line["value"] for line in lines} == expected


def _check_values(mine: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
    scope, reported, indicators, *consented, _, withdrawn, revoking, revoked = mine
    assert scope["type"] == "credithub.bank.Scope"
    assert _status(scope)["administration.penalty"][0] in ("AVAILABLE", "PARTIAL")
    assert _status(scope)["tax.payment"] == ("NONE", "NO_CONSENT", ())
    _check_consented(consented, revoking, revoked)
    assert reported["type"] == "credithub.bank.administration.Penalty"
    assert reported["value"]["subject_name"] == "青海虚构样例有限公司"
    data = reported["value"]["data"]
    assert data["penalty_content"] == "罚款壹万贰仟叁佰肆拾伍元陆角柒分；𠮷祥食品“三无”产品，没收。"
    assert data["fine_amount"] == "12345.6700"
    assert data["confiscated_amount"] == "-0.0100"
    assert data["decision_date"] == "2025-03-14"
    assert data["publicity_deadline"] == "2028-02-29"
    assert data["remark"] is None
    assert reported["value"]["source_time"] == "2025-06-01T08:00:00.000000Z"
    withheld = json.loads(reported["value"]["withheld_codes"])
    assert (withheld["legal_rep_id_number"], withheld["id_number"]) == ("PERSONAL", "PERSONAL")
    assert indicators["type"] == "credithub.bank.administration.PenaltyIndicators"
    assert (indicators["value"]["op"], indicators["value"]["item"]) == ("REPORT", "administration.penalty")
    assert (indicators["value"]["fines_36m"], indicators["value"]["penalties_12m"]) == ("12345.670000", None)
    assert indicators["value"]["as_of"] == "2025-06-01"
    assert (withdrawn["value"]["op"], withdrawn["value"]["data"]) == ("WITHDRAW", None)
    funded = other[1]["value"]["data"]
    assert funded["total_investment"] == "98765432109876543210.1234"
    assert funded["approval_date"] == "1969-12-31"


def _check_consented(consented: list[dict[str, Any]], revoking: dict[str, Any], revoked: dict[str, Any]) -> None:
    """What an enterprise consents to is told beside what is public, and taken back with the consent."""
    granting, paid = consented
    assert [line["type"] for line in (granting, revoking)] == ["credithub.bank.Scope"] * 2
    assert _status(granting)["tax.payment"] == ("AVAILABLE", None, ("C-1",))
    assert paid["type"] == "credithub.bank.tax.Payment"
    assert paid["value"]["data"]["tax_amount"] == "120.5000"
    assert paid["value"]["consents"] == ["C-1"]
    assert _status(revoking)["tax.payment"] == ("NONE", "CONSENT_REVOKED", ())
    said = revoked["value"]
    assert (said["op"], said["reason"], said["consents"]) == ("WITHDRAW", "CONSENT_REVOKED", ["C-1"])
    assert (said["record_key"], said["data"]) == (paid["value"]["record_key"], None)
    assert date.fromisoformat(said["delete_by"]) > datetime.now(UTC).date()


def _status(line: dict[str, Any]) -> dict[str, tuple[str, str | None, tuple[str, ...]]]:
    """Return what a scope says of each item."""
    return {one["item"]: (one["status"], one["code"], tuple(one["consents"])) for one in line["value"]["items"]}


def check_gaps(program: Program, config: BusConfig, registry: str) -> None:
    """A missing sequence and a repeated one are reported, and the events around them still come."""
    publish(config, [1, 2, 5, 5, 6])
    lines = _run(program, config, registry, "--max", "4", *_IDLE)
    found = [(line["kind"], line.get("expected"), line.get("received"), line.get("sequence")) for line in lines]
    assert found == [
        ("event", None, None, None),
        ("event", None, None, None),
        ("gap", 3, 5, None),
        ("event", None, None, None),
        ("repeat", None, None, 5),
        ("event", None, None, None),
    ]
    assert [line["value"]["sequence"] for line in lines if line["kind"] == "event"] == [1, 2, 5, 6]


def check_restart(program: Program, config: BusConfig, registry: str, folder: Path) -> None:
    """A second run goes on where the first ended; one that reads all again takes nothing twice."""
    publish(config, [1, 2, 3, 4, 5])
    state = ("--state", str(folder / "sequences.json"))
    first = _run(program, config, registry, "--max", "2", *state, *_IDLE)
    second = _run(program, config, registry, "--max", "3", *state, *_IDLE)
    assert [line["value"]["sequence"] for line in first + second] == [1, 2, 3, 4, 5]
    publish(config, [6])
    # Another group stands for a bank that lost its positions, or that set them back.
    third = _run(program, config, registry, "--max", "1", *state, *_IDLE, group="again")
    assert [line["kind"] for line in third] == ["repeat"] * 5 + ["event"]


def check_refusals(program: Program, config: BusConfig, registry: str) -> None:
    """What is not the bank's is refused at once, with a reason, and nothing of it is printed."""
    publish(config, [1])
    bank, other = bank_of(config, registry), bank_of(config, registry, OTHER)
    said = [
        program.refused(replace(bank, password="wrong")),
        program.refused(replace(bank, topic=config.topic(topics.bank_topic(OTHER)))),
        program.refused(replace(bank, topic=config.topic(topics.CHANGE))),
        program.refused(replace(bank, topic=config.topic(avro.topic("administration")))),
        program.refused(bank, "--group", f"{other.user}.example"),
    ]
    assert all(line.startswith("refused: ") for line in said), said
    assert "uthenticat" in said[0]
    assert all("uthoriz" in line for line in said[1:4]), said
    assert all("group" in line.lower() for line in said[4:]), said


def check_writes(writer: Program, config: BusConfig) -> None:
    """A bank writes nowhere, not even into its own topic."""
    bank = bank_of(config, "")
    for topic in (TOPIC, topics.bank_topic(OTHER), topics.CHANGE):
        assert "uthoriz" in writer.refused(replace(bank, topic=config.topic(topic)))


def bank_of(config: BusConfig, registry: str, bank: str = BANK) -> Bank:
    """Return what the bank is told whose user the preparation made."""
    said = client_settings(file_of(Path(config.client_file).parent, bank_user(bank)))
    authority = said.get("ssl.ca.location")
    return Bank(config.bootstrap, registry, config.topic(TOPIC), *user_of(said), Path(authority) if authority else None)


def _run(
    program: Program, config: BusConfig, registry: str, *more: str, group: str = "example"
) -> list[dict[str, Any]]:
    bank = bank_of(config, registry)
    return program(bank, "--group", f"{bank.user}.{group}", *more)


def plain(value: Any) -> Any:
    """Return a decoded value as the guide says that the clients print it."""
    if isinstance(value, dict):
        return {name: plain(held) for name, held in value.items()}
    if isinstance(value, list):
        return [plain(held) for held in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
