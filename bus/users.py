"""The names of the hub's users at Kafka, without prefix; what each may is in `bus.principals`."""

from pathlib import Path

ADMIN = "admin"
PREPARE, PUSH, WORKER, CLOCK = "prepare", "push", "worker", "clock"
RATER, OFFICE, RELEASE = "rater", "office", "release"
SINK_POSTGRES, SINK_UPSTREAM, SINK_WEBHOOKS = "sink.postgres", "sink.upstream", "sink.webhooks"
PORTAL = "portal"
PROOF, QUERIES = "proof", "queries"


def bank_user(bank: str) -> str:
    """Return the user that a bank comes as."""
    return f"bank.{bank}"


def file_of(folder: Path, user: str) -> Path:
    """Return where a user's client file lies."""
    return folder / f"{user}.json"
