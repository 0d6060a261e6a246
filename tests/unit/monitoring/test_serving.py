"""What Prometheus is told of a process that is not ready."""

import pytest

from monitoring.serving import steady


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("no progress for 31 s while 12 messages wait: a lock", "no progress for … s while … messages wait: a lock"),
        (
            "holding: PostgreSQL at 127.0.0.1:5432 does not answer",
            "holding: PostgreSQL at 127.0.0.1:5432 does not answer",
        ),
        ("partition 3: fill; 2 of 8 to recover", "partition 3: fill; … of 8 to recover"),
    ],
)
def test_a_reason_is_one_series_while_it_lasts(reason: str, kept: str) -> None:
    assert steady(reason) == kept
