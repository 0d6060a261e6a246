"""Read a bank's topic of the hub and print one JSON line per event (documentation: ../../README.md).

Needs confluent-kafka and fastavro, three addresses and what the hub gave the bank to log in with. The password is read
from the environment, for a command line can be seen by others:

    BANK_PASSWORD=… python bank_client.py --user bank.yinhe --bootstrap HOST:9092 \\
        --registry http://HOST:8082 --topic bank.yinhe.v1

It stops, with nothing committed beyond what it printed, when a message cannot be decoded or the registry is away;
started again it goes on there.
"""

import argparse
import base64
import io
import json
import os
import ssl
import struct
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

HEAD = struct.Struct(">bI")  # magic byte 0, then the schema's id


class Refused(Exception):
    """The broker does not let this user in, or not do this."""


class Decoder:
    """Decodes messages of Confluent's wire format, fetching each schema once, by its id."""

    def __init__(self, registry_url: str, ca: str | None = None) -> None:
        self._url = registry_url.rstrip("/")
        self._tls = ssl.create_default_context(cafile=ca) if ca else None
        self._schemas: dict[int, Any] = {}

    def __call__(self, message: bytes) -> tuple[str, dict[str, Any]]:
        """Return the full name of the record type and the decoded value."""
        magic, schema_id = HEAD.unpack_from(message)
        if magic != 0:
            raise ValueError(f"magic byte {magic}, expected 0")
        schema = self._schema(schema_id)
        value: Any = fastavro.schemaless_reader(io.BytesIO(message[HEAD.size :]), schema, None)
        return str(schema["name"]), value

    def _schema(self, schema_id: int) -> Any:
        if schema_id not in self._schemas:
            with urllib.request.urlopen(
                f"{self._url}/schemas/ids/{schema_id}", timeout=30, context=self._tls
            ) as answer:
                self._schemas[schema_id] = fastavro.parse_schema(json.loads(json.load(answer)["schema"]))
        return self._schemas[schema_id]


class Sequences:
    """The last sequence taken of each subject, kept in a file if one is named.

    A bank keeps this in its own database, written in the same transaction as its rows: then nothing is lost or
    doubled on its side either.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._last: dict[str, int] = json.loads(file.read_text("utf-8")) if file and file.exists() else {}

    def judge(self, subject: str, sequence: int) -> tuple[str, int]:
        """Return (next, gap or repeat; the sequence that was expected)."""
        expected = self._last.get(subject, 0) + 1
        return ("next" if sequence == expected else "gap" if sequence > expected else "repeat"), expected

    def take(self, subject: str, sequence: int) -> None:
        """Remember that this was processed."""
        self._last[subject] = sequence

    def save(self) -> None:
        """Write the file, so that it is the old one or the new one and never half of each."""
        if self._file:
            fresh = self._file.with_name(self._file.name + ".new")
            fresh.write_text(json.dumps(self._last), "utf-8")
            fresh.replace(self._file)


def plain(value: Any) -> Any:
    """Return what JSON has no type for: decimals as text, dates and times as ISO 8601, times in UTC."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(type(value).__name__)


def say(**line: Any) -> None:
    """Print one line."""
    print(json.dumps(line, ensure_ascii=False, default=plain), flush=True)


def handle(message: Message, decode: Decoder, sequences: Sequences) -> bool:
    """Print what a message brings; return whether it was an event not seen before."""
    name, value = decode(message.value())
    subject, sequence = value["subject"], value["sequence"]
    where = {"partition": message.partition(), "offset": message.offset()}
    verdict, expected = sequences.judge(subject, sequence)
    if verdict == "repeat":
        say(kind="repeat", subject=subject, sequence=sequence, **where)
        return False
    if verdict == "gap":
        say(kind="gap", subject=subject, expected=expected, received=sequence, **where)
    say(kind="event", type=name, **where, value=value)
    sequences.take(subject, sequence)
    return True


def login(args: argparse.Namespace) -> dict[str, str]:
    """Return the settings by which the broker knows this bank; with a CA the connection is encrypted."""
    secured = {"ssl.ca.location": args.ca} if args.ca else {}
    if not args.user:
        return {"security.protocol": "SSL", **secured} if args.ca else {}
    return {
        "security.protocol": "SASL_SSL" if args.ca else "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": args.user,
        "sasl.password": args.password,
        **secured,
    }


def refuse(error: KafkaError) -> None:
    """Raise what no repetition mends. A wrong password is told here alone: the client itself would try for ever."""
    if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
        raise Refused(error.str())


def batches(consumer: Consumer, idle_s: float | None) -> Iterator[list[Message]]:
    """Yield what arrives, until nothing has for ``idle_s`` seconds with partitions assigned."""
    heard = time.monotonic()
    while idle_s is None or time.monotonic() - heard < idle_s:
        messages = consumer.consume(500, timeout=0.5)
        for message in messages:
            error = message.error()
            if error is not None and error.name().endswith("AUTHORIZATION_FAILED"):
                raise Refused(error.str())
            if error is not None and (error.fatal() or not error.retriable()):
                raise KafkaException(error)
        sound = [m for m in messages if m.error() is None]
        if sound:
            yield sound
        if sound or not consumer.assignment():
            heard = time.monotonic()


def run(args: argparse.Namespace) -> None:
    """Consume until --max, --idle or Ctrl-C."""
    decode, sequences, taken = Decoder(args.registry, args.ca), Sequences(args.state), 0
    consumer = Consumer(
        {
            "bootstrap.servers": args.bootstrap,
            "group.id": args.group,
            # The hub writes in transactions; without this line aborted attempts would be read as well.
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "error_cb": refuse,
            **login(args),
        }
    )
    consumer.subscribe([args.topic])
    try:
        for messages in batches(consumer, args.idle):
            ends: dict[int, int] = {}
            for message in messages:
                taken += handle(message, decode, sequences)
                ends[message.partition()] = message.offset() + 1
                if taken == args.max:
                    break
            # First what was processed, then the position: a crash in between repeats, it never skips.
            sequences.save()
            consumer.commit(offsets=[TopicPartition(args.topic, p, o) for p, o in ends.items()], asynchronous=False)
            if taken == args.max:
                return
    except KeyboardInterrupt:
        return
    finally:
        consumer.close()


def main() -> None:
    """Read the arguments, or the environment in their place."""
    env = os.environ
    parser = argparse.ArgumentParser(description="Print a bank's topic as JSON lines.")
    parser.add_argument("--bootstrap", default=env.get("KAFKA_BOOTSTRAP"), help="address of Kafka, host:port")
    parser.add_argument("--registry", default=env.get("REGISTRY_URL"), help="address of the registry's Confluent API")
    parser.add_argument("--topic", default=env.get("BANK_TOPIC"), help="bank.<id>.v1")
    parser.add_argument("--group", default=env.get("BANK_GROUP"), help="consumer group; unset: USER.example")
    parser.add_argument("--user", default=env.get("BANK_USER"), help="the bank's user, bank.<id>")
    parser.add_argument("--ca", default=env.get("BANK_CA"), help="the hub's authority (PEM): connections are encrypted")
    parser.add_argument("--state", type=Path, help="file that keeps the last sequence of each subject")
    parser.add_argument("--max", type=int, help="end after so many events")
    parser.add_argument("--idle", type=float, help="end after so many seconds without a message")
    args = parser.parse_args()
    if not (args.bootstrap and args.registry and args.topic):
        parser.error("--bootstrap, --registry and --topic are required")
    args.password = env.get("BANK_PASSWORD", "")
    args.group = args.group or f"{args.user or 'bank'}.example"
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        run(args)
    except Refused as refused:
        sys.exit(f"refused: {refused}")


if __name__ == "__main__":
    main()
