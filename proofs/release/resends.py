"""Requests that somebody be told all anew of an enterprise, as a replay follows them."""

from collections.abc import Collection

ResendKey = tuple[str, str]
"""The enterprise, and the recipient."""


class Resends:
    """The requests of one partition.

    Who was told all anew may be so once more: an owner that ends before its batch does leaves the same request to the
    next one. So a request that was answered is remembered.
    """

    def __init__(self) -> None:
        self._asked: set[ResendKey] = set()
        self._owed: set[ResendKey] = set()

    def __contains__(self, key: ResendKey) -> bool:
        return key in self._asked

    def ask(self, key: ResendKey, *, is_told: bool) -> None:
        """Note a request; ``is_told``: whether the recipient was told anything of it, so that there is an anew."""
        self._asked.add(key)
        if is_told:
            self._owed.add(key)

    def answer(self, key: ResendKey) -> None:
        """Note that all was told anew."""
        self._owed.discard(key)

    def is_owed(self, key: ResendKey) -> bool:
        """Whether a request has still to be answered."""
        return key in self._owed

    def settle(self, subjects: Collection[str]) -> None:
        """Note that nothing is left to be told of these enterprises."""
        self._owed = {key for key in self._owed if key[0] not in subjects}
