"""Confluent's wire format: a magic byte, the schema's id, then Avro. Any bank's client can read it."""

import struct

from catalogue.errors import PoisonMessage

_HEAD = struct.Struct(">bI")
_MAGIC = 0
HEAD_SIZE = _HEAD.size


def head(schema_id: int) -> bytes:
    """Return what a message of a schema begins with."""
    return _HEAD.pack(_MAGIC, schema_id)


def schema_id_of(message: bytes) -> int:
    """Return the schema id of a message; raises PoisonMessage when it does not begin with one."""
    if len(message) < HEAD_SIZE or message[0] != _MAGIC:
        raise PoisonMessage("The message does not begin with the magic byte and a schema id.")
    return int(_HEAD.unpack_from(message)[1])
