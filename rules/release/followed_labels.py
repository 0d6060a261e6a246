"""The labels of this process beside the newest published ones: nothing is told or answered by any others."""

from collections.abc import Mapping
from typing import Any

from catalogue.errors import Unavailable
from rules.release.labels import Labels, digest_of


def other_labels(version: int, topic: str) -> Unavailable:
    """Return what to raise where this process has other labels than the newest published ones."""
    return Unavailable(
        f"This process has other labels than version {version} of {topic}, the newest one.",
        remedy="Run `credithub prepare` of the version that is to run, and that version of this process.",
    )


class FollowedLabels:
    """Labels that are in use only while the newest version of their topic has them, too."""

    def __init__(self, labels: Labels, topic: str) -> None:
        """``labels`` are those of this process; ``topic`` is where they are published."""
        self._labels, self._digest, self._topic = labels, digest_of(labels.text()), topic
        self._newest = (0, "")

    def take(self, value: Mapping[str, Any]) -> None:
        """Take a message of the topic; in any order, one that came already, too."""
        self._newest = max(self._newest, (value["version"], value["digest"]))

    def current(self) -> Labels:
        """Return the labels; raises Unavailable where others are the newest."""
        version, digest = self._newest
        if digest != self._digest:
            raise other_labels(version, self._topic)
        return self._labels
