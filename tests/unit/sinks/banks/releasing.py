"""A partition of the release, without a broker: on a real store, with messages that are really encoded."""

import io
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import fastavro

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry, full_name
from bus.config import BusConfig
from catalogue import wire
from catalogue.avro import Schema, event_schema
from catalogue.errors import PoisonMessage
from catalogue.load import load_catalogue
from processing.output import Headers, InputMessage, Output
from processing.store import Store
from rules.release.consent.lifecycle import Act
from rules.release.consent.terms import Terms
from rules.release.handles import Handles
from rules.release.labels import LabelPolicy, Labels
from rules.release.recipients import Portfolio, RecipientDefinition, RecipientKind, digest_of
from sinks.banks import keys
from sinks.banks.chain import LastStep, StepChain, last_step
from sinks.banks.consent_book import ConsentBook
from sinks.banks.holdings import Holdings
from sinks.banks.messages import BankMessages
from sinks.banks.recipient_book import RecipientBook
from sinks.banks.step_output import StepOutput
from sinks.banks.task import ReleaseTask
from sinks.banks.telling import StepTelling
from tests.builders.changes import change_value, record_change
from tests.builders.list_changes import next_change
from tests.builders.signed_consents import START, VERIFIER, Signing

CATALOGUE = load_catalogue()
HANDLE_KEY = bytes(range(32))
HANDLES = Handles(HANDLE_KEY)
CONFIG = BusConfig("", "")


class LocalRegistry(Registry):
    """Gives each schema an id, and asks nobody."""

    def __init__(self) -> None:
        self._config = CONFIG
        self._known: dict[str, int] = {}
        self._parsed_by_id: dict[int, Any] = {}

    def register(self, topic: str, schema: Schema) -> int:
        """Return the id of a schema."""
        number = self._known.setdefault(full_name(schema), len(self._known) + 1)
        self._parsed_by_id.setdefault(number, fastavro.parse_schema(schema))
        return number

    def schema(self, schema_id: int) -> Any:
        """Return the schema of an id."""
        if schema_id not in self._parsed_by_id:
            raise PoisonMessage(f"The registry knows no schema {schema_id}.")
        return self._parsed_by_id[schema_id]


def definition(
    name: str = "yinhe", *, portfolio: Portfolio | None = None, categories: frozenset[str] | None = None
) -> RecipientDefinition:
    """Return the definition of a bank; one that says no portfolio is told of everybody."""
    return RecipientDefinition(name, "虚构银行", RecipientKind.BANK, portfolio or Portfolio(is_all=True), categories)


class Partition:
    """A partition of the release: what it was given, and what it published."""

    def __init__(self, store: Store, labels: Labels, at: datetime = START) -> None:
        self.store, self.now = store, at
        self.registry = LocalRegistry()
        self.signing = Signing()
        self.policies = {1: labels}
        self.offsets = dict.fromkeys(topics.RELEASE_INPUTS, 0)
        self.versions: dict[str, int] = {}
        self.waiting: dict[str, list[InputMessage]] = {}
        self.came: dict[str, list[InputMessage]] = {topic: [] for topic in topics.RELEASE_INPUTS}
        self.told: dict[str, list[dict[str, Any]]] = {}
        self.raw: dict[str, list[bytes]] = {}
        self.headers: dict[str, list[Headers]] = {}
        self.release: list[bytes] = []
        self.marks: dict[bytes, bytes] = {}
        self.memberships: dict[tuple[str, str], dict[str, Any]] = {}
        self.outcomes: dict[str, dict[str, int]] = {}
        self.decode = Decoder(self.registry)
        self.begin()

    @property
    def labels(self) -> Labels:
        """Those that count."""
        return self.policies[max(self.policies)]

    def begin(self) -> None:
        """Begin the task, as a successor does."""
        decode = Decoder(self.registry, unscaled=True)
        policy = LabelPolicy(max(self.policies), self.labels)
        raw = self.store.get(keys.STEP)
        last = LastStep() if raw is None else last_step(decode(raw))
        entry, step = (self._encoder(topics.RELEASE, one) for one in (wire.RELEASE_ENTRY, wire.RELEASE_STEP))
        chain = StepChain(last, entry, step)
        recipients, holdings = RecipientBook(self.store), Holdings(self.store)
        consents = ConsentBook(self.store, decode, lambda kid: VERIFIER)
        made = StepOutput(
            self.store, decode, recipients, chain, self._encoder(topics.RELEASE_SEQUENCE, wire.RELEASE_MARKS)
        )
        messages = BankMessages(self.registry, lambda: topics.bank_topic("yinhe"))
        telling = StepTelling(made, decode.payload, self.policies.__getitem__, policy, holdings, messages)
        self.task = ReleaseTask(
            self.store, decode, policy, recipients, consents, holdings, telling, chain, last.after, lambda: self.now
        )  # fmt: skip

    def _encoder(self, topic: str, schema: Schema) -> Encoder:
        return Encoder(self.registry, topic, schema)

    # What comes

    def recipient(self, said: RecipientDefinition, *, is_removed: bool = False) -> None:
        """Publish a version of a recipient."""
        self.versions[said.id] = self.versions.get(said.id, 0) + 1
        text = said.text()
        value = {
            "recipient": said.id, "version": self.versions[said.id], "definition": text, "digest": digest_of(text),
            "handle_key": HANDLE_KEY, "is_removed": is_removed, "published_at": self.now,
        }  # fmt: skip
        self._come(topics.RECIPIENT, wire.RECIPIENT, value, said.id.encode())

    def entry(self, recipient: str, subject: str, *, is_in: bool = True, is_resend: bool = False) -> None:
        """Publish an entry of a portfolio."""
        key = f"{recipient}\0{subject}"
        self.versions[key] = self.versions.get(key, 0) + 1
        value = {
            "recipient": recipient, "subject": subject, "version": self.versions[key], "is_in": is_in,
            "is_resend": is_resend, "said_at": self.now,
        }  # fmt: skip
        self._come(topics.RECIPIENT, wire.PORTFOLIO_ENTRY, value, key.encode())

    def consent(self, of: Terms, *acts: Act) -> None:
        """Publish transitions of a consent."""
        for act in acts:
            key, value = self.signing.act(of, act, self.now)
            self._come(topics.CONSENT, wire.CONSENT, value, key)

    def change(
        self,
        subject: str,
        records: Iterable[tuple[str, str, Mapping[str, Any] | None, Mapping[str, Any] | None]] = (),
        indicators: Mapping[str, str] | None = None,
    ) -> None:
        """Publish a change: records as (item, key, before, after)."""
        made = [self._record_change(subject, *one) for one in records]
        value = change_value(made, subject=subject, indicators=indicators)
        self._come(topics.CHANGE, wire.CHANGE, value, subject.encode())

    def list_change(self, subject: str, of: str, status: str) -> None:
        """Publish a change of a list: where the enterprise stands on it now."""
        before = self.memberships.get((subject, of))
        value = next_change(before, status, **({} if before else {"of": of, "subject": subject}))
        self.memberships[subject, of] = value
        self._come(topics.LIST_CHANGE, wire.LIST_CHANGE, value, f"{subject}\0{of}".encode())

    def _record_change(self, subject: str, item: str, key: str, before: Any, after: Any) -> dict[str, Any]:
        former = None if before is None else self.payload(item, before)
        current = self.payload(item, after if after is not None else before or {})
        change = record_change(
            former and former[1], None if after is None else current[1], payload=current[1], item=item, record_key=key,
            subject=subject,
        )  # fmt: skip
        return {**change, "schema_id": current[0], "previous_schema_id": former and former[0]}

    def payload(self, item: str, data: Mapping[str, Any]) -> tuple[int, bytes]:
        """Return the schema id and the payload of an item's values."""
        schema = event_schema(CATALOGUE.item(item))
        out = io.BytesIO()
        fastavro.schemaless_writer(out, fastavro.parse_schema(schema["fields"][-1]["type"]), dict(data))
        return self.registry.register(topics.CHANGE, schema), out.getvalue()

    def _come(self, topic: str, schema: Schema, value: Mapping[str, Any], key: bytes) -> None:
        message = InputMessage(self.offsets[topic], self._encoder(topic, schema)(value), key)
        self.offsets[topic] += 1
        self.waiting.setdefault(topic, []).append(message)
        self.came[topic].append(message)

    # What is done

    def work(self) -> None:
        """Work on what has come, as one batch."""
        batches, self.waiting = self.waiting, {}
        self.outcomes = {}
        for part in self.task.parts(batches):
            assert not part.outcomes
            self._publish([part])
        self._publish(list(self.task.work(batches)))
        for topic, counts in self.outcomes.items():
            assert sum(counts.values()) == len(batches[topic])

    def tick(self, later: timedelta = timedelta()) -> bool:
        """Let time pass; return whether anything was due."""
        self.now += later
        is_due = self.task.is_due()
        if is_due:
            for part in self.task.parts({}):
                self._publish([part])
        return is_due

    def interrupted(self, parts: int) -> None:
        """Publish some parts of what has come, then end and begin anew: the batch comes again."""
        for count, part in enumerate(self.task.parts(self.waiting), start=1):
            self._publish([part])
            if count == parts:
                break
        self.begin()

    def _publish(self, outputs: list[Output]) -> None:
        for output in outputs:
            for topic, messages in output.messages.items():
                for key, raw in messages:
                    self._published(topic, key, raw)
            for topic, headed in output.headed.items():
                for key, raw, headers in headed:
                    self._told(topic, key, raw, headers)
            for topic, counts in output.outcomes.items():
                self.outcomes[topic] = {
                    name: count + self.outcomes.get(topic, {}).get(name, 0) for name, count in counts.items()
                }
        # Written behind the transaction, as the frame does.
        for output in outputs:
            self.store.write(output.writes)

    def _published(self, topic: str, key: bytes | None, raw: bytes) -> None:
        if topic == topics.RELEASE:
            self.release.append(raw)
        elif topic == topics.RELEASE_SEQUENCE:
            self.marks[key or b""] = raw
        else:
            raise AssertionError(topic)

    def _told(self, topic: str, key: bytes | None, raw: bytes, headers: Headers) -> None:
        value = {**self.decode(raw), "type": self.decode.name(raw)}
        assert key == value["subject"].encode()
        bank = topic.removeprefix("bank.").removesuffix(".v1")
        self.told.setdefault(bank, []).append(value)
        self.raw.setdefault(bank, []).append(raw)
        self.headers.setdefault(bank, []).append(headers)

    # What a bank has

    def known(self, recipient: str = "yinhe") -> dict[str, dict[str, Any]]:
        """Return what a recipient knows by what it was told: by handle the message that tells it."""
        known: dict[str, dict[str, Any]] = {}
        for value in self.told.get(recipient, ()):
            if "record_key" not in value:
                continue
            if value["op"] == "REPORT":
                known[value["record_key"]] = value
            else:
                known.pop(value["record_key"], None)
        return known

    def known_members(self, recipient: str = "yinhe") -> set[tuple[str, str]]:
        """Return whom a recipient knows to be on which list."""
        known: set[tuple[str, str]] = set()
        for value in self.told.get(recipient, ()):
            if "list" in value:
                change = known.add if value["status"] == "MEMBER" else known.discard
                change((value["subject"], value["list"]))
        return known

    def last(self, recipient: str = "yinhe") -> dict[str, Any]:
        """Return the last message."""
        return self.told[recipient][-1]

    def check_sequences(self) -> None:
        """Every recipient has 1…n of each enterprise."""
        for messages in self.told.values():
            last: dict[str, int] = {}
            for value in messages:
                last[value["subject"]] = last.get(value["subject"], 0) + 1
                assert value["sequence"] == last[value["subject"]]
