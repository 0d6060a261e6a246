"""Nil reports through the real bus and the merge."""

from collections.abc import Callable

import pytest

from bus import topics
from catalogue.avro import topic
from catalogue.errors import FileRefused
from tests.integration.producers.conftest import Node

TOPIC = topic("administration")


def test_a_nil_report_is_kept_of_the_unit_and_enters_no_state(node_with: Callable[..., Node]) -> None:
    node = node_with(TOPIC)
    options = {"item": "52", "unit": "ecology", "period": "2025-03"}
    with pytest.raises(FileRefused, match="没有数据行") as silent:
        node.push(node.file("行政许可_2025-03.csv", "52", []), **options)
    assert "--nil" in silent.value.remedy
    receipt = node.nil(**options)
    assert (receipt["rows"], receipt["accepted"], receipt["period"]) == (1, 1, "2025-03")
    assert node.nil(**options)["recognised"]
    assert node.merge(TOPIC) == {}
    (event,) = node.values(TOPIC)
    assert (event["op"], event["subject"], event["data"]) == ("NIL", "unit:ecology:630100", None)
    (record,) = node.values(topics.RECORD)
    assert (record["op"], record["record_key"], record["period"]) == ("NIL", "2025-03", "2025-03")
    assert node.values(topics.CHANGE) == []


def test_a_nil_report_names_item_and_period(node_with: Callable[..., Node]) -> None:
    node = node_with(TOPIC)
    with pytest.raises(FileRefused, match="哪一期"):
        node.nil(item="52", unit="ecology")
