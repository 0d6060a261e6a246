"""What a message of a bank's topic says, whatever record type it is of."""

from typing import NamedTuple

from bus.avro.decoding import Decoder
from bus.avro.registry import Registry, full_name
from catalogue import wire
from proofs.reconcile.bank_content import addressed, of_indicators, told_of_entry, told_of_record
from proofs.reconcile.decoding import PlainDecoder

_INDICATORS, _LIST_ENTRY = full_name(wire.BANK_INDICATORS), full_name(wire.BANK_LIST_ENTRY)


class ToldMessage(NamedTuple):
    """A message of a bank's topic; ``content``: the hash of what it says; ``is_entry``: whether it is about a list."""

    subject: str
    sequence: int
    content: int
    is_entry: bool


class ToldReader:
    """Reads what a bank was told."""

    def __init__(self, registry: Registry) -> None:
        self._plain, self._decode = PlainDecoder(registry), Decoder(registry)

    def __call__(self, message: bytes | None) -> ToldMessage:
        """Return what one message says; raises PoisonMessage when it cannot be read."""
        raw = message or b""
        name = self._plain.name(raw)
        if name == _LIST_ENTRY:
            value = self._plain(raw)
            content = told_of_entry(value)
        elif name == _INDICATORS:
            value = self._plain(raw)
            content = of_indicators(value["subject_name"], value["as_of"], value["indicators"])
            content = addressed(content, "", value["policy"])
        else:
            value = self._decode(raw)
            content = told_of_record(value)
        return ToldMessage(value["subject"], value["sequence"], content, name == _LIST_ENTRY)
