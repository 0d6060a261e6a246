"""The ratings of a small hub, by the commands that people type: shown, explained, counted, reviewed, appealed."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from bus import topics
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.business_date import today
from bus.crypto.cipher import Cipher
from bus.crypto.keys import load_key_file
from catalogue import wire
from catalogue.errors import HubError
from connectors.postgres import connection as postgres_connection
from connectors.postgres import rows
from hub.commands import queries, rating
from hub.demo.ratings import show_ratings
from hub.printing import terminal
from hub.settings import settings_environment
from hub.view import view_of
from queries.rating_view import RatingView
from queries.ratings import KeptRating
from rules.rating.grades import GRADES
from rules.rating.loading import load_models
from rules.rating.model import Basis
from rules.rating.schedule import Role
from rules.rating.scoring import is_rated
from rules.reference.cells import cells_of
from rules.reference.messages import value_of
from rules.reference.reference import Reference
from rules.size.industry import section_names
from sinks.postgres import sink as postgres
from sinks.postgres.observation import ratings
from streams.rating.recording import published_models
from tests import kafka
from tests.databases import execute
from tests.integration.proofs.small_hub import Hub, small_hub
from tests.rating import rate_all
from tests.running import Running
from tests.services import Services
from tests.waiting import until

SOON = (today() + timedelta(days=30)).isoformat()


@pytest.fixture(scope="module")
def hub(stack: Services, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    yield from small_hub(stack, tmp_path_factory.mktemp("ratings"))


def typed(hub: Hub, *arguments: str) -> Result:
    """Run a command."""
    app = Typer()
    app.callback()(lambda: None)
    rating.register(app)
    queries.register(app)
    return CliRunner().invoke(app, arguments, env=settings_environment(hub.settings))


def said(hub: Hub, *arguments: str, code: int = 0) -> Any:
    """Return what a command prints as JSON."""
    result = typed(hub, *arguments, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def view(hub: Hub) -> RatingView:
    return RatingView(view_of(hub.settings))


def kept(hub: Hub, which: Callable[[KeptRating], bool]) -> KeptRating:
    """Return a rating that counts and that is as it should be."""
    subjects = {value["subject"] for _, value in kafka.messages(hub.config, topics.RATING)}
    every = (view(hub).ratings(subject).ruling for subject in sorted(subjects) if registered(hub, subject))
    return next(one for one in every if one is not None and which(one))


def registered(hub: Hub, subject: str) -> bool:
    """Whether there is a registration of a subject."""
    found = asked(hub, f"select 1 from credit_state where subject = '{subject}' and counts ? 'market.registration'")
    return bool(found)


def asked(hub: Hub, query: str) -> list[tuple[Any, ...]]:
    """Return what the database says."""
    with postgres_connection(hub.settings.postgres.dsn or "") as connection:
        return rows(connection, query, ())


def caught_up(hub: Hub, subject: str, sequence: int) -> KeptRating:
    """Rate what came, let the sink write it, and return the rating."""
    rate_all(hub.config, Cipher(load_key_file(hub.settings.keys)), hub.folder / "ratings")
    running = Running(postgres.run, hub.config, hub.settings.postgres.dsn)

    def held() -> KeptRating:
        found = view(hub).ratings(subject).ruling
        assert found is not None
        return found

    try:
        until(lambda: held().sequence >= sequence)
    finally:
        running.stop()
    return held()


def test_a_rating_is_shown_with_its_reasons(hub: Hub) -> None:
    rated = kept(hub, lambda one: bool(one.lowered))
    found = said(hub, "rating", "show", rated.subject)
    # What is unknown has lost points, too.
    assert found["rating"]["missing"]
    assert found["rating"]["score"] < 1000 - sum(one["points"] for one in found["rating"]["lowered"])
    assert [one["model"] for one in found["shadows"]] == ["authorised_v1"]
    shown = typed(hub, "rating", "show", rated.subject).stdout
    for text in (f"信用评价：{rated.grade}，{rated.score} 分", "公共信用评价卡", rated.lowered[0].text, "试算"):
        assert text in shown


def test_a_rating_of_today_is_computed_as_it_was_published_and_of_any_day(hub: Hub) -> None:
    rated = kept(hub, lambda one: bool(one.lowered))
    found = said(hub, "rating", "show", rated.subject, "--as-of", today().isoformat())
    published = said(hub, "rating", "show", rated.subject)
    assert (found["computed"], found["rating"]["sequence"]) == (True, None)
    for name in ("hash", "score", "grade", "lowered", "raises", "missing"):
        assert found["rating"][name] == published["rating"][name]
    # Before the first model nobody was rated.
    before = said(hub, "rating", "show", rated.subject, "--as-of", "2025-12-31")
    assert (before["rating"], before["shadows"]) == (None, [])
    assert "由现有记录计算" in typed(hub, "rating", "show", rated.subject, "--as-of", SOON).stdout


def test_the_reference_of_the_month_is_made_once_by_hand_and_shown(hub: Hub) -> None:
    rated = kept(hub, lambda one: one.grade in GRADES)
    assert "分位：本模型尚无基准" in typed(hub, "rating", "show", rated.subject).stdout
    assert said(hub, "rating", "show", rated.subject)["rating"]["peers"]["reference"] is None
    assert "还没有基准" in typed(hub, "rating", "reference").stdout
    made = said(hub, "rating", "reference", "make")
    # Of the other model nobody has a grade.
    assert [(one["model"], one["cells"]) for one in made] == [("public_v1", [])]
    assert made[0]["rated"] > 0
    assert said(hub, "rating", "reference", "make") == []
    assert "没有缺少的" in typed(hub, "rating", "reference", "make").stdout
    assert said(hub, "rating", "reference") == made
    assert "没有可比的同类" in typed(hub, "rating", "reference").stdout
    assert "分位：基准内不足 30 户" in typed(hub, "rating", "show", rated.subject).stdout


def test_a_percentile_is_looked_up_in_the_reference_in_force(hub: Hub) -> None:
    rated = kept(hub, lambda one: one.grade in GRADES)
    sector = said(hub, "rating", "show", rated.subject)["rating"]["peers"]["sector"]
    # As a city of sixty would have it from tomorrow on: a fifth of them has more points.
    spread = Counter(dict.fromkeys(range(rated.score - 48, rated.score + 12), 1))
    tomorrow = today() + timedelta(days=1)
    reference = Reference(
        rated.model, rated.model_hash, Basis.PUBLIC, tomorrow, today(), "aa", 60,
        cells_of({(sector, "未划型"): spread}), {},
    )  # fmt: skip
    with closing(Registry(hub.config)) as registry:
        encode = Encoder(registry, topics.REFERENCE, wire.RATING_REFERENCE)
        message = encode(value_of(reference, datetime.now(UTC)))
    kafka.send(hub.config, topics.REFERENCE, [("city", message)], partition=0)
    asked_for = ("rating", "show", rated.subject, "--as-of", tomorrow.isoformat())
    found = said(hub, *asked_for)["rating"]["peers"]
    assert (found["percentile"], found["reference"]) == (80, tomorrow.isoformat())
    assert found["cell"] == {"sector": sector, "size": "未划型", "enterprises": 60}
    text = f"分位：高于同行业同规模（{section_names()[sector]}·未划型）共 60 户中的 80%"
    assert text in typed(hub, *asked_for).stdout
    # Today it is not in force yet.
    now = said(hub, "rating", "show", rated.subject)["rating"]["peers"]
    assert (now["percentile"], now["reference"]) != (80, tomorrow.isoformat())


def test_an_explanation_reaches_file_and_row(hub: Hub) -> None:
    rated = kept(hub, lambda one: any(reason.indicator == "penalties_36m" for reason in one.lowered))
    found = said(hub, "explain", rated.subject, "rating")
    penalties = next(one for one in found["indicators"] if one["indicator"]["id"] == "penalties_36m")
    counting = [record for record in penalties["records"] if record["counts"]]
    assert len(counting) == int(penalties["value"]) > 0
    assert all(record["file"] and record["row"] for record in counting)
    assert counting[0]["file"] in typed(hub, "explain", rated.subject, "信用评价").stdout


def test_every_registered_enterprise_is_rated_or_it_is_said_why_not(hub: Hub) -> None:
    found = said(hub, "rating", "coverage")
    assert found["difference"] == 0
    assert found["registered"] == found["rated"] + sum(found["not_rated"].values()) >= 3
    assert "差额" in typed(hub, "rating", "coverage").stdout
    counted = ratings(hub.settings.postgres.dsn or "")
    assert sum(n for (model, _), n in counted.items() if model == "public_v1") >= found["rated"]
    dsn = hub.settings.postgres.dsn or ""
    rated = (row[0] for row in asked(hub, "select subject from credit_rating where rules order by subject"))
    lost = next(subject for subject in rated if is_rated(subject) and registered(hub, subject))
    execute(dsn, f"create table kept as select * from credit_rating where subject = '{lost}'")
    execute(dsn, f"delete from credit_rating where subject = '{lost}'")
    try:
        assert said(hub, "rating", "coverage", code=1)["difference"] == 1
    finally:
        execute(dsn, "insert into credit_rating select * from kept", "drop table kept")


def test_the_demonstration_shows_the_spread_and_one_explained_rating(
    hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[str] = []
    assert show_ratings(view_of(hub.settings), terminal(), lambda: made.append("reference"))
    assert made == ["reference"]
    shown = capsys.readouterr().out
    assert "已评价" in shown
    assert "信用评价：" in shown


def test_models_are_listed_and_published_by_two_persons(hub: Hub) -> None:
    assert [(one["model"], one["runs_as"]) for one in said(hub, "rating", "models")] == [
        ("public_v1", "RULES"), ("authorised_v1", "SHADOW"),
    ]  # fmt: skip
    assert "公共" not in typed(hub, "rating", "models").stdout
    start = ("rating", "publish", "public_v1", "--from")
    for arguments in (
        (*start, SOON, "--approved-by", "甲"),
        (*start, SOON, "--approved-by", "甲", "--approved-by", "甲"),
        (*start, "2026-01-01", "--approved-by", "甲", "--approved-by", "乙"),
        ("rating", "publish", "nobody", "--from", SOON, "--approved-by", "甲", "--approved-by", "乙"),
    ):
        assert isinstance(typed(hub, *arguments).exception, HubError), arguments
    assert typed(hub, *start, SOON, "--approved-by", "甲", "--approved-by", "乙").exit_code == 0
    with closing(Registry(hub.config)) as registry:
        newest = max(published_models(hub.config, registry).items())[1]
    assert (newest.number, newest.role, newest.approved_by) == (3, Role.RULING, ("甲", "乙"))
    assert newest.content == load_models()["public_v1"].model.text()


def test_an_enterprise_appeals_and_a_person_answers(hub: Hub) -> None:
    before = kept(hub, lambda one: one.grade in ("良", "中", "差"))
    code = before.subject
    appealed = typed(hub, "rating", "appeal", code, "--reason", "处罚已撤销", "--by", "法定代表人")
    assert "第 1 号申诉" in appealed.stdout
    held = caught_up(hub, code, before.sequence + 1)
    assert (held.appeal, held.grade) == (1, before.grade)
    assert [one["subject"] for one in said(hub, "rating", "waiting")] == [code]
    assert "答复第 1 号申诉" in typed(hub, "rating", "waiting").stdout
    decided = ("rating", "review", code, "--grade", "优", "--until", SOON, "--reason", "查实已撤销", "--by", "审核员")
    assert "第 2 号复核" in typed(hub, *decided).stdout
    held = caught_up(hub, code, before.sequence + 2)
    assert (held.appeal, held.grade, held.proposed, held.review) == (0, "优", before.grade, 2)
    shown = typed(hub, "rating", "show", code).stdout
    for text in ("申诉 1", "复核 2", "等级由第 2 号复核决定", "查实已撤销"):
        assert text in shown
    assert said(hub, "rating", "waiting") == []


@pytest.mark.parametrize(
    "changes",
    [{"--grade": "A"}, {"--until": "2020-01-01"}, {"--reason": " "}, {"--by": ""}],
    ids=["grade", "end", "reason", "name"],
)
def test_a_decision_that_says_nothing_is_refused(hub: Hub, changes: dict[str, str]) -> None:
    rated = kept(hub, lambda one: True)
    options = {"--grade": "良", "--until": SOON, "--reason": "理由", "--by": "审核员"} | changes
    answer = typed(hub, "rating", "review", rated.subject, *(part for pair in options.items() for part in pair))
    assert isinstance(answer.exception, HubError)
