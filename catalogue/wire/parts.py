"""What the schemas of the hub's own topics are put together from."""

from catalogue.avro import Schema

# Indicators, counts included: six decimals, one documented rounding (half even) of ratios.
INDICATOR: Schema = {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 6}


def field(name: str, kind: object, doc: str = "") -> Schema:
    """Return a field without a default."""
    return {"name": name, "type": kind, "doc": doc} if doc else {"name": name, "type": kind}


def internal_record(name: str, doc: str, *fields: Schema) -> Schema:
    """Return a record type of the hub's own topics."""
    return {"type": "record", "name": name, "namespace": "credithub.internal", "doc": doc, "fields": list(fields)}
