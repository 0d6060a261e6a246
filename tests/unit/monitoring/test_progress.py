"""Moving, waiting and standing still are told apart by a drawn clock."""

from monitoring.progress import STALLED_AFTER_S, Progress


def test_what_waits_and_does_not_move_is_a_problem_after_a_while() -> None:
    now = [100.0]
    progress = Progress(clock=lambda: now[0])
    assert progress.problem() == ""
    progress.measured({("a", 0): 5}, 0)
    now[0] += 1000
    progress.measured({("a", 0): 5}, 0)
    assert progress.stalled_s() == 0
    progress.measured({("a", 0): 5}, 3)
    now[0] += STALLED_AFTER_S
    progress.measured({("a", 0): 5}, 4)
    assert progress.problem() == ""
    now[0] += 1
    assert progress.problem() == "no progress for 31 s while 4 messages wait"
    progress.waits_for = "a lock"
    assert progress.problem() == "no progress for 31 s while 4 messages wait: a lock"
    progress.measured({("a", 0): 6}, 3)
    assert progress.problem() == ""
    assert progress.waits_for == ""


def test_what_nobody_can_measure_is_a_problem_after_a_while() -> None:
    now = [100.0]
    progress = Progress(clock=lambda: now[0])
    progress.unmeasured("Kafka does not answer.")
    assert progress.problem() == ""
    now[0] += STALLED_AFTER_S + 1
    progress.unmeasured("Kafka does not answer.")
    assert progress.problem() == "for 31 s nobody can say what waits: Kafka does not answer."
    progress.measured({}, 0)
    assert progress.problem() == ""
    # Whoever measures hangs, too.
    now[0] += 45
    assert progress.problem() == ""
    now[0] += 1
    assert progress.problem() == "for 46 s nobody can say what waits: no answer yet"
