"""What may be asked at the door, understood from a path; all else is refused here, and never reaches the registry.

A path is compared whole and decoded. What the registry is asked is made anew from the parts that were understood, so
neither a spelling, a query nor a header of the client's gets there.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bus.config import BusConfig, bank_topic
from catalogue.avro import BANK_NAMESPACE

# The registry's ids and versions are 32-bit integers; no number begins with 0.
_NUMBER = r"[1-9][0-9]{0,9}"
_LARGEST_NUMBER = 2**31 - 1
_SUBJECT = r"[^/]{1,255}"
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_RECORD = re.compile(rf"{_NAME}(?:\.{_NAME})*")
_PATHS = tuple(
    re.compile(path)
    for path in (
        rf"/schemas/ids/(?P<id>{_NUMBER})",
        # As Apicurio's own clients ask, those of Kafka Connect's converter among them.
        rf"/apis/registry/v[23]/ids/contentIds/(?P<content>{_NUMBER})",
        rf"/apis/registry/v[23]/ids/contentIds/(?P<referring>{_NUMBER})/references",
        r"/subjects",
        rf"/subjects/(?P<subject>{_SUBJECT})/versions",
        rf"/subjects/(?P<subject>{_SUBJECT})/versions/(?P<version>{_NUMBER}|latest)",
    )
)


@dataclass(frozen=True, slots=True)
class SchemaById:
    """``/schemas/ids/N``: the schema of an id; it never changes."""

    id: int


@dataclass(frozen=True, slots=True)
class ContentById:
    """``/apis/registry/v2/ids/contentIds/N``: the same schema, bare."""

    id: int


@dataclass(frozen=True, slots=True)
class ContentReferences:
    """``/apis/registry/v2/ids/contentIds/N/references``: what a schema refers to; those of banks, to nothing."""

    id: int


@dataclass(frozen=True, slots=True)
class BankSubjects:
    """``/subjects``: the subjects of the banks' topics."""


@dataclass(frozen=True, slots=True)
class SubjectVersions:
    """``/subjects/S/versions``: the numbers of a subject's versions."""

    subject: str


@dataclass(frozen=True, slots=True)
class SubjectVersion:
    """``/subjects/S/versions/N``: a version, which never changes; ``number`` None: ``latest``, which does."""

    subject: str
    number: int | None


Question = SchemaById | BankSubjects | SubjectVersions | SubjectVersion


AboutContent = ContentById | ContentReferences
"""What follows from a schema."""
_BY_ID: Mapping[str, type[SchemaById | ContentById | ContentReferences]] = {
    "id": SchemaById,
    "content": ContentById,
    "referring": ContentReferences,
}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the door: HTTP's status and what JSON is to say."""

    status: int
    body: object

    @classmethod
    def error(cls, status: int, code: int, message: str) -> "Reply":
        """Return an error as the Confluent API has it: a code that begins with the status, and words."""
        return cls(status, {"error_code": code, "message": message})


class BankPaths:
    """Which paths are for banks: those about the subjects of their topics.

    ``banks`` returns the ids of the banks that there are now.
    """

    def __init__(self, config: BusConfig, banks: Callable[[], Sequence[str]]) -> None:
        self._config, self._banks = config, banks

    def holds(self, subject: str) -> bool:
        """Whether a subject is of a bank's topic and of a record that banks may read."""
        topic, is_subject, record = subject.partition(f"-{BANK_NAMESPACE}.")
        return bool(is_subject) and _RECORD.fullmatch(record) is not None and topic in self._topics()

    def _topics(self) -> set[str]:
        return {self._config.topic(bank_topic(bank)) for bank in self._banks()}

    def understood(self, path: str) -> Question | AboutContent | Reply:
        """Return what a decoded path asks, or why it is not answered."""
        for pattern in _PATHS:
            if (match := pattern.fullmatch(path)) is not None:
                return self._question(match.groupdict())
        return Reply.error(404, 404, "HTTP 404 Not Found: this registry has schemas/ids/ID and subjects, to be read.")

    def _question(self, parts: dict[str, str]) -> Question | AboutContent | Reply:
        for part, question in _BY_ID.items():
            if part in parts:
                number = int(parts[part])
                return question(number) if number <= _LARGEST_NUMBER else unknown_schema(number)
        if "subject" not in parts:
            return BankSubjects()
        if not self.holds(parts["subject"]):
            # By its name alone: whether there is such a subject is not said.
            return Reply.error(403, 40301, "This registry has the subjects of banks' topics alone.")
        if "version" not in parts:
            return SubjectVersions(parts["subject"])
        version = parts["version"]
        if version != "latest" and int(version) > _LARGEST_NUMBER:
            return Reply.error(404, 40402, f"Version {version} not found.")
        return SubjectVersion(parts["subject"], None if version == "latest" else int(version))


def unknown_schema(number: int) -> Reply:
    """Return the answer for an id that is nobody's, and for one that is no bank's: they are told alike."""
    return Reply.error(404, 40403, f"Schema {number} not found.")
