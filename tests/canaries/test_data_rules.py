"""Topics, columns and files: what holds data is named, and nothing else may hold any."""

from dataclasses import replace
from pathlib import PurePath

from bus import topics
from bus.users import QUERIES, bank_user
from catalogue.load import load_catalogue
from tests.canaries.canary import Canary, CanaryKind, Phase, Secrecy
from tests.canaries.data_rules import NOTHING, Part, column_rule, file_rule, topic_kind, topic_rule
from tests.canaries.places import Kind
from tests.canaries.rights import RecipientFacts, Rule, World

TAX = Canary(CanaryKind.AMOUNT, "7.1", Secrecy.COMMERCIAL, "S", "tax.payment", "tax_amount", Phase.FIRST)
TEXT, PERSON = replace(TAX, kind=CanaryKind.TEXT), replace(TAX, secrecy=Secrecy.PERSONAL)
WORLD = World({"yinhe": RecipientFacts("yinhe", "bank", is_all=True)})


def _in(topic: str, canary: Canary, part: Part = Part.WHOLE, readers: tuple[str, ...] = (QUERIES,)) -> bool:
    return topic_rule(topic, part, readers, ["yinhe"]).allows(canary, WORLD)


def _allows(rule: Rule, canary: Canary) -> bool:
    return rule.allows(canary, WORLD)


def test_which_topics_hold_what_is_commercial() -> None:
    names = [spec.name for spec in topics.topic_specs(load_catalogue(), ["yinhe"])]
    assert {name for name in names if _in(name, TEXT)} == {"catalogue.tax.v1", topics.RECORD, topics.CHANGE}
    assert {name for name in names if _in(name, TAX)} == {
        "catalogue.tax.v1", topics.RECORD, topics.CHANGE, topics.INDICATOR, topics.SUBMISSION,
    }  # fmt: skip
    assert not any(_in(name, PERSON, part) for name in names for part in Part)


def test_keys_headers_and_envelopes_hold_nothing() -> None:
    for part in (Part.KEY, Part.HEADERS, Part.ENVELOPE):
        assert not _in(topics.CHANGE, TAX, part)
    assert _in(topics.CHANGE, TEXT, Part.PAYLOAD)
    assert _in(topics.CHANGE, TAX, Part.NUMBERS)
    assert not _in(topics.CHANGE, TEXT, Part.NUMBERS)


def test_a_topic_that_a_bank_may_read_holds_what_the_bank_may() -> None:
    assert not _in(topics.RECORD, TAX, Part.PAYLOAD, (QUERIES, bank_user("yinhe")))
    assert _in(topics.RECORD, replace(TAX, secrecy=Secrecy.PUBLISHED), Part.PAYLOAD, (QUERIES, bank_user("yinhe")))


def test_each_role_of_the_database_has_its_columns() -> None:
    assert _allows(column_rule("credithub_reader", "credit_record", "payload"), TEXT)
    assert not _allows(column_rule("credithub_reader", "credit_record", "record_key"), TEXT)
    assert not _allows(column_rule("credithub_reader", "credit_indicator", "indicators"), TEXT)
    assert not _allows(column_rule("credithub_owner", "person_record", "payload"), TEXT)
    assert _allows(column_rule("credithub_portal", "credit_record", "payload"), TEXT)
    assert column_rule("credithub_portal", "submission", "control_totals") is NOTHING
    assert column_rule("registry", "credit_record", "payload") is NOTHING
    assert column_rule("somebody", "credit_record", "payload") is NOTHING


def test_each_file_has_the_rule_of_its_folder() -> None:
    def allows(path: str, canary: Canary) -> bool:
        found = file_rule(PurePath(path))
        assert found is not None
        return _allows(found[1], canary)

    assert allows("kafka/data/credit.record.v1-0/00000000000000000000.log", TEXT)
    assert not allows("kafka/data/credit.record.v1-0/00000000000000000000.log", PERSON)
    for path in ("logs/worker-0.log", "run/status.json", "evidence/00ff", "receipts/a.json", "anything.new"):
        assert not allows(path, TEXT)
    assert not allows("upstream/store.sqlite3", TEXT)
    assert file_rule(PurePath("kafka/data/a-0/00000000000000000000.index")) is None
    assert file_rule(PurePath("cache/jars/kafka.jar")) is None


def test_each_topic_is_a_kind_of_place() -> None:
    assert topic_kind("bank.yinhe.v1") is Kind.BANK_TOPICS
    assert topic_kind("catalogue.tax.v1") is Kind.EVENTS
    assert topic_kind(topics.UPSTREAM_UP) is Kind.UPSTREAM
    assert topic_kind(topics.AUDIT) is Kind.OTHER_TOPICS
