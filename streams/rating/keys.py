"""Where the rating keeps what in the store of a partition: the first byte of a key says its kind.

From the changelog: ratings (``r``). Derived from the inputs: the values of a subject's indicators (``v``) with the
shapes that name them (``g``), and up to which offset they were read (``n``).
"""

VALUES, SHAPES = b"v", b"g"
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
