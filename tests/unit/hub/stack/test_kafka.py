"""What Kafka's data folder holds is never formatted away."""

import pytest

from catalogue.errors import StackError
from hub.stack import kafka
from hub.stack.layout import HomeLayout


def test_topics_without_the_mark_of_their_formatting_are_not_deleted(layout: HomeLayout) -> None:
    node = kafka.BrokerNode(1, layout.kafka, 9092, 9093)
    segment = layout.kafka / "data" / "credit.change.v1-0" / "00000000000000000000.log"
    segment.parent.mkdir(parents=True)
    segment.write_bytes(b"kept")
    with pytest.raises(StackError, match=r"no meta\.properties"):
        kafka.prepare(layout, node)
    (layout.kafka / "data" / "meta.properties").write_text("version=1\ncluster.id=abc\n", "utf-8")
    kafka.prepare(layout, node)
    assert segment.read_bytes() == b"kept"
    assert (layout.kafka / "formatted").read_text("utf-8") == "abc"
