"""A child's waiting times and ends."""

from hub.stack.child import backoff_s, describe_exit


def test_backoff_doubles_up_to_half_a_minute() -> None:
    assert [backoff_s(n) for n in (1, 2, 3, 7, 50)] == [0.5, 1.0, 2.0, 30.0, 30.0]


def test_exits_are_told_in_words() -> None:
    assert describe_exit(0) == "exit 0"
    assert describe_exit(-9) == "SIGKILL"
