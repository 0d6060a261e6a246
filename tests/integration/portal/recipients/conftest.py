"""A portal that answers two banks, on the real broker, registry and PostgreSQL. All of it is fictitious."""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bus import topics
from bus.avro.decoding import Decoder
from bus.crypto.fingerprints import publish_signing_keys
from bus.crypto.signing import Ed25519Verifier
from connectors.postgres import connection
from monitoring.health import HealthState
from portal.app import Portal, create_app
from portal.audit.log import AuditLog
from portal.office import ConsentOffice
from portal.recipients.site import PortalKeys, RecipientSettings, RecipientSite, recipient_site
from portal.recipients.tokens import ASSERTION_TYPE
from rules.release.consent.lifecycle import Act, Consent
from rules.release.labels import current_labels
from rules.release.recipient_messages import RecipientVersion
from rules.release.recipients import Portfolio, RecipientDefinition, RecipientKind
from sinks.banks.recording import publish_recipients
from sinks.policies import publish_labels
from sinks.postgres.schema import migrate
from tests import kafka
from tests.builders.changes import MOMENT, Streams
from tests.builders.client_keys import ISSUER, ClientKey, claims
from tests.builders.consents import SUBJECT
from tests.databases import execute
from tests.integration.portal.conftest import TOKEN, Site
from tests.integration.sinks.banks.releasing import release
from tests.services import Services
from tests.waiting import until

BANKS = ("qinghe", "yinhe")
TAX, REPORT = "tax.payment", "market.annual_report_basic"
PAID: Mapping[str, Any] = {"period": "2026-05", "tax_amount": Decimal(120)}
STATED = {"purpose": "LOAN", "use": "APPLICATION"}
SECRET = Decimal(123456)
QUESTIONS_A_DAY = 20
_OTHERS = (
    topics.RECIPIENT, topics.SCORECARD, topics.LABEL_POLICY, topics.LIST_CHANGE, topics.RELEASE,
    topics.RELEASE_SEQUENCE, topics.RELEASE_POSITION, topics.REJECTED, *map(topics.bank_topic, BANKS),
)  # fmt: skip


@dataclass
class Clock:
    """The portal's clock; ``ahead``: by how much it goes before the machine's."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        """Return the moment."""
        return datetime.now(UTC) + self.ahead


@dataclass
class World:
    """A portal with its office, its recipients and its database."""

    site: Site
    office: ConsentOffice
    recipients: RecipientSite
    client: TestClient
    dsn: str
    clock: Clock
    folder: Path
    keys: dict[str, ClientKey] = field(default_factory=dict)
    _sequences: dict[str, int] = field(default_factory=dict)

    def define(self, name: str, portfolio: Portfolio | None = None, **changes: Any) -> None:
        """Publish a bank with a key of its own, and wait until the portal has it."""
        key = self.keys.setdefault(name, ClientKey.ed25519())
        definition = RecipientDefinition(
            name, "虚构银行", RecipientKind.BANK, portfolio or Portfolio(is_all=True), keys=(key.public,)
        )
        definition = replace(definition, **changes)
        published = publish_recipients(self.site.config, "test", [definition])
        for one in published:
            until(partial(self._knows, one))

    def _knows(self, version: RecipientVersion) -> bool:
        return self.recipients.services.desk.directory.recipient(version.recipient) == version

    def assertion(self, name: str, **changes: Any) -> str:
        """Return what a bank signs to get a token."""
        now = int(self.clock().timestamp())
        return self.keys[name].signed(json.dumps(claims(name, **{"iat": now, "exp": now + 60, **changes})).encode())

    def ask_for_token(self, assertion: str, **changes: str) -> Any:
        """Ask for a token by an assertion."""
        form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE}
        return self.client.post("/v1/token", data={**form, "client_assertion": assertion, **changes})

    def token(self, name: str) -> str:
        """Return a token of a bank."""
        answer = self.ask_for_token(self.assertion(name))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def get(self, name: str, path: str, **query: Any) -> Any:
        """Return what a bank is answered to a GET."""
        return self.client.get(f"/v1/{path}", params=query, headers=self._carried(name))

    def post(self, name: str, path: str, **body: Any) -> Any:
        """Return what a bank is answered to a POST."""
        return self.client.post(f"/v1/{path}", json={"subject": SUBJECT, **STATED, **body}, headers=self._carried(name))

    def send(self, name: str, path: str, **body: Any) -> Any:
        """Return what a bank is answered to what it sends back."""
        return self.client.post(f"/v1/{path}", json=body, headers=self._carried(name))

    def verify(self, name: str, question: str, **body: Any) -> Any:
        """Return what a bank is answered to a question."""
        return self.post(name, "verify", question=question, **body)

    def _carried(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(name)}"}

    def granted(self, **changes: Any) -> Consent:
        """Have the enterprise consent."""
        return self.site.granted(self.office, **changes)

    def revoke(self, consent: Consent) -> None:
        """Have the enterprise revoke a consent."""
        self.site.act(self.office, consent, Act.REVOKE)

    def pay(self, *keys: str, subject: str = SUBJECT, item: str = TAX, **values: Any) -> None:
        """Have records come, to the streams and to PostgreSQL."""
        data = {**PAID, **values} if item == TAX else values
        sequence = self._sequences[subject] = self._sequences.get(subject, 0) + 1
        streams = Streams(self.site.config)
        streams.change(subject, sequence, [streams.record_change(subject, item, key, None, data) for key in keys])
        for key in keys:
            envelope = streams.envelope(subject, item, key)
            self._insert("credit_record", {**envelope, **streams.payload(item, data), "unread_fields": "[]"})
        streams.flush()

    def value(self, subject: str = SUBJECT, item: str = TAX, **values: Decimal) -> None:
        """Have indicators of an item come to PostgreSQL."""
        row = {
            "subject": subject, "item": item, "sequence": 1, "as_of": date(2026, 6, 1), "hash": "0",
            "indicators": json.dumps({name: str(value) for name, value in values.items()}), "changed_at": MOMENT,
        }  # fmt: skip
        self._insert("credit_indicator", row)

    def release(self) -> None:
        """Have the release tell what is to be told."""
        release(self.site.config, self.folder, current_labels())

    def audited(self) -> list[dict[str, Any]]:
        """Return the entries of the audit log."""
        return kafka.values(self.site.config, topics.AUDIT)

    def _insert(self, table: str, row: Mapping[str, Any]) -> None:
        names, places = ", ".join(row), ", ".join(f"%({name})s" for name in row)
        with connection(self.dsn) as opened, opened.cursor() as cursor:
            cursor.execute(f"insert into {table} ({names}) values ({places})", dict(row))
            opened.commit()


@pytest.fixture
def dsn(stack: Services) -> Iterator[str]:
    """Return the address of a schema of this test's own, with the hub's tables."""
    name = f"t{uuid.uuid4().hex[:12]}"
    execute(stack.postgres_dsn, f"create schema {name}")
    own = f"{stack.postgres_dsn}?options=-csearch_path%3D{name}&application_name={name}"
    migrate(own)
    yield own
    execute(stack.postgres_dsn, f"drop schema {name} cascade")


@pytest.fixture
def world(site: Site, portal: Portal, log: AuditLog, dsn: str, tmp_path: Path) -> Iterator[World]:
    kafka.make_topics(site.config, _OTHERS, BANKS)
    publish_labels(site.config, current_labels())
    publish_signing_keys(site.config, site.registry, site.signing.public, {})
    # What was signed before the portal began is not taken: here it began a minute ago.
    clock = Clock(-timedelta(minutes=1))
    with closing(site.office()) as office:
        portal.opened = office
        keys = PortalKeys(site.signing.signer, Ed25519Verifier(site.signing.public), site.cipher)
        returns = site.returns(portal, clock)
        returns.open()
        own = recipient_site(
            site.config, Decoder(site.registry), keys, RecipientSettings(ISSUER, dsn, QUESTIONS_A_DAY),
            office.of_subject, returns, lambda: None, clock,
        )  # fmt: skip
        clock.ahead = timedelta()
        app = create_app(portal, log, site.anchors(), TOKEN, own.run.start, own.run.stop, recipients=own.services)
        with TestClient(app) as client:
            until(lambda: own.run().state is HealthState.CURRENT, lambda: own.run().reason)
            made = World(site, office, own, client, dsn, clock, tmp_path / "release")
            for name in BANKS:
                made.define(name)
            yield made
    with suppress(AttributeError):
        assert own.run.failure is None
