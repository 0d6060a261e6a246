"""What a pattern finds in a message is what any reader reads of it."""

from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bus import topics
from bus.avro import writer
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import OfflineRegistry
from bus.config import BusConfig
from catalogue import wire
from catalogue.avro import Schema
from catalogue.errors import PoisonMessage
from processing.store import Store
from streams.merge.encoding import encode_values
from streams.merge.state import SubjectState
from streams.merge.update import ValuesUpdate
from streams.rating.values import Shapes, words
from streams.rating.values_reader import ToldValues, ValuesReader

SUBJECTS = st.sampled_from(["91630102MA0000001X", "92630102MA0000001X", "91elsewhere"])
NAMES = st.sampled_from(["a", "ab", "tax_paid_12m", "b" * 70])
NUMBERS = st.none() | st.integers(-3, 3) | st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(-(1 << 70), 1 << 70)
VALUES = st.dictionaries(NAMES, NUMBERS, max_size=4)
NOW = writer.timestamp(datetime(2026, 7, 1, tzinfo=UTC))


class Known(OfflineRegistry):
    """Knows the schema of today, as the merge registered it."""

    def schema(self, schema_id: int) -> Schema:
        if schema_id:
            raise PoisonMessage("The registry knows no such schema.")
        return wire.INDICATOR_VALUES


REGISTRY = Known(BusConfig("", ""))
ENCODER = Encoder(REGISTRY, topics.INDICATOR, wire.INDICATOR_VALUES)


class Counted:
    """Decodes, and counts how often it was asked to."""

    def __init__(self) -> None:
        self.count, self._decode = 0, Decoder(REGISTRY, unscaled=True)

    def __call__(self, raw: bytes) -> Mapping[str, Any]:
        self.count += 1
        return self._decode(raw)


def told(subject: str, group: str, values: Mapping[str, int | None]) -> bytes:
    state = SubjectState(sequence=7, as_of=date(2026, 7, 1))
    return ENCODER.wrap(encode_values(subject, ValuesUpdate(group, values), state, NOW))


def outcome(read: ValuesReader, raw: bytes) -> ToldValues | str:
    try:
        return read(raw)
    except PoisonMessage:
        return "it is set aside"


@given(
    messages=st.lists(st.tuples(SUBJECTS, st.sampled_from(["tax.payment", "cross"]), VALUES), max_size=6),
    harm=st.none() | st.tuples(st.integers(0, 5), st.integers(0, 300), st.integers(0, 255)),
)
@example(messages=[("91630102MA0000001X", "cross", {"a": 1, "ab": None})] * 3, harm=(2, 60, 3))
def test_what_a_pattern_finds_is_what_is_read(
    messages: list[tuple[str, str, dict[str, int | None]]],
    harm: tuple[int, int, int] | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    raws = [told(*one) for one in messages]
    if harm is not None and harm[0] < len(raws):
        # One byte is another, wherever it lies.
        number, at, byte = harm
        harmed = bytearray(raws[number])
        harmed[at % len(harmed)] = byte
        raws[number] = bytes(harmed)
    with closing(Store(tmp_path_factory.mktemp("shapes"))) as store:
        shapes, decode = Shapes(store), Counted()
        read = ValuesReader(decode, shapes, ENCODER.magic)
        for raw in raws:
            # One that has seen no message yet has no pattern.
            assert outcome(read, raw) == outcome(ValuesReader(decode, shapes, ENCODER.magic), raw)
            # Of what it has seen it has one.
            assert outcome(read, raw) == outcome(ValuesReader(decode, shapes, b"another schema"), raw)


def test_a_message_like_one_before_is_not_decoded(tmp_path: Any) -> None:
    with closing(Store(tmp_path / "store")) as store:
        shapes, decode = Shapes(store), Counted()
        read = ValuesReader(decode, shapes, ENCODER.magic)
        first = read(told("91630102MA0000001X", "cross", {"a": 1, "ab": None}))
        assert decode.count == 1
        other = read(told("92630102MA0000001X", "cross", {"a": None, "ab": -(10**15)}))
        assert decode.count == 1
        assert first == ("91630102MA0000001X", "cross", 0, words((1, None)))
        assert other == ("92630102MA0000001X", "cross", 0, words((None, -(10**15))))
        # Other names, another group, another length of the subject: the pattern fits none of them.
        others: list[tuple[str, str, dict[str, int | None]]] = [
            ("91630102MA0000001X", "cross", {"a": 1}),
            ("91630102MA0000001X", "tax.payment", {"a": 1}),
            ("91", "cross", {"a": 1, "ab": None}),
        ]
        for number, (subject, group, values) in enumerate(others, start=2):
            assert read(told(subject, group, values))[:2] == (subject, group)
            assert decode.count == number
