"""``stream.position.v1``: how far the merge came in each partition of its inputs."""

from catalogue.wire.parts import field, internal_record

POSITION = internal_record(
    "Position",
    "how far the merge came in one partition of one input, and what became of its events",
    field("topic", "string"),
    field("partition", "int"),
    field("next_offset", "long"),
    field("merged", "long"),
    field("duplicate", "long"),
    field("superseded", "long"),
    field("rejected", "long"),
)
