"""``state``, ``explain`` and ``watch`` of a small hub: its files went through the real push, merge and sinks."""

import json
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import typer
from typer.testing import CliRunner

from bus import clients, topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.business_date import publish_business_date, today
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.keys import create_key_file, load_key_file
from bus.partitions import partition_of
from bus.reading.scan import scan
from bus.reading.topic_reader import TopicReader
from bus.users import ADMIN
from catalogue.avro import topic as catalogue_topic
from catalogue.errors import UsageError
from catalogue.load import load_catalogue
from connectors.files.source import FileSource
from connectors.notes import NoteKind
from hub.commands import not_taken, queries
from hub.intake import intake_config
from hub.processes import CREDITHUB, DATABASE_ADDRESSES, child_environment
from hub.settings import Settings, bus_config, exact_settings, settings_environment
from hub.view import view_of
from processing.output import InputMessage
from producers.submissions.options import Options
from producers.submissions.session import Session
from queries.arrow_sources import ArrowNames, arrow_sources
from queries.flow import FlowWatch
from queries.last_told import LastTolds
from rules.release.labels import current_labels
from simulation.people import make_uscc
from sinks.postgres import sink as postgres
from sinks.postgres.schema import migrate
from sinks.postgres.tables import TABLES
from tests import kafka
from tests.databases import execute
from tests.integration.sinks.banks.releasing import prepare, release
from tests.merging import merge_partition
from tests.rating import rate_all
from tests.running import Running
from tests.services import Services

CATALOGUE = load_catalogue()
INPUTS = (topics.CALENDAR, catalogue_topic("market"), catalogue_topic("administration"))
BANK = topics.bank_topic("yinhe")
CODE, OTHER = make_uscc("630102", 1), make_uscc("630102", 2)
NAME = "虚构青禾商贸有限公司"
MOBILE, SECOND_MOBILE = "13800000001", "13800000002"
WITHIN_S = 60.0

app = typer.Typer()
queries.register(app)
not_taken.register(app)


@dataclass(slots=True)
class Hub:
    """A hub of its own on the shared services; ``folder`` has its files."""

    settings: Settings
    folder: Path

    @property
    def config(self) -> BusConfig:
        """Return where its topics are."""
        return bus_config(self.settings, ADMIN)

    def push(self, name: str, item: str, rows: Sequence[Mapping[str, str]], **options: Any) -> None:
        """Push a file of these rows, by the Chinese names of the fields."""
        titles = [field.zh for field in CATALOGUE.item(item).fields]
        lines = [titles, *([row.get(title, "") for title in titles] for row in rows)]
        path = self.folder / name
        path.write_text("\n".join(",".join(line) for line in lines) + "\n", "utf-8")
        with closing(Session(intake_config(self.settings), Options(item=item, full=False, **options))) as session:
            (receipt,) = session.push(FileSource(path))
        assert receipt.counts.accepted == len(rows), receipt

    def merge(self) -> None:
        """Merge what came since the last time, with the real engine."""
        cipher = Cipher(load_key_file(self.settings.keys))
        with closing(Registry(self.config)) as registry:
            for number in range(self.config.partitions):
                own = self.folder / "streams" / str(number)
                with closing(merge_partition(self.config, registry, cipher, own, number)) as merging:
                    for name in INPUTS:
                        start = merging.next_offsets().get(name, 0)
                        seen = scan(self.config, name, partitions=[number], start=start)
                        news = [InputMessage(m.offset() or 0, m.value() or b"") for m in seen]
                        if news:
                            merging.process({name: news})

    def release(self) -> None:
        """Tell the bank what came since the last time."""
        release(self.config, self.folder / "release", current_labels())

    def rate(self) -> None:
        """Rate what the merge told since the last time."""
        rate_all(self.config, Cipher(load_key_file(self.settings.keys)), self.folder / "ratings")

    def delivered(self) -> bool:
        """Whether PostgreSQL has every state."""
        with closing(Registry(self.config)) as registry:
            decode = Decoder(registry)
            states = [decode(m.value() or b"") for m in scan(self.config, topics.STATE)]
        with closing(psycopg2.connect(self.settings.postgres.dsn)) as connection, connection.cursor() as cursor:
            cursor.execute("select subject, sequence from credit_state")
            held = dict(cursor.fetchall())
            cursor.execute(
                "select count(*) from credit_record r left join submission s using (submission_id) where s is null"
            )
            orphans = cursor.fetchone()
        wanted = {state["subject"]: state["sequence"] for state in states}
        return held == wanted and orphans == (0,)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command of the hub as an operator does."""
        return subprocess.Popen(
            (*CREDITHUB, *arguments), cwd=tempfile.gettempdir(),
            env=child_environment(self.settings, DATABASE_ADDRESSES),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_as_on_a_terminal,
        )  # fmt: skip

    def run(self, *arguments: str) -> str:
        """Return what a command prints; it has to succeed."""
        result = CliRunner().invoke(app, arguments, env=settings_environment(self.settings))
        assert result.exit_code == 0, result.exception
        return result.stdout

    def refused(self, *arguments: str) -> str:
        """Return what a command says that was used in a way that cannot work."""
        result = CliRunner().invoke(app, arguments, env=settings_environment(self.settings))
        assert isinstance(result.exception, UsageError), result.exception
        assert result.stdout == ""
        return str(result.exception)

    def json(self, *arguments: str) -> dict[str, Any]:
        """Return what a command says with --json."""
        found: dict[str, Any] = json.loads(self.run(*arguments, "--json"))
        return found


def _as_on_a_terminal() -> None:
    # A suite that was started in the background ignores Ctrl-C, and its children would, too.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < deadline, "not delivered in time"
        time.sleep(0.3)


def person(address: str, mobile: str, code: str = CODE) -> dict[str, str]:
    """Return a row of item 3."""
    return {
        "企业名称": NAME,
        "统一社会信用代码": code,
        "法定代表人姓名": "样例甲",
        "法人移动电话": mobile,
        "住所": address,
    }


def penalty(number: str, days_ago: int, fine: str) -> dict[str, str]:
    """Return a row of item 53."""
    return {
        "行政相对人名称": NAME,
        "统一社会信用代码": CODE,
        "行政处罚决定文书号": f"样罚〔{number}〕号",
        "行政机关名称": "样例市场监督管理局",
        "罚款金额": fine,
        "行政处罚决定日期": (today() - timedelta(days=days_ago)).isoformat(),
        # Long after every period of the law.
        "公示截止期": (today() + timedelta(days=3000)).isoformat(),
    }


def fill(hub: Hub) -> None:
    """Push what was first reported, merge it, then what came later, with a correction and its repetition."""
    publish_business_date(hub.config, today())
    hub.push("法人一.csv", "3", [person("东川路1号", MOBILE)], data_date="2025-05-01")
    penalties = [penalty("1", 30, "100"), penalty("2", 500, "200.5"), penalty("3", 1500, "400")]
    penalties[1]["行政机关统一社会信用代码"] = "看不懂"
    hub.push("处罚.csv", "53", penalties, unit="functional_departments")
    hub.merge()
    hub.push("法人二.csv", "3", [person("东川路2号", MOBILE)], data_date="2025-06-01")
    hub.push("法人三.csv", "3", [person("东川路3号", SECOND_MOBILE)], data_date="2025-06-01", correct=True)
    hub.push("法人三.csv", "3", [person("东川路3号", SECOND_MOBILE)], data_date="2025-06-01", correct=True, force=True)
    hub.merge()


@pytest.fixture(scope="module")
def hub(stack: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Return a hub in which everything was delivered, and whose sink of PostgreSQL goes on."""
    folder = tmp_path_factory.mktemp("look")
    name = f"look{uuid.uuid4().hex[:8]}"
    execute(stack.postgres_dsn, f'create database "{name}"')
    settings = exact_settings(
        home=folder, kafka_bootstrap=stack.bootstrap, kafka_access=stack.client_file,
            registry_url=stack.registry_url, upstream_url="unused",
        postgres_dsn=f"{stack.postgres_dsn.rpartition('/')[0]}/{name}", topic_prefix=f"{name}.", partitions=2,
    )  # fmt: skip
    made, running = Hub(settings, folder), list[Running]()
    try:
        create_key_file(settings.keys)
        topics.ensure_topics(made.config, topics.topic_specs(CATALOGUE, ["yinhe"]))
        migrate(settings.postgres.dsn or "")
        prepare(made.config, current_labels())
        running.append(Running(postgres.run, made.config, settings.postgres.dsn))
        fill(made)
        until(made.delivered)
        made.release()
        yield made
    finally:
        for sink_run in running:
            sink_run.stop()
        kafka.delete_topics(made.config)
        execute(stack.postgres_dsn, f'drop database "{name}" with (force)')


def test_a_state_is_shown(hub: Hub) -> None:
    found = hub.json("state", CODE)
    assert (found["subject"], found["subject_name"], found["source"]) == (CODE, NAME, "postgresql")
    assert (found["as_of"], found["sequence"]) == (today().isoformat(), 3)
    items = {item["id"]: item for category in found["categories"] for item in category["items"]}
    assert {name: item["records"] for name, item in items.items()} == {
        "market.legal_person": 1, "administration.penalty": 3,
    }  # fmt: skip
    assert items["market.legal_person"]["newest"].startswith("2025-06-01")
    values = {one["name"]: one["value"] for one in found["indicators"]}
    assert (values["近12个月行政处罚次数"], values["近36个月罚款金额"]) == ("1", "300.5")
    shown = hub.run("state", CODE)
    for said in (NAME, today().isoformat(), "企业法人信息", "企业基础信息", "近36个月罚款金额", "300.5 元"):
        assert said in shown
    # What nothing is known of is counted, and not listed.
    unknown = [one["name"] for one in found["indicators"] if one["value"] is None]
    assert f"{len(unknown)} more are not known" in shown
    assert not any(f" {name} " in shown for name in unknown)
    assert MOBILE not in shown


@pytest.mark.parametrize(
    ("days", "records", "penalties", "fines"),
    [
        (0, 3, "1", "300.5"),
        (-100, 2, "0", "200.5"),
        (-450, 2, "1", "600.5"),
        (400, 3, "0", "300.5"),
        (-2000, 0, "0", None),
    ],
)
def test_a_state_of_any_day_is_computed(hub: Hub, days: int, records: int, penalties: str, fines: str | None) -> None:
    day = (today() + timedelta(days=days)).isoformat()
    found = hub.json("state", CODE, "--as-of", day)
    assert (found["as_of"], found["computed"], found["sequence"]) == (day, True, None)
    items = {item["id"]: item["records"] for category in found["categories"] for item in category["items"]}
    assert items.get("administration.penalty", 0) == records
    values = {one["id"]: one["value"] for one in found["indicators"]}
    assert (values["penalties_12m"], values["fines_36m"]) == (penalties, fines)
    assert f"as of {day}, computed from the records known now" in hub.run("state", CODE, "--as-of", day)


def test_a_code_is_normalised_and_checked(hub: Hub) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) for c in CODE.lower())
    assert hub.json("state", wide)["subject"] == CODE
    wrong = CODE[:-1] + ("0" if CODE[-1] != "0" else "1")
    assert "校验码" in hub.refused("state", wrong)
    assert "18位" in hub.refused("explain", CODE[:-1], "address")
    unknown = make_uscc("630102", 99)
    for arguments in (("state", unknown), ("explain", unknown, "3.address")):
        told = hub.refused(*arguments)
        assert unknown in told
        assert "credithub reconcile" in told


def test_a_correction_wins_over_what_was_reported_before(hub: Hub) -> None:
    found = hub.json("explain", CODE, "3.住所")
    assert found["field"]["path"] == "3.address"
    (record,) = found["records"]
    assert record["live"]
    told = [(v["standing"], v["value"], v["file"], v["row"], v["as_of"][:10]) for v in record["versions"]]
    received = today().isoformat()
    assert told == [
        ("winner", "东川路3号", "法人三.csv", 2, received),
        ("duplicate", "东川路3号", "法人三.csv", 2, received),
        ("earlier", "东川路2号", "法人二.csv", 2, "2025-06-01"),
        ("older", "东川路1号", "法人一.csv", 2, "2025-05-01"),
    ]
    winner, _, earlier, older = record["versions"]
    assert "correction" in winner["rule"]
    assert "earlier data time" in earlier["rule"]
    assert "earlier source time" in older["rule"]
    assert winner["unit_zh"] == "市市场监管局"
    shown = hub.run("explain", CODE, "market.legal_person.address")
    lines = [line for line in shown.splitlines() if "东川路" in line]
    assert [line.split("东川路")[1].split()[1] for line in lines] == ["winner", "duplicate", "earlier", "older"]
    assert "法人一.csv" in lines[3]


def test_a_field_that_nobody_could_read_is_not_shown_as_an_empty_one(hub: Hub) -> None:
    for records in (hub.json("state", CODE), hub.json("state", CODE, "--as-of", today().isoformat())):
        items = {item["id"]: item for category in records["categories"] for item in category["items"]}
        assert {name: item["partly_read"] for name, item in items.items()} == {
            "market.legal_person": 0, "administration.penalty": 1,
        }  # fmt: skip
    found = hub.json("explain", CODE, "53.authority_uscc")
    told = {v["row"]: (v["value"], v["unread"]) for record in found["records"] for v in record["versions"]}
    assert told == {2: (None, False), 3: (None, True), 4: (None, False)}
    assert hub.run("explain", CODE, "53.authority_uscc").count("filled, but not readable") == 1


def test_a_personal_field_stays_sealed(hub: Hub) -> None:
    found = hub.json("explain", CODE, "法人移动电话")
    assert found["sealed"]
    versions = found["records"][0]["versions"]
    assert {version["value"] for version in versions} == {"sealed"}
    # Whether it is another one can be told, by the keyed hashes.
    assert [version["same_as_winner"] for version in versions] == [None, True, False, False]
    everything = json.dumps(found) + hub.run("explain", CODE, "legal_rep_mobile")
    assert MOBILE not in everything
    assert SECOND_MOBILE not in everything


def test_a_name_of_several_fields_lists_them(hub: Hub) -> None:
    told = hub.refused("explain", CODE, "法定代表人姓名")
    assert "3.legal_rep_name" in told
    assert "53.legal_rep_name" in told
    assert "1.legal_rep_name" not in told.split()  # the subject has no record of it
    assert "近36个月罚款金额" in hub.refused("explain", CODE, "近36个月罚金金额")
    assert "about persons" in hub.refused("explain", CODE, "28.borrower_name")


def test_an_indicator_names_its_records(hub: Hub) -> None:
    found = hub.json("explain", CODE, "fines_36m")
    assert (found["value"], found["state_value"], found["agrees"]) == ("300.5", "300.5", True)
    assert (
        "sum(penalties, 36); penalties: item administration.penalty, by decision_date, value fine_amount"
        in found["indicator"]["definition"]
    )
    told = [(one["counts"], one["number"], one["file"], one["row"]) for one in found["records"]]
    assert told == [(True, "100", "处罚.csv", 2), (True, "200.5", "处罚.csv", 3), (False, "400", "处罚.csv", 4)]
    assert found["records"][2]["why"] == "no longer counts"
    assert found["records"][2]["counts_until"] < today().isoformat()
    shown = hub.run("explain", CODE, "近36个月罚款金额")
    assert "300.5 元" in shown
    assert "2 of 3 records" in shown
    assert shown.count("处罚.csv") == 2


def test_receipts_are_listed_the_newest_first(hub: Hub) -> None:
    view = view_of(hub.settings)
    found = view.receipts(item="market.legal_person")
    assert [one.file_name for one in found][-4:] == ["法人三.csv", "法人三.csv", "法人二.csv", "法人一.csv"]
    assert {(one.state, one.rows, one.accepted, one.rejected) for one in found} == {("COMPLETED", 1, 1, 0)}
    assert [one.submission_id for one in view.receipts(limit=1)] == [view.receipts()[0].submission_id]
    (fines,) = view.receipts(unit="functional_departments")
    assert Decimal(fines.control_totals["fine_amount"]) == Decimal("700.5")
    shown = json.loads(json.dumps(fines.as_json()))
    assert (shown["submission_id"], shown["rows"]) == (fines.submission_id, 3)
    assert view.receipts(unit="nobody") == []


def test_a_rejected_row_says_why(hub: Hub) -> None:
    path = hub.folder / "坏.csv"
    titles = [field.zh for field in CATALOGUE.item("53").fields]
    row = penalty("9", 10, "很多")
    path.write_text(f"{','.join(titles)}\n{','.join(row.get(title, '') for title in titles)}\n", "utf-8")
    options = Options(item="53", full=False, unit="functional_departments")
    with closing(Session(intake_config(hub.settings), options)) as session:
        (receipt,) = session.push(FileSource(path))
    view = view_of(hub.settings)
    until(lambda: bool(view.rejects(receipt.submission.id)))
    (rejected,) = view.rejects(receipt.submission.id)
    assert (rejected.row, rejected.item, rejected.file_name) == (2, "administration.penalty", "坏.csv")
    assert [(reason.field, reason.column) for reason in rejected.reasons] == [("fine_amount", "罚款金额")]
    assert rejected.reasons[0].code
    assert rejected.reasons[0].message
    shown = json.loads(json.dumps(rejected.as_json()))
    assert shown["reasons"][0]["code"] == rejected.reasons[0].code
    assert "sealed" not in shown
    assert view.rejects("no such submission") == []
    (group,) = json.loads(hub.run("rejected", "list", "--unit", "functional_departments", "--item", "53", "--json"))
    assert (group["rows"], group["submissions"], group["reason_rows"]) == (1, 1, 1)
    assert (group["column"], group["code"], group["newest_submission"]) == (
        "罚款金额", rejected.reasons[0].code, receipt.submission.id,
    )  # fmt: skip
    assert json.loads(hub.run("rejected", "list", "--since", "2999-01-01", "--json")) == []
    listed = hub.run("rejected", "list")
    for said in ("53 行政处罚", "罚款金额", "1 rows", receipt.submission.id):
        assert said in listed
    assert rejected.reasons[0].message in hub.run("rejected", "list", receipt.submission.id)
    whole = hub.run("rejected", "show", receipt.submission.id, "2")
    for said in ("坏.csv, row 2", rejected.reasons[0].remedy, "***", "样罚〔9〕号"):
        assert said in whole
    assert "很多" not in whole  # what its column does not understand may hold anything
    assert "rejected list" in hub.refused("rejected", "show", receipt.submission.id, "3")


def test_a_row_that_waits_says_for_what(hub: Hub) -> None:
    path = hub.folder / "待定.csv"
    row = penalty("8", 10, "5") | {"统一社会信用代码": ""}
    path.write_text(f"{','.join(row)}\n{','.join(row.values())}\n", "utf-8")
    options = Options(item="53", full=False, unit="functional_departments")
    with closing(Session(intake_config(hub.settings), options)) as session:
        (receipt,) = session.push(FileSource(path))
    assert receipt.counts.unresolved == 1
    until(lambda: bool(json.loads(hub.run("waiting", "list", "--json"))))
    (group,) = json.loads(hub.run("waiting", "list", "--json"))
    assert (group["item"], group["rows"], group["code"]) == ("administration.penalty", 1, "NO_CODE")
    assert group["message"] in hub.run("waiting", "list")
    shown = hub.run("waiting", "list", receipt.submission.id)
    assert "样罚〔8〕号" in shown
    (waiting,) = json.loads(hub.run("waiting", "list", receipt.submission.id, "--json"))
    assert (waiting["row"], waiting["reason"], "sealed" in waiting) == (2, "NO_CODE", False)


def test_a_bank_is_watched_from_the_beginning(hub: Hub) -> None:
    messages = sum(1 for _ in scan(hub.config, BANK))
    out = hub.run("watch", "bank.yinhe", "--from-beginning", "--json", "-n", str(messages))
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["sequence"] for event in events] == list(range(1, messages + 1))
    assert [event["op"] for event in events if event["sequence"] == 1] == ["SCOPE"]
    moved = [event for event in events if event["item"] == "market.legal_person"]
    assert [event["first"] for event in moved] == [True, False]
    assert moved[1]["changed"] == {"address": {"previous": "东川路1号", "current": "东川路3号"}}
    assert "legal_rep_mobile" in moved[1]["withheld"]
    (row,) = (event for event in events if event["op"] == "INDICATORS" and event["item"] == "administration.penalty")
    assert row["changed"]["penalties_12m"] == {"previous": None, "current": "1"}
    assert MOBILE not in out
    shown = hub.run("watch", "bank.yinhe", "--from-beginning", "-n", str(messages)).splitlines()
    assert len(shown) == messages
    assert any("3 企业法人信息: 住所 东川路1号 → 东川路3号" in line for line in shown)


def test_arrows_are_seen_from_outside(hub: Hub) -> None:
    with closing(Registry(hub.config)) as registry:
        decode, reader = Decoder(registry), TopicReader(hub.config)
        names = ArrowNames(
            "file>catalogue",
            "catalogue>record",
            "indicator>rating",
            "release",
            "postgres",
            {},
            {},
        )
        dsn = hub.settings.postgres.dsn or ""
        hub.rate()
        hub.release()
        sources = arrow_sources(hub.config, dsn, names, INPUTS, tuple(TABLES), decode)
        with closing(FlowWatch(hub.config, sources)) as watch:
            until(lambda: not any(arrow.pending for arrow in watch.look()))
            flows = {arrow.arrow: arrow for arrow in watch.look()}
            assert [arrow.problem for arrow in flows.values()] == [""] * 5
            assert {arrow.rate_per_s for arrow in flows.values()} == {0.0}
            assert all(arrow.delivered_at for arrow in flows.values())
            # What is pushed and not merged waits, the ends of transactions do not.
            hub.push("法人五.csv", "3", [person("东川路5号", MOBILE)], data_date="2025-01-01")
            flows = {arrow.arrow: arrow for arrow in watch.look()}
            assert (flows["catalogue>record"].pending > 0, flows["release"].pending) == (True, 0)
            assert flows["catalogue>record"].oldest_s is not None
            assert (flows["file>catalogue"].rate_per_s or 0) > 0
            hub.merge()
            hub.rate()
            hub.release()
            until(lambda: not any(arrow.pending for arrow in watch.look()))
        tolds = LastTolds(reader, decode)
        last = max(decode(m.value() or b"")["sequence"] for m in scan(hub.config, BANK))
        assert tolds.of("yinhe") == tolds.of("yinhe")
        assert (tolds.of("yinhe").subject, tolds.of("yinhe").sequence) == (CODE, last)


def test_what_comes_is_seen_as_it_comes(hub: Hub) -> None:
    process = hub.start("watch", "bank.yinhe", "--json", "-n", "2")
    assert process.stderr is not None
    assert "watching" in process.stderr.readline()
    hub.push("法人四.csv", "3", [person("东川路9号", MOBILE, OTHER)], data_date="2025-07-01")
    hub.merge()
    hub.release()
    out, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0
    scope, event = map(json.loads, out.splitlines())
    assert (scope["op"], scope["sequence"]) == ("SCOPE", 1)
    assert (event["subject"], event["sequence"], event["first"]) == (OTHER, 2, True)
    assert event["changed"]["address"]["current"] == "东川路9号"


def test_ctrl_c_ends_a_watch_well(hub: Hub) -> None:
    process = hub.start("watch", "bank.yinhe")
    assert process.stderr is not None
    assert "watching" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=WITHIN_S)
    assert (process.returncode, out, told) == (0, "", "")


def test_a_bank_that_is_none_or_has_no_topic(hub: Hub) -> None:
    # By the command itself: its exit code and its messages. The fixture made no topic for the second one.
    for arguments, code, says in (
        ("bank.nobody", 2, "bank.qinghe, bank.yinhe"),
        ("bank.qinghe", 1, "credithub prepare"),
    ):
        process = hub.start("watch", arguments)
        out, told = process.communicate(timeout=WITHIN_S)
        assert (process.returncode, out) == (code, "")
        assert says in told
        assert "Traceback" not in told


def test_the_partition_of_a_subject_is_where_producers_put_it(hub: Hub) -> None:
    codes = [make_uscc("630103", number) for number in range(40)]
    topic = "partitions.v1"
    topics.ensure_topics(hub.config, [topics.TopicSpec(topic, {})])
    producer = clients.producer(hub.config)
    for code in codes:
        producer.produce(hub.config.topic(topic), b"", code.encode())
    assert producer.flush(30) == 0
    placed = {(m.key() or b"").decode(): m.partition() for m in scan(hub.config, topic)}
    assert placed == {code: partition_of(code, hub.config.partitions) for code in codes}


def test_a_withdrawal_by_flag_is_called_one(hub: Hub) -> None:
    row = penalty("1", 30, "100") | {"增删改标志": "删"}
    path = hub.folder / "删.csv"
    path.write_text(f"{','.join(row)}\n{','.join(row.values())}\n", "utf-8")
    options = Options(item="53", full=False, unit="functional_departments")
    with closing(Session(intake_config(hub.settings), options)) as session:
        (receipt,) = session.push(FileSource(path))
    assert receipt.counts.accepted == 1
    hub.merge()

    def gone() -> list[dict[str, Any]]:
        records = hub.json("explain", CODE, "53.fine_amount")["records"]
        return [record for record in records if not record["live"]]

    until(lambda: bool(gone()))
    (record,) = gone()
    assert record["note"] == record["versions"][0]["withdrawn_by"] == "withdrawn by the reporter's flag (删)"
    shown = hub.run("explain", CODE, "53.fine_amount")
    assert shown.count("withdrawn by the reporter's flag (删)") == 1
    assert record["record_key"] in shown


def test_a_penalty_whose_publication_has_ended_says_so_and_counts_in_nothing(hub: Hub) -> None:
    code, yesterday, decided = make_uscc("630102", 8), today() - timedelta(days=1), today() - timedelta(days=40)
    own = {"统一社会信用代码": code, "行政处罚决定日期": decided.isoformat()}
    lapsed = penalty("71", 40, "70") | own | {"公示截止期": yesterday.isoformat()}
    repaired = penalty("72", 40, "71") | own | {"信用修复日期": yesterday.isoformat()}
    hub.push("公示期满.csv", "53", [lapsed, repaired, penalty("73", 40, "72") | own], unit="functional_departments")
    hub.merge()
    until(hub.delivered)
    notes = {one["versions"][0]["value"]: one["note"] for one in hub.json("explain", code, "53.fine_amount")["records"]}
    assert notes == {
        "70": f"its publication ended before {today()}, by its own data",
        "71": f"repaired (信用修复) on {yesterday}",
        "72": "",
    }
    state = hub.json("state", code)
    assert [item["records"] for group in state["categories"] for item in group["items"]] == [1]
    assert {one["id"]: one["value"] for one in state["indicators"]}["fines_36m"] == "72"
    on = hub.json("state", code, "--as-of", (yesterday - timedelta(days=1)).isoformat())
    assert [item["records"] for group in on["categories"] for item in group["items"]] == [3]
    # No bank ever hears of what was over before it came.
    hub.release()
    with closing(Registry(hub.config)) as registry:
        values = [Decoder(registry)(message.value() or b"") for message in scan(hub.config, BANK)]
    fines = [one["data"]["fine_amount"] for one in values if one["subject"] == code and "record_key" in one]
    assert fines == [Decimal(72)]


def test_a_name_that_contradicts_the_registered_one_is_told_in_the_receipt(hub: Hub) -> None:
    code, name, former = make_uscc("630102", 7), "虚构登记在册有限公司", "虚构从前的名字有限公司"
    enterprise = {"企业名称": name, "统一社会信用代码": code}
    hub.push("登记.csv", "1", [enterprise | {"设立日期": "2020-01-02"}])
    change = {"变更事项": "名称变更", "变更前内容": former, "变更后内容": name, "变更日期": "2024-05-06"}
    hub.push("变更.csv", "4", [enterprise | change])
    hub.merge()
    until(hub.delivered)
    path = hub.folder / "名称.csv"
    called = [name, f" {name}", former, "完全不同的有限公司", NAME]
    codes = [code, code, code, code, make_uscc("630102", 8)]
    rows = [
        penalty(f"n{number}", 10, "5") | {"行政相对人名称": text, "统一社会信用代码": own}
        for number, (text, own) in enumerate(zip(called, codes, strict=True))
    ]
    path.write_text("\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)]) + "\n", "utf-8")
    options = Options(item="53", full=False, unit="functional_departments")
    with closing(Session(intake_config(hub.settings), options)) as session:
        (receipt,) = session.push(FileSource(path))
    assert receipt.counts.accepted == len(rows)
    (note,) = [note for note in receipt.notes if note.kind is NoteKind.NAME_CONTRADICTED]
    assert (note.column, note.rows, note.count) == ("行政相对人名称", (5,), 1)
    assert f"第5行的代码登记为“{name}”" in note.text
