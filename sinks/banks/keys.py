"""The keys of the release processor's store. Marks and the last step are its changelog's, all else is of its inputs.

Texts are joined by a NUL, which is in no id, code or key.
"""

RECORDS = b"r"
"""Before subject, item and record key: the version of a record that counts."""
NAMES = b"n"
"""Before a subject: its name. Every enterprise of which a change told anything has one."""
INDICATORS = b"i"
"""Before a subject: the values of which banks are told."""
LISTS = b"l"
"""Before a subject: the public lists that have it."""
MARKS = b"m"
"""Before a subject: up to where each recipient was told. From the changelog, or packed."""
CONSENTS = b"c"
"""Before a subject: what its active consents open, then all its consents."""
ENTRIES = b"e"
"""Before a subject: which recipients' lists have it."""
DUES = b"d"
"""Before a moment and a subject: then its consents come into force, or out of it."""
RECIPIENTS = b"R"
"""Before the id of a recipient: its newest version."""
FOLDED = b"f"
"""Before an input topic: up to which offset it is folded."""
STEP = b"s"
"""The last step. From the changelog."""
SWEEP = b"w"
"""From which subject on everybody is still to be looked at; absent: nobody is."""
BASIS = b"b"
"""What counted for all enterprises when everybody was looked at last."""

STEP_KEY = b"\0step"
"""The key of the last step in ``release.sequence.v1``; no subject is like it."""
_MOMENT_BYTES = 8


def of_subject(prefix: bytes, subject: str) -> bytes:
    """Return the key of what is kept once for each subject."""
    return prefix + subject.encode()


def record_key(subject: str, item: str, key: str) -> bytes:
    """Return the key of a record."""
    return RECORDS + f"{subject}\0{item}\0{key}".encode(errors="surrogatepass")


def records_of(subject: str) -> bytes:
    """Return what the keys of a subject's records begin with."""
    return RECORDS + f"{subject}\0".encode()


def place_of(key: bytes, subject: str) -> str:
    """Return the place of a record among those of its subject: item and record key."""
    return key[len(records_of(subject)) :].decode(errors="surrogatepass")


def due_key(micros: int, subject: str) -> bytes:
    """Return the key of a moment (microseconds of the wire) at which a subject is to be looked at."""
    return DUES + micros.to_bytes(_MOMENT_BYTES) + subject.encode()


def due_micros_and_subject(key: bytes) -> tuple[int, str]:
    """Return the moment and the subject of a key of ``DUES``."""
    end = len(DUES) + _MOMENT_BYTES
    return int.from_bytes(key[len(DUES) : end]), key[end:].decode()
