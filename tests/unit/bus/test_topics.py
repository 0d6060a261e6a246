"""Every topic is there once, and is kept as the design says."""

from bus import topics
from bus.config import BusConfig
from bus.registration import placements
from bus.topics import bank_topic, topic_specs
from catalogue.load import load_catalogue
from rules.release.schemas import every_schema

CATALOGUE = load_catalogue()
BANKS = ("yinhe", "kunlun")
SPECS = {spec.name: spec for spec in topic_specs(CATALOGUE, BANKS)}


def test_every_topic_is_named_once() -> None:
    assert len(SPECS) == len(topic_specs(CATALOGUE, BANKS))
    assert sum(name.startswith("catalogue.") for name in SPECS) == 20
    assert {bank_topic(bank) for bank in BANKS} <= {*SPECS}


def test_what_cannot_be_computed_again_is_kept_for_ever() -> None:
    kept = {name for name, spec in SPECS.items() if spec.settings.get("retention.ms") == "-1"}
    assert {name for name in SPECS if name.startswith(("catalogue.", "national."))} < kept
    assert {
        topics.REJECTED,
        topics.CHANGE,
        topics.CALENDAR,
        topics.RATING_CHANGE,
        topics.LIST_CHANGE,
        topics.RATING_MODEL,
        topics.REVIEW,
    } < kept


def test_a_changelog_is_compacted() -> None:
    compacted = {name for name, spec in SPECS.items() if spec.settings.get("cleanup.policy") == "compact"}
    changelogs = {
        topics.RECORD,
        topics.PERSON_RECORD,
        topics.STATE,
        topics.INDICATOR,
        topics.POSITION,
        topics.RATING,
        topics.LIST,
        topics.RATING_POSITION,
        topics.RELEASE_SEQUENCE,
        topics.RELEASE_POSITION,
        topics.SUBMISSION,
    }
    assert compacted == changelogs | {
        topics.UNRESOLVED,
        topics.PROOF,
        topics.KEYS,
        topics.RELEASE_SNAPSHOT,
    }


def test_banks_get_a_compression_that_every_client_reads() -> None:
    for bank in BANKS:
        assert SPECS[bank_topic(bank)].settings == {"retention.ms": "2592000000", "compression.type": "gzip"}


def test_every_topic_has_a_record_type_and_every_record_type_a_topic() -> None:
    schemas = every_schema(CATALOGUE)
    found = placements(schemas, BANKS)
    assert {placement.topic for placement in found} == {*SPECS}
    assert {placement.path for placement in found} == {*schemas}


def test_the_prefix_is_put_on_and_taken_off() -> None:
    config = BusConfig("", "", topic_prefix="try.")
    assert config.topic(topics.STATE) == "try.credit.state.v1"
    assert config.name_of("try.credit.state.v1") == topics.STATE
