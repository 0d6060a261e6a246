"""The hub of the revocations' run: all of it, as ``credithub up`` runs it, with banks, and enterprises that consent."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hub.stack
from benchmarks import revoke_flow, revoke_receiver
from benchmarks.measured import run
from benchmarks.prepared import ROOT, environment_of
from benchmarks.proving import bench_scope
from bus.avro.registry import Registry
from bus.users import ADMIN
from hub.demo.bank_questions import AskingBank
from hub.demo.portal_operator import PortalOperator
from hub.settings import Settings, bus_config, changed_settings
from portal.recipients.cards import publish_card
from proofs.reconcile.lag import Lag, wait_until_nothing_waits
from rules.release.recipient_files import definition_yaml, load_key
from rules.release.recipients import Portfolio, RecipientDefinition, RecipientKind
from rules.release.scorecards import read_card
from rules.release.webhooks import WebhookDefinition
from sinks.banks.recording import publish_recipients
from sinks.webhooks.registration import WebhookRegistrations

OBSERVED, OTHER = "yinhe", "qinghe"
"""The bank of whose consents is measured, and another one to which everybody consents, too; both have webhooks."""
ITEM = "tax.payment"
CARD = {
    "id": "bench", "zh": "虚构评分卡", "base": 500,
    "variables": [{"indicator": "tax_paid_12m", "bins": [{"below": 100000, "points": 0}, {"points": 50}]}],
}  # fmt: skip
_NAME, _REPRESENTATIVE = "西宁样例{number}商贸有限公司", "虚构某"
_QUESTIONS_A_DAY = 1_000_000
_PATIENCE_S = 1800.0


@dataclass(slots=True)
class RevokeHub:
    """The running hub; ``folder``: of the banks' servers; ``consents``: (enterprise, number) to the observed bank."""

    settings: Settings
    folder: Path
    subjects: int
    bank: AskingBank
    operator: PortalOperator
    consents: list[tuple[str, str]]
    next_event: int = 0

    def send(self, count: int) -> float:
        """Send so many events at once and wait until everybody has them; return when the first one was sent."""
        ended = run(self._flow(str(count)), environment_of(self.settings), self.settings.home)
        said = json.loads(ended.out)
        self.next_event = said["next"]
        self.settle()
        return float(said["begun_s"])

    def settle(self) -> None:
        """Wait until nothing is on its way. Raises RuntimeError when that takes too long."""
        config = bus_config(self.settings, ADMIN)
        with closing(Registry(config)) as registry:
            scope = bench_scope(self.settings)
            if not wait_until_nothing_waits(lambda: Lag(config, scope, registry), _PATIENCE_S, lambda text: None):
                raise RuntimeError("not everything was delivered")

    @contextmanager
    def flowing(self, rate: float) -> Iterator[None]:
        """Let events flow at a rate until the end of the block."""
        with subprocess.Popen(
            self._flow(f"--rate={rate}"), env={**os.environ, **environment_of(self.settings)}, cwd=self.settings.home,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            try:
                yield
            finally:
                out, _ = process.communicate()
        if process.returncode:
            raise RuntimeError("the events ended by themselves")
        self.next_event = json.loads(out)["next"]

    def _flow(self, wanted: str) -> tuple[str, ...]:
        return (sys.executable, "-m", revoke_flow.__name__, str(self.subjects), str(self.next_event), wanted)


@contextmanager
def revoke_hub(settings: Settings, subjects: int, say: Callable[[str], None]) -> Iterator[RevokeHub]:
    """Start all of it, with a first record and the consents of so many enterprises; the caller discards the home."""
    with ExitStack() as opened:
        folder = settings.home / "banks"
        servers = opened.enter_context(_servers(folder))
        own = _settings(settings, folder, servers)
        hub.stack.start(own, timeout_s=1200)
        bank, operator = AskingBank(own, OBSERVED), PortalOperator(own)
        opened.callback(bank.close)
        opened.callback(operator.close)
        _register(own, folder, servers, bank)
        made = RevokeHub(own, folder, subjects, bank, operator, [])
        say(f"{subjects} enterprises, which consent to {OBSERVED} and {OTHER}")
        made.send(subjects)
        for number in range(subjects):
            subject, name = revoke_flow.subject_of(number), _NAME.format(number=number)
            for recipient in (OBSERVED, OTHER):
                consent = operator.request(subject, name, recipient, [ITEM], "STREAM")["number"]
                operator.grant(consent, _REPRESENTATIVE)
                if recipient == OBSERVED:
                    made.consents.append((subject, consent))
        made.settle()
        yield made


@contextmanager
def _servers(folder: Path) -> Iterator[dict[str, Any]]:
    folder.mkdir()
    command = (sys.executable, "-m", revoke_receiver.__name__, str(folder), OBSERVED, OTHER)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.communicate()


def _settings(settings: Settings, folder: Path, servers: dict[str, Any]) -> Settings:
    """Return the settings of the hub: its recipients, whom it trusts, and as many questions as are asked."""
    recipients, authorities = folder / "recipients", folder / "authorities.pem"
    recipients.mkdir()
    for name in servers:
        (recipients / f"{name}.yaml").write_text(definition_yaml(_definition(name)), "utf-8")
    authorities.write_text("".join(Path(one["authority"]).read_text("utf-8") for one in servers.values()), "utf-8")
    return changed_settings(
        settings, recipients=recipients, webhooks_ca=authorities, portal_questions_a_day=_QUESTIONS_A_DAY
    )


def _definition(name: str, **more: Any) -> RecipientDefinition:
    return RecipientDefinition(name, "虚构银行", RecipientKind.BANK, Portfolio(is_all=True), **more)


def _register(own: Settings, folder: Path, servers: dict[str, Any], bank: AskingBank) -> None:
    """Tell the hub the banks' webhooks, the key by which the observed one asks, and its scorecard.

    By the topic alone: no file of a recipient may name this very machine.
    """
    config, registrations = bus_config(own, ADMIN), WebhookRegistrations(own.webhook_files)
    key = folder / f"{OBSERVED}.jwk"
    bank.write_public_key(key)
    definitions = []
    for name, server in servers.items():
        registrations.register(name)
        webhook = WebhookDefinition(server["url"], ("127.0.0.0/8",))
        definitions.append(_definition(name, webhook=webhook, keys=(load_key(key),) if name == OBSERVED else ()))
    publish_recipients(config, "benchmark", definitions)
    publish_card(config, "benchmark", OBSERVED, read_card(json.dumps(CARD)))
