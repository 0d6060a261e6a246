"""What the proof without end takes of the merge's inputs, as the merge does. Nothing is read from Kafka."""

from functools import partial
from types import SimpleNamespace
from typing import Any

from bus.partitions import partition_of
from bus.reading.offsets import TopicPartition
from catalogue.load import load_catalogue
from proofs.continuous.moment import ProvenMoment
from proofs.continuous.taking import PassWindow
from proofs.reconcile.findings import MERGE
from proofs.reconcile.proof import ProofScope
from tests.builders.events import event_value

SOURCE = TopicPartition("catalogue.administration.v1", 0)


def test_an_event_in_another_partition_than_its_subject_s_is_one_that_the_merge_sets_aside() -> None:
    subjects = [f"9163010200000{number:05d}" for number in range(20)]
    own = {subject for subject in subjects if partition_of(subject, 2) == SOURCE.partition}
    plain: Any = SimpleNamespace(envelope=lambda raw: event_value(subject=raw.decode(), source_time=0, as_of=0))
    nobody: Any = SimpleNamespace(payload=None)
    scope = ProofScope.of_the_merge(load_catalogue())
    window = PassWindow(ProvenMoment([]), scope, 2, plain, nobody, (), nobody, None)
    for offset, subject in enumerate(subjects):
        message: Any = SimpleNamespace(
            offset=partial(int, offset), value=partial(str.encode, subject), timestamp=lambda: (1, 0)
        )
        window.take(SOURCE, message, [MERGE])
    taken = {key.split(b"\x00")[0].decode() for key in window._merged.events}
    assert taken == own
