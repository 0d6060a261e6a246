"""The chain of steps and the banks' topics, window by window, against the real processor."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.output import Headers
from processing.store import Store
from proofs.continuous.moment import ProvenMoment
from proofs.continuous.steps import StepsWindow, bank_windows
from proofs.reconcile.decoding import PlainDecoder
from tests.builders.signed_consents import START
from tests.unit.laws.test_release import LABELS, PENALTY, SUBJECTS
from tests.unit.sinks.banks.releasing import Partition, definition

BANKS = ("qinghe", "yinhe")


Headed = tuple[bytes, Headers]


def headed(partition: Partition) -> dict[str, list[Headed]]:
    """Return the messages of each bank with their headers."""
    return {bank: list(zip(partition.raw[bank], partition.headers[bank], strict=True)) for bank in BANKS}


@pytest.fixture(scope="module")
def partition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Partition]:
    """Yield a partition in which two banks were told of six changes, each a step."""
    with closing(Store(tmp_path_factory.mktemp("steps") / "store")) as store:
        made = Partition(store, LABELS, START)
        for bank in BANKS:
            made.recipient(definition(bank))
        before = None
        for number in range(6):
            after = {"fine_amount": Decimal(number)}
            made.change(SUBJECTS[number % 2], [(PENALTY, f"p{number}", before, after)])
            made.work()
        yield made


def step_ends(partition: Partition) -> list[int]:
    """Return behind which messages of ``release.v1`` a step ends."""
    names = [partition.decode.name(raw) for raw in partition.release]
    return [at + 1 for at, name in enumerate(names) if name.endswith(".ReleaseStep")]


def told_to(partition: Partition, bank: str, end: int) -> int:
    """Return how many messages the first ``end`` ones of ``release.v1`` say that a bank was told."""
    values = [partition.decode(raw) for raw in partition.release[:end]]
    return sum(one["recipient"] == bank for value in values for one in value.get("messages", ()))


def looked(
    partition: Partition, release: list[bytes], banks: Mapping[str, list[Headed]], windows: Iterable[tuple[int, int]]
) -> list[str]:
    """Look window by window, each up to so many messages of the release and of each bank; return the arrows told."""
    moment, start, behind = ProvenMoment([f"bank.{bank}" for bank in BANKS]), 0, 0
    for end, to in windows:
        # Each pass reads what is kept of the moment.
        kept = ProvenMoment([f"bank.{bank}" for bank in BANKS])
        kept.chains, kept.balances, kept._subjects = moment.chains, moment.balances, moment._subjects
        kept.differences, moment = moment.differences, kept
        own = bank_windows(moment, BANKS, PlainDecoder(partition.registry))
        steps = StepsWindow(moment, partition.registry, own)
        for offset in range(start, end):
            steps.take(0, offset, release[offset])
        for bank in BANKS:
            for raw, headers in banks[bank][behind:to]:
                own[bank].take_message(raw, headers, bank)
        steps.settle()
        for window in own.values():
            window.settle()
        start, behind = end, max(behind, to)
    return sorted({one.arrow for one in moment.differences.values()})


@given(st.data())
def test_whole_steps_in_whatever_windows_are_no_difference(partition: Partition, data: st.DataObject) -> None:
    ends = step_ends(partition)
    cuts = sorted(data.draw(st.sets(st.sampled_from(ends))) | {ends[-1]})
    told = {bank: [told_to(partition, bank, end) for end in cuts] for bank in BANKS}
    assert told[BANKS[0]] == told[BANKS[1]]
    # What a bank has is read behind the steps: it is at least what they say, and at most what the next pass finds said.
    counts = [*told[BANKS[0]], told[BANKS[0]][-1]]
    windows = [(end, data.draw(st.integers(*counts[at : at + 2]))) for at, end in enumerate(cuts)]
    assert looked(partition, partition.release, headed(partition), windows) == []


@pytest.mark.parametrize("at", [0, 3, -1])
def test_a_message_of_a_bank_that_is_lost_double_or_altered(partition: Partition, at: int) -> None:
    own, end = headed(partition)["yinhe"], len(partition.release)
    at %= len(own)
    raw, headers = own[at]
    # One digit of the enterprise's code, behind the head of the message and the length.
    altered = raw[:10] + bytes([raw[10] ^ 1]) + raw[11:], headers
    otherwise = raw, [(name, b"9" if name == "op" else word) for name, word in headers]
    for other in (
        [*own[:at], *own[at + 1 :]],
        [*own[:at], own[at], *own[at:]],
        [*own[:at], altered, *own[at + 1 :]],
        [*own[:at], otherwise, *own[at + 1 :]],
        [*own[:at], (raw, headers[1:]), *own[at + 1 :]],
    ):
        told = {**headed(partition), "yinhe": other}
        windows = [(end, len(own) + 1)] * 2
        assert looked(partition, partition.release, told, windows) == ["bank.yinhe"]


def test_an_entry_or_a_step_that_is_lost_double_or_altered(partition: Partition) -> None:
    messages = partition.release
    for at, raw in enumerate(messages):
        for other in (
            [*messages[:at], *messages[at + 1 :]],
            [*messages[:at], raw, *messages[at:]],
            [*messages[:at], raw[:-1] + bytes([raw[-1] ^ 1]), *messages[at + 1 :]],
        ):
            whole = max(map(len, partition.raw.values()))
            # The last step without what it ends is missed by the bank, whose topic has it.
            assert looked(partition, other, headed(partition), [(len(other), whole), (len(other), whole)]), at
