"""A small file of item 16 through the real bus: counts, recognition, and a killed push that resumes exactly once."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.keys import create_key_file
from bus.reading.scan import scan
from bus.topics import REJECTED, SUBMISSION, UNRESOLVED
from catalogue.avro import topic
from catalogue.load import load_catalogue
from connectors.files.source import FileSource
from connectors.tables import Cell
from producers.submissions.declarations import SubmissionMode
from producers.submissions.event_history import EventReader
from producers.submissions.ledger import LedgerReader
from producers.submissions.progress import SubmissionCounts
from producers.submissions.push import push_table
from producers.submissions.receipts import SubmissionReceipt
from producers.submissions.sender import Sender
from producers.submissions.submission import Submission
from producers.tables.headers import HeadedTable, TableRecogniser
from tests.kafka import own_topics
from tests.services import Services

CODE = "91350100M000100Y43"


@pytest.fixture
def config(stack: Services, topic_prefix: str) -> Iterator[BusConfig]:
    """Return a bus with the four topics of a push, deleted afterwards."""
    config = stack.bus(topic_prefix, partitions=1)
    with own_topics(config, [topic("tax"), SUBMISSION, REJECTED, UNRESOLVED]):
        yield config


def write(path: Path) -> None:
    """Write five rows: good, its duplicate, one without code, one with a wrong code, another good one."""
    item = load_catalogue().item("16")
    uscc, name = item.subject.uscc, item.subject.name
    period = item.reporting_period

    def line(code: str, month: str) -> str:
        values = {uscc: code, name: "虚构青禾商贸有限公司", period[0]: "2025"}
        if len(period) > 1:
            values[period[1]] = month
        return ",".join(values.get(f.name, "") for f in item.fields)

    rows = [line(CODE, "1"), line(CODE, "1"), line("", "1"), line(CODE[:-1] + "0", "1"), line(CODE, "2")]
    path.write_text("\n".join([",".join(f.zh for f in item.fields), *rows]) + "\n", "utf-8")


def run(config: BusConfig, cipher: Cipher, path: Path, stop_after: int | None = None) -> SubmissionReceipt:
    """Push the file in chunks of one row; ``stop_after`` kills the push before that row."""
    registry, item = Registry(config), load_catalogue().item("16")
    source = FileSource(path)
    table = HeadedTable.of(next(source.tables()))
    recognised = TableRecogniser(load_catalogue()).recognise(table.head, [], item)
    sub = Submission(
        item.id,
        "tax",
        "630100",
        SubmissionMode.INCREMENTAL,
        None,
        None,
        False,
        source.name,
        source.sha256,
        None,
        channel=source.channel,
    )

    def rows() -> Iterator[tuple[int, Sequence[Cell]]]:
        for count, (number, cells) in enumerate(table.below(recognised.header_row)):
            if count == stop_after:
                raise KeyboardInterrupt
            yield number, cells

    with closing(registry):
        sender = Sender(registry, cipher, replace(sub), item, recognised)
        with closing(LedgerReader(config, registry)) as ledger:
            events = EventReader(config, registry, item)
            return push_table(config, sender, sub, rows(), ledger, events, chunk_rows=1)


def counts(p: SubmissionCounts) -> tuple[int, int, int, int, int]:
    """Return rows, accepted, rejected, unresolved, duplicates."""
    return p.rows, p.accepted, p.rejected, p.unresolved, p.duplicates


@pytest.mark.parametrize("stop_after", [None, 1, 3])
def test_every_row_is_accounted_for_exactly_once(config: BusConfig, tmp_path: Path, stop_after: int | None) -> None:
    path, cipher = tmp_path / "t.csv", Cipher(create_key_file(tmp_path / "keys.json"))
    write(path)
    if stop_after is not None:
        with pytest.raises(KeyboardInterrupt):
            run(config, cipher, path, stop_after)
    receipt = run(config, cipher, path)
    assert counts(receipt.counts) == (5, 2, 1, 1, 1)
    again = run(config, cipher, path)
    assert again.recognised
    assert counts(again.counts) == (5, 2, 1, 1, 1)
    with closing(Registry(config)) as registry:
        decode = Decoder(registry)
        ids = [decode(m.value() or b"")["event_id"] for m in scan(config, topic("tax"))]
    assert ids == [f"{receipt.submission.id}:{row:08d}" for row in (2, 6)]
    assert [len(list(scan(config, name))) for name in (REJECTED, UNRESOLVED)] == [1, 1]
