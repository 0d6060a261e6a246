"""The chains of a hub that was lived in: whole, by the topics and by a file; and who saw an enterprise."""

import json
from collections.abc import Collection
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.signing import Ed25519Verifier
from bus.crypto.signing_keys import SigningKeys, create_signing_keys, load_signing_keys
from bus.reading.topic_reader import TopicReader
from catalogue import wire
from catalogue.errors import UsageError
from hub.commands.audit import register
from hub.settings import settings_environment
from portal.audit.anchors import AnchorBook
from proofs.audit.faults import FaultKind
from proofs.audit.reading import chain_messages
from proofs.audit.verification import ChainReport, ChainVerification
from tests.integration.proofs.small_hub import DOUBLE, DROP, Hub, consenting, tampered


@pytest.fixture(scope="module")
def keys(hub: Hub) -> SigningKeys:
    """Sign the heads of the hub's chains, and return the keys."""
    file = hub.settings.signing_keys
    signing = load_signing_keys(file) if file.exists() else create_signing_keys(file)
    with closing(Registry(hub.config)) as registry:
        encode = Encoder(registry, topics.ANCHOR, wire.ANCHOR)
        verifier = Ed25519Verifier(signing.public)
        AnchorBook(hub.config, signing.signer, verifier, encode, Decoder(registry)).sign()
    return signing


def verified(config: BusConfig, keys: SigningKeys) -> ChainReport:
    with closing(Registry(config)) as registry:
        verification = ChainVerification(registry, Ed25519Verifier(keys.public))
        for topic, message in chain_messages(TopicReader(config)):
            verification.take(topic, message.partition() or 0, message.offset() or 0, message.value() or b"")
        return verification.finish()


def run(hub: Hub, *arguments: str) -> Result:
    command = Typer()
    register(command)
    return CliRunner().invoke(command, ["audit", *arguments], env=settings_environment(hub.settings))


def kinds(report: ChainReport) -> Collection[FaultKind]:
    return [fault.kind for fault in report.first]


def test_the_chains_of_a_hub_are_whole(hub: Hub, keys: SigningKeys) -> None:
    report = verified(hub.config, keys)
    assert (report.faults, report.first) == (0, ())
    assert report.entries == 2
    assert report.anchors == 1
    assert report.steps > 0
    assert report.released > 0


@pytest.mark.parametrize("topic", [topics.AUDIT, topics.RELEASE])
@pytest.mark.parametrize(("way", "kind"), [(DROP, FaultKind.MISSING), (DOUBLE, FaultKind.DOUBLED)])
def test_a_message_that_is_gone_or_there_twice(
    hub: Hub, keys: SigningKeys, topic: str, way: str, kind: FaultKind
) -> None:
    report = verified(hub.forge.view(tampered(hub, topic, way, "the first")), keys)
    assert kinds(report)[0] is kind  # type: ignore[index]


def test_the_commands_export_verify_and_name_the_fault(hub: Hub, keys: SigningKeys, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    found = run(hub, "verify", "--json")
    assert (found.exit_code, json.loads(found.stdout)["whole"]) == (0, True), found.output
    assert run(hub, "export", str(file)).exit_code == 0
    assert isinstance(run(hub, "export", str(file)).exception, UsageError)
    assert run(hub, "verify", str(file)).exit_code == 0
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    at = next(at for at, line in enumerate(lines) if line.get("topic") == topics.AUDIT)
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    file.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n", "utf-8")
    broken = run(hub, "verify", str(file))
    assert broken.exit_code == 1
    assert "次序颠倒" in broken.stdout
    file.write_text("\n".join(json.dumps(line) for line in lines[:-1]) + "\n", "utf-8")
    assert run(hub, "verify", str(file)).exit_code == 1
    file.write_text("no export\n", "utf-8")
    assert isinstance(run(hub, "verify", str(file)).exception, UsageError)


def test_who_saw_an_enterprise(hub: Hub) -> None:
    first = consenting(hub.config)[0]
    found = run(hub, "who-saw", first.lower(), "--json", "--each")
    assert found.exit_code == 0, found.output
    said: dict[str, Any] = json.loads(found.stdout)
    assert said["subject"] == first
    (asked,) = said["asked"]
    assert (asked["actor"], asked["act"], asked["outcome"], asked["consents"]) == ("op-1", "SCOPE_SHOW", "OK", ["C-0"])
    entries = told_of(hub, first)
    assert [(one["recipient"], one["sequence"]) for one in said["released"]] != []
    assert {(one["recipient"], one["sequence"]) for one in said["released"]} == entries
    assert len(said["released"]) == len(entries)
    assert {tuple(one["consents"]) for one in said["released"]} == {(), ("C-0",)}
    sums = json.loads(run(hub, "who-saw", first, "--json").stdout)
    assert sum(one["count"] for one in sums["released"]) == len(entries)
    assert len(sums["released"]) < len(entries)
    assert (sums["asked"][0]["count"], sums["asked"][0]["outcome"]) == (1, "OK")
    shown = run(hub, "who-saw", first).stdout
    for word in ("yinhe", "C-0", "公开信息", "查看可用范围", "已答复"):
        assert word in shown
    later = datetime.now(UTC).replace(year=2999).strftime("%Y-%m-%d")
    assert "没有向任何机构提供过" in run(hub, "who-saw", first, "--since", later).stdout
    assert isinstance(run(hub, "who-saw", "91630102MAX000015X").exception, UsageError)


def told_of(hub: Hub, subject: str) -> set[tuple[str, int]]:
    """Return by recipient the sequences that ``release.v1`` says of an enterprise."""
    with closing(Registry(hub.config)) as registry:
        decode = Decoder(registry)
        values = [decode(one.value) for one in hub.forge.messages(topics.RELEASE)]
    return {
        (message["recipient"], message["sequence"])
        for value in values
        if value.get("subject") == subject
        for message in value["messages"]
    }
