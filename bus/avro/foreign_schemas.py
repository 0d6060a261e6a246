"""Schemas that anybody may have registered: which are read, and by which a few bytes would harm whoever reads them."""

import json
from typing import Any

import fastavro
from fastavro.schema import SchemaParseException

from catalogue.avro import Schema
from catalogue.errors import PoisonMessage

# What the parser meets in a text that is no Avro schema.
_NO_SCHEMA = (SchemaParseException, ValueError, TypeError, KeyError, AttributeError, RecursionError)


def parsed_record(schema_id: int, text: str) -> Schema:
    """Return the parsed schema of a record.

    Raises PoisonMessage for what is no record's, for one that lies inside itself, which a message could nest until the
    reader's stack ends, and for arrays whose elements take no byte, of which a message could announce any number.
    """
    try:
        parsed: Schema = fastavro.parse_schema(json.loads(text))
        problem = _problem(parsed, {}, ())
    except _NO_SCHEMA as exc:
        raise PoisonMessage(f"The schema {schema_id} is no Avro schema: {type(exc).__name__}.") from exc
    if not isinstance(parsed, dict) or parsed["type"] != "record":
        problem = "is not of a record"
    if problem:
        raise PoisonMessage(f"The schema {schema_id} {problem}.")
    return parsed


def _problem(kind: Any, named: dict[str, Any], inside: tuple[str, ...]) -> str:
    """Return what is wrong with a type; ``named`` are the types before it, ``inside`` those that it lies in."""
    if isinstance(kind, list):
        return _first_problem(kind, named, inside)
    if isinstance(kind, str):
        return "holds a record inside itself" if kind in inside else ""
    if "name" in kind:
        named[kind["name"]] = kind
    if kind["type"] == "array" and _may_take_no_byte(kind["items"], named):
        return "holds arrays of nothing"
    if kind["type"] in ("array", "map"):
        return _problem(kind.get("items", kind.get("values")), named, inside)
    if kind["type"] == "record":
        return _first_problem([field["type"] for field in kind["fields"]], named, (*inside, kind["name"]))
    return ""


def _first_problem(kinds: list[Any], named: dict[str, Any], inside: tuple[str, ...]) -> str:
    return next((problem for kind in kinds if (problem := _problem(kind, named, inside))), "")


def _may_take_no_byte(kind: Any, named: dict[str, Any]) -> bool:
    if isinstance(kind, str) and kind in named:
        kind = named[kind]
    if not isinstance(kind, dict):
        return bool(kind == "null")
    if kind["type"] == "record":
        return all(_may_take_no_byte(field["type"], named) for field in kind["fields"])
    return bool(kind["type"] == "null" or kind.get("size") == 0)
