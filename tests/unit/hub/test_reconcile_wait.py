"""`reconcile --wait` waits for brokers, too."""

from catalogue.errors import Unavailable
from hub.commands.reconcile import _wait


class Waking:
    """Stands for a lag while leaders move: nobody answers at first, then something waits, then nothing."""

    def __init__(self) -> None:
        self.answers: list[dict[str, int] | None] = [None, {"merge": 3, "postgres": 0}, {"merge": 0, "postgres": 0}]

    def waiting(self) -> dict[str, int]:
        answer = self.answers.pop(0)
        if answer is None:
            raise Unavailable("Kafka does not answer.")
        return answer


def test_a_broker_that_is_away_is_waited_for() -> None:
    said: list[str] = []
    lag = Waking()
    _wait(lag, 30, said.append)  # type: ignore[arg-type]
    assert said == ["waiting: Kafka does not answer.", "waiting for merge 3"]
    assert lag.answers == []
