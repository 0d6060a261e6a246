"""The business date is published to every partition, once, and never from a clock that is far ahead."""

from contextlib import closing
from datetime import date, timedelta

import pytest

from bus import clients, topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.business_date import MOST_AHEAD, business_date_of, publish_business_date
from bus.reading.scan import scan
from catalogue.errors import UsageError
from catalogue.load import load_catalogue
from tests.services import Services

DAY = date(2026, 6, 30)


def test_a_clock_that_is_wrong_by_years_is_not_told(stack: Services, topic_prefix: str) -> None:
    config = stack.bus(topic_prefix, partitions=2)
    topics.ensure_topics(
        config, [spec for spec in topics.topic_specs(load_catalogue()) if spec.name == topics.CALENDAR]
    )
    publish_business_date(config, DAY, most_ahead=MOST_AHEAD)
    publish_business_date(config, DAY + timedelta(days=31), most_ahead=MOST_AHEAD)
    far = DAY + timedelta(days=3653)
    with pytest.raises(UsageError, match="last told 2026-07-31") as caught:
        publish_business_date(config, far, most_ahead=MOST_AHEAD)
    assert f"CREDITHUB_ACCEPT_DATE={far}" in caught.value.remedy
    publish_business_date(config, far, most_ahead=MOST_AHEAD, accepted=far)
    with closing(Registry(config)) as registry:
        dates = [business_date_of(Decoder(registry), message.value()) for message in scan(config, topics.CALENDAR)]
    assert sorted(filter(None, dates)) == sorted([DAY, DAY + timedelta(days=31), far] * 2)


def test_topics_written_with_another_registry_are_told_apart(stack: Services, topic_prefix: str) -> None:
    config = stack.bus(topic_prefix)
    topics.ensure_topics(
        config, [spec for spec in topics.topic_specs(load_catalogue()) if spec.name == topics.CALENDAR]
    )
    producer = clients.producer(config)
    producer.produce(config.topic(topics.CALENDAR), b"\x00" + (2**31 - 1).to_bytes(4, "big") + b"..")
    assert producer.flush(30) == 0
    with pytest.raises(UsageError, match="written with another registry") as caught:
        publish_business_date(config, date(2026, 6, 30))
    assert "CREDITHUB_REGISTRY_URL" in caught.value.remedy
