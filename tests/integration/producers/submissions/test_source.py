"""What is no file goes the same way: rows of a list, by HTTP, from a body that is known."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from bus.topics import SUBMISSION
from catalogue.avro import topic
from catalogue.envelope import Channel
from catalogue.load import load_catalogue
from connectors.tables import Cell, SourceTable
from hub.intake import intake_config
from producers.submissions.options import Options, ReportingBody
from producers.submissions.receipts import SubmissionReceipt
from producers.submissions.session import Session
from simulation.people import make_uscc
from tests.integration.producers.conftest import Node

ITEM = "market.abnormal_list"
TITLES = ["企业名称", "统一社会信用代码", "列入日期", "列入机关", "列入异常名录原因"]


@dataclass(frozen=True, slots=True)
class RequestSource:
    """The rows that a department sent in one request; it has a number, and lies in no folder."""

    name: str
    lines: Sequence[Sequence[Cell]]
    channel: Channel = Channel.HTTP
    stamped_at: datetime | None = None
    hints: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Nothing of a request's number says what it holds."""
        return ""

    @property
    def sha256(self) -> str:
        """Return the hash of the rows."""
        return hashlib.sha256(json.dumps(self.lines, ensure_ascii=False).encode()).hexdigest()

    def tables(self) -> Iterator[SourceTable]:
        """Yield the one table."""
        yield SourceTable(None, lambda: ((number, list(cells)) for number, cells in enumerate(self.lines, start=1)))

    def refuse_changed(self) -> None:
        """A request does not change."""


def sent(node: Node, source: RequestSource, unit: str) -> SubmissionReceipt:
    with closing(Session(intake_config(node.settings), Options(item=ITEM))) as session:
        (receipt,) = session.push(source, ReportingBody(unit, "630102"))
    return receipt


def test_rows_of_a_request_are_recognised_sent_and_answered(node_with: Callable[..., Node]) -> None:
    node = node_with(topic("market"))
    unit = load_catalogue().item(ITEM).units[0]
    rows = [[f"样例企业{n}", make_uscc("630102", n), "2025-01-02", "样例局", "样例"] for n in range(3)]
    source = RequestSource("请求 20250103-7", [TITLES, *rows, [*rows[0][:2], "2025-02-30", "样例局", "样例"]])
    receipt = sent(node, source, unit)
    assert (receipt.counts.accepted, receipt.counts.rejected, receipt.recognised) == (3, 1, False)
    events = node.values(topic("market"))
    assert {(e["channel"], e["unit"], e["region"]) for e in events} == {("HTTP", unit, "630102")}
    assert {v["channel"] for v in node.values(SUBMISSION)} == {"HTTP"}
    # The same request again, by another number, is the same submission.
    again = sent(node, RequestSource("请求 20250103-8", source.lines), unit)
    assert again.recognised
    assert again.reasons == receipt.reasons
    assert len(node.values(topic("market"))) == 3
