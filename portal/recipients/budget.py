"""How many questions about one enterprise are answered on a day, of all recipients together.

Bands bound what questions can tell of a value. This bounds how closely somebody watches it change, and how often an
enterprise is looked at. It is counted again from the audit log when the portal begins.
"""

import threading
from collections import Counter
from datetime import date


class QuestionBudget:
    """Safe to use from several threads. One recipient has half of it at most, so that none uses up the others'."""

    def __init__(self, most: int) -> None:
        """``most``: about one enterprise on one day."""
        self._most, self._most_of_one = most, max(1, most // 2)
        self._lock = threading.Lock()
        self._day = date.min
        self._of_subject: Counter[str] = Counter()
        self._of_pair: Counter[tuple[str, str]] = Counter()

    def takes(self, recipient: str, subject: str, day: date) -> bool:
        """Count a question that is about to be answered; whether it may be."""
        pair = recipient, subject
        with self._lock:
            self._turn(day)
            if self._of_subject[subject] >= self._most or self._of_pair[pair] >= self._most_of_one:
                return False
            self._count(pair)
            return True

    def note(self, recipient: str, subject: str, day: date) -> None:
        """Count one that was answered before."""
        with self._lock:
            self._turn(day)
            if day == self._day:
                self._count((recipient, subject))

    def _turn(self, day: date) -> None:
        # A clock that was set back brings no new budget.
        if day > self._day:
            self._day = day
            self._of_subject.clear()
            self._of_pair.clear()

    def _count(self, pair: tuple[str, str]) -> None:
        self._of_pair[pair] += 1
        self._of_subject[pair[1]] += 1
