"""The receivers of the webhooks' guide, as it prints them: they take what the hub signs, and nothing else."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rules.release.released import DisclosedMessage
from sinks.webhooks.message import OffsetRange, body, headers
from sinks.webhooks.registration import WebhookRegistrations
from tests.integration.banks.programs import node_command, node_modules

GUIDE = Path(__file__).parents[3] / "docs" / "banks" / "webhook.md"
CUT = OffsetRange("yinhe", 3, 1042, 1043)
TOLD = [
    DisclosedMessage(
        "credithub.bank.tax.Payment", {"op": "REPORT", "subject": "91630100MA7540001X", "sequence": number},
        {"data": {"tax_amount": "12345.67", "tax_authority_name": "虚构税务局"}}, None,
    )
    for number in (7, 8)
]  # fmt: skip
# A request comes by stdin; what was stored and answered is printed.
_PYTHON = """
import json, sys
SECRET = sys.argv[1]
stored = []
def store(messages, once): stored.append([once, messages])
{snippet}
came = json.load(sys.stdin)
print(json.dumps([receive(came["body"].encode(), came["headers"]), stored]))
"""
_NODE = """
import {{ readFileSync }} from "node:fs";
const SECRET = process.argv[2];
const stored = [];
const store = async (messages, once) => stored.push([once, messages]);
{snippet}
const came = JSON.parse(readFileSync(0));
console.log(JSON.stringify([await receive(Buffer.from(came.body), came.headers), stored]));
"""
Receive = Callable[[str, Mapping[str, str], bytes], "subprocess.CompletedProcess[str]"]


def _snippet(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture(params=["python", "js"])
def receive(request: pytest.FixtureRequest, downloads: Path, tmp_path: Path) -> Receive:
    """Return the function that gives a request to the receiver of a language: by (secret, headers, body)."""
    language = request.param
    program = tmp_path / ("receiver.py" if language == "python" else "receiver.mjs")
    program.write_text((_PYTHON if language == "python" else _NODE).format(snippet=_snippet(language)), "utf-8")
    command = [sys.executable, "-I", str(program)]
    if language == "js":
        # A module finds its dependencies beside itself alone.
        (tmp_path / "node_modules").symlink_to(node_modules(downloads))
        command = node_command(program)

    def run(secret: str, said: Mapping[str, str], content: bytes) -> "subprocess.CompletedProcess[str]":
        came = json.dumps({"headers": dict(said), "body": content.decode()})
        return subprocess.run([*command, secret], input=came, capture_output=True, text=True, check=False, timeout=60)

    return run


@pytest.fixture
def secrets(tmp_path: Path) -> list[str]:
    """Return the secrets that sign while one takes the other's place, the newest first."""
    registrations, now = WebhookRegistrations(tmp_path / "webhooks"), datetime.now(UTC)
    registrations.register("yinhe")
    registrations.rotate("yinhe", now, timedelta(hours=24))
    registration = registrations.of("yinhe")
    assert registration is not None
    return registration.signing(now)


def test_what_the_hub_sent_is_stored_by_the_former_and_by_the_new_secret(receive: Receive, secrets: list[str]) -> None:
    now = datetime.now(UTC)
    content = body(CUT, TOLD, now)
    assert len(secrets) == 2
    for secret in secrets:
        done = receive(secret, headers(CUT, content, secrets, now), content)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == [204, [["yinhe.3.1042.1043", _plain(one.value() for one in TOLD)]]]


@pytest.mark.attack(by="somebody who knows a bank's URL", wants="a message of his own to be taken for the hub's")
@pytest.mark.parametrize("what", ["altered", "replayed", "renamed", "signed by another"])
def test_what_the_hub_did_not_send_is_refused(receive: Receive, secrets: list[str], what: str) -> None:
    now = datetime.now(UTC) - (timedelta(minutes=6) if what == "replayed" else timedelta())
    content = body(CUT, TOLD, now)
    said = dict(headers(CUT, content, secrets[1:] if what == "signed by another" else secrets, now))
    if what == "altered":
        content = content.replace(b"12345.67", b"99999.99")
    if what == "renamed":
        said["webhook-id"] = "yinhe.3.1042.9999"
    done = receive(secrets[0], said, content)
    assert done.returncode == 1
    assert "WebhookVerificationError" in done.stderr
    assert not done.stdout


def _plain(values: Any) -> Any:
    return json.loads(json.dumps([*values]))
