"""Where the rating keeps what in the store of a partition: the first byte of a key says its kind.

From the changelogs: ratings (``r``) and memberships of lists (``l``). Derived from the inputs: the values of a
subject's indicators (``v``) with the shapes that name them (``g``), and up to which offset they were read (``n``).
Derived from the changelogs: who is to be looked at when the day ends (``x``), and when days end that are counted
(``d``). By which definition and model a list was decided last is remembered (``m``); without it all are looked at.
"""

VALUES, SHAPES = b"v", b"g"
RATINGS, MARKS, DUES = b"r", b"x", b"d"
VALUES_READ = b"n"
"""Up to which offset of ``credit.indicator.v1`` the stored values were read."""


def values_key(subject: str) -> bytes:
    """Return the store's key of the values of a subject's indicators."""
    return b"v" + subject.encode()


def subject_of(values_key: bytes) -> str:
    """Return the subject of a key that ``values_key`` made."""
    return values_key[1:].decode()


def shape_key(number: int) -> bytes:
    """Return the store's key of a shape."""
    return b"g" + number.to_bytes(4, "big")


def rating_key(subject: str, model: str) -> bytes:
    """Return the message key of a rating."""
    return f"{subject}\0{model}".encode()


def stored_rating(message_key: bytes) -> bytes:
    """Return the store's key of a rating."""
    return b"r" + message_key


def list_key(subject: str, list_id: str) -> bytes:
    """Return the message key of a membership."""
    return f"{subject}\0{list_id}".encode()


def stored_membership(message_key: bytes) -> bytes:
    """Return the store's key of a membership."""
    return b"l" + message_key


def mark_key(subject: str) -> bytes:
    """Return the store's key that says: look at this subject when the day ends."""
    return MARKS + subject.encode()


def due_key(day: int, subject: str) -> bytes:
    """Return the store's key that says: look at this subject at the end of the day with this ordinal."""
    return DUES + day.to_bytes(4, "big") + subject.encode()


def due_day_and_subject(due_key: bytes) -> tuple[int, str]:
    """Return what ``due_key`` was made of."""
    return int.from_bytes(due_key[1:5], "big"), due_key[5:].decode()


def decided_by(list_id: str) -> bytes:
    """Return the store's key of what a list was decided by."""
    return b"m" + list_id.encode()
