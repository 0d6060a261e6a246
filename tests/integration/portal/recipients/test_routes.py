"""The program of the recipients' guide, run as it says, against the real portal over HTTP."""

import json
import os
import subprocess
import sys
from pathlib import Path

import uvicorn

from rules.release.consent.terms import Mode
from rules.release.recipient_keys import recipient_key
from tests.builders.client_keys import ISSUER
from tests.builders.consents import SUBJECT
from tests.integration.portal.recipients.conftest import REPORT, SECRET, World
from tests.ports import free_port
from tests.services import REPOSITORY
from tests.serving import serving

PROGRAM = REPOSITORY / "docs" / "banks" / "examples" / "python" / "ask_client.py"


def test_the_guide_s_program_asks(world: World, tmp_path: Path) -> None:
    port = free_port()
    told = {"PORTAL_URL": f"http://127.0.0.1:{port}", "PORTAL_ISSUER": ISSUER, "BANK_ID": "yinhe"}
    told["BANK_KEY"] = str(tmp_path / "yinhe.jwk")

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            (sys.executable, str(PROGRAM), *arguments), env={**os.environ, **told}, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip

    made = run("keygen", told["BANK_KEY"])
    assert made.returncode == 0, made.stderr
    assert Path(told["BANK_KEY"]).stat().st_mode & 0o777 == 0o600
    world.define("yinhe", keys=(recipient_key(json.loads(made.stdout)),))
    world.value(tax_paid_12m=SECRET)
    world.granted(mode=Mode.STREAM)
    world.pay("r1", item=REPORT, registration_authority="虚构登记机关")
    world.release()
    config = uvicorn.Config(world.client.app, port=port, lifespan="off", log_config=None, access_log=False)
    with serving(config):
        asked = run("verify", SUBJECT, "tax_paid_12m >= 100000")
        assert asked.returncode == 0, asked.stderr
        assert json.loads(asked.stdout)["answer"] == "TRUE"
        (part,) = run("changes").stdout.splitlines()
        assert [one["item"] for one in json.loads(part)["messages"]] == [None, REPORT]
        assert json.loads(run("view", SUBJECT).stdout)["records"][0]["item"] == REPORT
        assert len(json.loads(run("bands").stdout)["indicators"]) > 100
        assert run("token").stdout.count(".") == 2
        refused = run("--purpose", "INSURANCE", "verify", SUBJECT, "tax_paid_12m >= 100000")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.startswith("refused: 403 PURPOSE_MISMATCH")
        assert "NO_SUCH_CARD" in run("score", SUBJECT, "none").stderr
