"""`--wait` of reconcile and verify-state waits for brokers, too."""

from catalogue.errors import Unavailable
from proofs.reconcile.lag import wait_until_nothing_waits


class Waking:
    """Stands for a lag while leaders move: nobody answers at first, then something waits, then nothing."""

    def __init__(self, answers: list[dict[str, int] | None]) -> None:
        self.answers = answers

    def waiting(self) -> dict[str, int]:
        answer = self.answers.pop(0)
        if answer is None:
            raise Unavailable("Kafka does not answer.")
        return answer


def test_a_broker_that_is_away_is_waited_for_with_new_clients() -> None:
    said: list[str] = []
    looks = [Waking([None]), Waking([{"merge": 3, "postgres": 0}, {"merge": 0, "postgres": 0}])]
    assert wait_until_nothing_waits(lambda: looks.pop(0), 30, said.append)  # type: ignore[arg-type,return-value]
    assert said == ["waiting: Kafka does not answer.", "waiting for merge 3"]
    assert looks == []


def test_what_does_not_arrive_in_time_is_told() -> None:
    always = Waking([{"merge": 1}] * 100)
    assert not wait_until_nothing_waits(lambda: always, 0.5, lambda _: None)  # type: ignore[arg-type,return-value]
