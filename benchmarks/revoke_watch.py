"""A bank that looks without end wherever content of its consents may come out: topic, pull, questions and scores."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from benchmarks.revoke_content import LastContent, consents_of_message, consents_of_view
from benchmarks.revoke_hub import CARD, OBSERVED, RevokeHub
from hub.demo.bank_questions import STATED, AskingBank
from hub.demo.bank_reader import BankMessage, BankTopic
from rules.release.answering import AnswerRefusal
from tests.running import Running

_QUESTION = "tax_paid_12m >= 100000"
# Tokens last five minutes.
_ENTER_EVERY_S = 120.0
_POLL_S, _PAUSE_S = 0.1, 0.02
_AT_ONCE = 500


@dataclass(slots=True)
class TopicLog:
    """What came to the topic: content by consents, and when each message came, by enterprise and sequence."""

    last: LastContent = field(default_factory=LastContent)
    arrived_s: dict[tuple[str, int], float] = field(default_factory=dict)
    last_content_s: float = 0.0

    def note(self, messages: Iterable[BankMessage]) -> None:
        """Note messages as they came."""
        for one in messages:
            self.arrived_s[one.value["subject"], one.value["sequence"]] = one.arrived_s
            if numbers := consents_of_message(one.value):
                self.last.note(numbers, one.arrived_s)
                self.last_content_s = one.arrived_s


@dataclass(slots=True)
class Watched:
    """What came out at each place; ``subject``: whom is asked about at the moment, None: nobody."""

    topic: TopicLog = field(default_factory=TopicLog)
    pull: LastContent = field(default_factory=LastContent)
    verify: LastContent = field(default_factory=LastContent)
    score: LastContent = field(default_factory=LastContent)
    subject: str | None = None


@contextmanager
def reading_topic(hub: RevokeHub, log: TopicLog) -> Iterator[None]:
    """Note what comes to the topic from now on, until the end of the block."""
    topic = BankTopic(hub.settings, OBSERVED, is_late=True)

    def read(stop: Event) -> None:
        with closing(topic):
            while not stop.is_set():
                log.note(topic.take(_POLL_S))

    with _running([read]):
        yield


@contextmanager
def watching(hub: RevokeHub, watched: Watched) -> Iterator[None]:
    """Look at every place until the end of the block; raises what a look raised."""
    bank = hub.bank
    bank.enter()
    said = _pulled(bank, {})
    while not said["is_end"]:
        said = _pulled(bank, said)

    def pull(stop: Event, said: Mapping[str, Any] = said) -> None:
        while not stop.is_set():
            said, at_s = _pulled(bank, said), time.monotonic()
            for one in said["messages"]:
                watched.pull.note(consents_of_view(one), at_s)
            stop.wait(_PAUSE_S)

    def verify(stop: Event) -> None:
        _ask(watched, watched.verify, stop, lambda subject: bank.ask(subject, _QUESTION))

    def score(stop: Event) -> None:
        _ask(watched, watched.score, stop, lambda subject: scored(bank, subject))

    def enter(stop: Event) -> None:
        while not stop.wait(_ENTER_EVERY_S):
            bank.enter()

    with reading_topic(hub, watched.topic), _running([pull, verify, score, enter]):
        yield


def scored(bank: AskingBank, subject: str) -> Mapping[str, Any]:
    """Return what the portal says when it is asked for a score."""
    return bank.request("POST", "/v1/score", json={"subject": subject, "card": CARD["id"], **STATED})


def questions_answered(bank: AskingBank, subjects: Iterable[str]) -> int:
    """Return how many of these enterprises' questions and scores are answered now; none of those that revoked."""
    said = [one for subject in subjects for one in (bank.ask(subject, _QUESTION), scored(bank, subject))]
    return sum(not _is_refused(one) for one in said)


def _ask(watched: Watched, last: LastContent, stop: Event, ask: Callable[[str], Mapping[str, Any]]) -> None:
    while not stop.is_set():
        if watched.subject is not None:
            said = ask(watched.subject)
            if not _is_refused(said):
                last.note(said["consents"], time.monotonic())
        stop.wait(_PAUSE_S)


def _is_refused(said: Mapping[str, Any]) -> bool:
    """Whether a right is missing; raises RuntimeError for an answer that says anything else than that, or an answer."""
    if "consents" in said:
        return False
    if said.get("code") in (AnswerRefusal.CONSENT_REVOKED, AnswerRefusal.NO_CONSENT):
        return True
    raise RuntimeError(f"the portal says {said}")


def _pulled(bank: AskingBank, before: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a pull gives behind the one before it, which may be none."""
    query = {"limit": _AT_ONCE, **({"cursor": before["cursor"]} if before else {})}
    said = bank.request("GET", "/v1/changes", params=query)
    if "messages" not in said:
        raise RuntimeError(f"the portal says {said}")
    return said


@contextmanager
def _running(looks: Iterable[Callable[[Event], None]]) -> Iterator[None]:
    with ExitStack() as opened:
        for look in looks:
            opened.callback(Running(look).stop)
        yield
