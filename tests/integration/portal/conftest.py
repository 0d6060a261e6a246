"""An office on the real broker, with keys, evidence and topics of a test's own."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.keys import create_key_file
from bus.crypto.signing import Ed25519Verifier
from bus.crypto.signing_keys import SigningKeys, create_signing_keys
from catalogue import wire
from catalogue.load import load_catalogue
from portal.app import Portal, create_app
from portal.audit.anchors import AnchorBook
from portal.audit.log import AuditLog
from portal.evidence import EvidenceStore
from portal.journal import ConsentJournal
from portal.office import ConsentOffice
from portal.pages.shown import ConsentWording
from portal.pages.site import PageSite
from portal.register import Register
from portal.requests import Signatories, SigningBody
from portal.returns.desk import ReturnsDesk
from portal.returns.entries import EntrySeal
from portal.returns.journal import ReturnsJournal
from rules.release.consent.lifecycle import REASONS, Act, ActReason, Consent
from rules.release.consent.terms import Signatory, Terms
from tests import kafka
from tests.builders.consents import SUBJECT, terms
from tests.services import Services

PDF = b"%PDF-1.7 fictitious consent"
NAME, SUCCESSOR = "虚构甲", "虚构乙"
TOPICS = (topics.CHANGE, topics.CONSENT, topics.KEYS, topics.AUDIT, topics.ANCHOR, topics.RELEASE, topics.OUTCOME)
TOKEN = "fictitious-token"


@dataclass
class Site:
    """What offices of one hub share."""

    config: BusConfig
    registry: Registry
    signing: SigningKeys
    cipher: Cipher
    evidence: EvidenceStore
    signatories: Signatories
    digest: str

    def office(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> ConsentOffice:
        """Return an office that has opened."""
        made = self.unopened(now)
        made.open()
        return made

    def pages(self, portal: Portal, url: str = "http://127.0.0.1:8083") -> PageSite:
        """Return the enterprises' pages of a portal."""
        names = {"yinhe": "西宁银河银行（虚构）", "qinghe": "青禾农村商业银行（虚构）"}
        wording = ConsentWording(portal.catalogue, lambda one: names.get(one, one), self.signatories.masked_name)
        return PageSite(lambda: portal.office, wording, url)

    def unopened(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> ConsentOffice:
        """Return an office that has not opened yet."""
        encode = Encoder(self.registry, topics.CONSENT, wire.CONSENT)
        decode = Decoder(self.registry)
        journal = ConsentJournal(self.config, self.signing.signer, encode, decode)
        return ConsentOffice(journal, self.register(), self.signatories, now)

    def audit(self) -> AuditLog:
        """Return an audit log that has opened."""
        made = self.unopened_audit()
        made.open()
        return made

    def unopened_audit(self) -> AuditLog:
        """Return an audit log that has not opened yet."""
        encode = Encoder(self.registry, topics.AUDIT, wire.AUDIT_ENTRY)
        return AuditLog(self.config, encode, Decoder(self.registry))

    def anchors(self) -> AnchorBook:
        """Return what signs the heads of the chains."""
        encode, verifier = Encoder(self.registry, topics.ANCHOR, wire.ANCHOR), Ed25519Verifier(self.signing.public)
        return AnchorBook(self.config, self.signing.signer, verifier, encode, Decoder(self.registry))

    def returns(self, portal: Portal, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> ReturnsDesk:
        """Return what takes in what recipients send back; it has not opened yet."""
        seal = EntrySeal(self.cipher)
        encode = Encoder(self.registry, topics.OUTCOME, wire.RETURNED)
        journal = ReturnsJournal(self.config, seal, encode, Decoder(self.registry))
        return ReturnsDesk(journal, seal, lambda: portal.office, ("yinhe",), now)

    def register(self) -> Register:
        """Return an empty register that believes this hub."""
        return Register(Decoder(self.registry), Ed25519Verifier(self.signing.public), self.config.partitions)

    def signing_of(self, own: Terms, name: str = NAME) -> tuple[Signatory, str]:
        """Return who signed, and the evidence."""
        body = SigningBody.model_validate({"representative": name, "evidence": self.digest})
        return self.signatories.of(own, body), self.digest

    def granted(self, office: ConsentOffice, **changes: object) -> Consent:
        """Ask and grant."""
        asked = office.request(fresh(**changes), "op-1")
        return self.act(office, asked, Act.GRANT)

    def act(self, office: ConsentOffice, consent: Consent, act: Act, reason: ActReason | None = None) -> Consent:
        """Do something about a consent."""
        sign = self.signing_of if act is Act.GRANT else None
        return office.act(consent.terms.number, act, reason or REASONS[act][0], "op-1", sign)


_count = iter(range(1, 10_000))


def fresh(**changes: object) -> Terms:
    """Return terms with a number of their own, which hold from now on."""
    now = datetime.now(UTC)
    plain = {"number": f"SQ-{next(_count)}", "subject": SUBJECT, "start": now, "end": now.replace(year=now.year + 1)}
    return terms(**{**plain, **changes})


@pytest.fixture
def site(stack: Services, topic_prefix: str, tmp_path: Path) -> Iterator[Site]:
    config = stack.bus(topic_prefix, partitions=2)
    cipher = Cipher(create_key_file(tmp_path / "keys.json"))
    evidence = EvidenceStore(tmp_path / "evidence", cipher)
    signing = create_signing_keys(tmp_path / "signing.json")
    with (
        kafka.own_topics(config, TOPICS),
        closing(Registry(config)) as registry,
    ):
        yield Site(config, registry, signing, cipher, evidence, Signatories(cipher, evidence), evidence.put(PDF))


@pytest.fixture
def portal(site: Site) -> Portal:
    return Portal(load_catalogue(), lambda: {"yinhe"}, site.evidence, site.signatories)


@pytest.fixture
def log(site: Site) -> Iterator[AuditLog]:
    with closing(site.audit()) as made:
        yield made


@pytest.fixture
def client(site: Site, portal: Portal, log: AuditLog) -> Iterator[TestClient]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with (
        TestClient(create_app(portal, log, site.anchors(), TOKEN), headers=headers) as client,
        closing(site.office()) as office,
    ):
        portal.opened = office
        yield client
