"""One hash over all that the hub knows, so that two runs can be compared (law 1 of the design).

Sequences, event ids, submissions, rows, reporting times and ciphertext are outside; so is the business date itself,
but not the indicators, which move with it.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta

from bus import topics
from bus.reading.topic_reader import TopicReader
from catalogue.errors import IntegrityError
from proofs.reconcile.changes import read_states
from proofs.reconcile.decoding import PlainDecoder, content
from proofs.reconcile.findings import Findings
from proofs.reconcile.records import read_records

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The hash of each subject's state, the digest of the person records, and the days the states are of."""

    by_subject: dict[str, str]
    persons: str
    person_records: int
    days: tuple[date, ...]

    @property
    def whole(self) -> str:
        """The one hash over everything, SHA-256 in hex."""
        lines = [*(f"{subject} {digest}\n" for subject, digest in sorted(self.by_subject.items())), self.persons]
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def fingerprint(reader: TopicReader, decode: PlainDecoder) -> Fingerprint:
    """Read the states and the person records to their end.

    Raises IntegrityError when a message cannot be read: `credithub reconcile` names it.
    """
    findings = Findings()
    states = read_states(reader, decode, reader.partitions((topics.STATE,)), findings)
    persons = read_records(reader, decode, reader.partitions((topics.PERSON_RECORD,)), findings)
    unreadable = [d for d in findings.differences if d.unreadable]
    if unreadable:
        raise IntegrityError(f"{unreadable[0].place} cannot be read.", remedy="Run `credithub reconcile`.")
    digest = hashlib.sha256()
    for key, record in sorted(persons.items()):
        # As in the states' hashes: what is said counts, not for which moment.
        content_hash = content(record.stamp)
        digest.update(len(key).to_bytes(4, "big") + key + len(content_hash).to_bytes(4, "big") + content_hash)
    return Fingerprint(
        by_subject={subject: state.hash for subject, state in states.items()},
        persons=digest.hexdigest(),
        person_records=len(persons),
        days=tuple(_EPOCH + timedelta(days=n) for n in sorted({state.as_of for state in states.values()})),
    )
