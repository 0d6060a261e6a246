"""What is published of a subject, and written to the store: its winning records, its changes, its state."""

from bus import topics
from bus.avro import writer
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from catalogue import wire
from catalogue.envelope import PERSON_PREFIX, changelog_key
from processing.output import Output
from streams.merge.encoding import encode_changes, encode_head, encode_state, encode_values
from streams.merge.keys import stored_record, stored_state, stored_values, values_key
from streams.merge.state import pack
from streams.merge.subject import SubjectBatch
from streams.merge.update import SubjectUpdate
from streams.merge.values import pack_values


class SubjectPublisher:
    """Adds the messages and store writes of subjects to an output. Raises Unavailable when the registry is away."""

    def __init__(self, registry: Registry) -> None:
        self._record = Encoder(registry, topics.RECORD, wire.RECORD)
        self._person = Encoder(registry, topics.PERSON_RECORD, wire.RECORD)
        self._change = Encoder(registry, topics.CHANGE, wire.CHANGE)
        self._state = Encoder(registry, topics.STATE, wire.STATE)
        self._values = Encoder(registry, topics.INDICATOR, wire.INDICATOR_VALUES)

    def add_records(self, batch: SubjectBatch, output: Output) -> None:
        """Add the winning records that a batch put in place."""
        person = batch.subject.startswith(PERSON_PREFIX)
        magic = (self._person if person else self._record).magic
        messages, writes = output.messages[topics.PERSON_RECORD if person else topics.RECORD], output.writes
        for (item, key), record in batch.after.items():
            value = writer.record(magic, record.head, record.schema_id, record.payload)
            message_key = changelog_key(batch.subject, item, key)
            messages.append((message_key, value))
            writes[stored_record(message_key)] = value

    def add_update(self, subject: str, update: SubjectUpdate, changed_at: bytes, output: Output) -> None:
        """Add the changes and the state; ``changed_at``: the moment as ``writer.timestamp`` encodes it."""
        if update.same_state and not update.changed and not update.values:
            return
        key, state = subject.encode(), update.state
        head = encode_head(subject, state)
        if update.changed:
            changes = encode_changes(head, subject, update, changed_at)
            output.messages[topics.CHANGE].extend([(key, self._change.wrap(change)) for change in changes])
            if len(changes) > 1:
                state = state._replace(sequence=state.sequence + len(changes) - 1)
                head = encode_head(subject, state)
        for values in update.values:
            message_key = values_key(subject, values.group)
            message = self._values.wrap(encode_values(subject, values, state, changed_at))
            output.messages[topics.INDICATOR].append((message_key, message))
            output.writes[stored_values(message_key)] = pack_values(values.values) if values.values else None
        if not update.same_state:
            output.messages[topics.STATE].append((key, self._state.wrap(encode_state(head, state, changed_at))))
            output.writes[stored_state(subject)] = pack(state)
