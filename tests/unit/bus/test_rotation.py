"""Living clients are told the password that their file holds now."""

from pathlib import Path

from bus.access import login
from bus.grants import write_client_file
from bus.rotation import Followed
from tests.waiting import until


class Client:
    """A client that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def set_sasl_credentials(self, username: str, password: str, /) -> None:
        self.told.append((username, password))


class Closed(Client):
    """One that takes nothing any more, as librdkafka's consumer does."""

    def set_sasl_credentials(self, username: str, password: str, /) -> None:
        raise RuntimeError("Consumer closed")


def test_every_living_client_is_told_once(tmp_path: Path) -> None:
    file = tmp_path / "worker.json"
    write_client_file(file, login("worker", "one", "SCRAM-SHA-512"))
    followed = Followed(file, every_s=0.01)
    closed, living = Closed(), Client()
    followed.add(closed)
    followed.add(living)
    write_client_file(file, login("worker", "two", "SCRAM-SHA-512"))
    until(lambda: living.told == [("worker", "two")], "the client is told")
    # Half a file is nothing to log in with; the next whole one is.
    file.write_text("{", "utf-8")
    write_client_file(file, login("worker", "three", "SCRAM-SHA-512"))
    until(lambda: living.told == [("worker", "two"), ("worker", "three")], "and told again")
