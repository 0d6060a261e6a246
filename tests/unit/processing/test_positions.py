"""Positions add up what became of the messages before them."""

from processing.output import OUTCOMES, InputMessage, Output, no_outcomes
from processing.positions import Position


def test_a_position_counts_on_and_is_written_by_the_names_of_the_outcomes() -> None:
    first = Position().moved(10, {"merged": 7, "duplicate": 1, "superseded": 2, "rejected": 0})
    second = first.moved(12, {"merged": 0, "duplicate": 0, "superseded": 1, "rejected": 1})
    assert second.wire("catalogue.tax.v1", 3) == {
        "topic": "catalogue.tax.v1", "partition": 3, "next_offset": 12,
        "merged": 7, "duplicate": 1, "superseded": 3, "rejected": 1,
    }  # fmt: skip


def test_a_rejected_message_is_counted_and_kept_with_its_reason() -> None:
    output = Output(no_outcomes({"a": ()}))
    output.reject("a", InputMessage(5, b"raw"), "why")
    assert output.outcomes == {"a": dict.fromkeys(OUTCOMES, 0) | {"rejected": 1}}
    assert [(letter.topic, letter.message.offset, letter.problem) for letter in output.dead_letters] == [
        ("a", 5, "why")
    ]
