"""What the producer of a partition says when somebody else took the partition over."""

import time
from contextlib import closing

import pytest
from confluent_kafka import KafkaError, KafkaException

from processing.output import Output
from processing.transaction import PartitionProducer
from tests.integration.processing.conftest import Bench


@pytest.mark.parametrize("notices", ["in the commit", "before it"])
def test_a_former_owner_says_that_it_is_fenced(bench: Bench, notices: str) -> None:
    def some() -> Output:
        output = Output()
        output.messages[bench.case.topic] += [(b"key", b"one"), (b"key", b"another")]
        return output

    with closing(PartitionProducer(bench.config, "fenced", 0)) as former:
        former.begin()
        former.send(some(), ())
        with closing(PartitionProducer(bench.config, "fenced", 0)):
            if notices == "before it":
                former.send(some(), ())
                time.sleep(1)
            with pytest.raises(KafkaException) as refused:
                former.commit()
            assert refused.value.args[0].fatal()
            assert refused.value.args[0].code() == KafkaError._FENCED
