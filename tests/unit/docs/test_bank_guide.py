"""The banks' guide and its examples agree with the catalogue and with each other."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from catalogue.avro import bank_schema
from catalogue.load import load_catalogue
from catalogue.model import FieldType, Item
from hub.stack.artifacts import locked
from rules.release.projection import Projection
from rules.release.reasons import WithheldCode

GUIDE = Path(__file__).parents[3] / "docs" / "banks"
EXAMPLES = GUIDE / "examples"


def test_the_guide_counts_the_items_as_the_catalogue_does() -> None:
    items = load_catalogue().items
    typed = [item for item in items if bank_schema(item) is not None]
    appearing = [item for item in items if Projection(item).project(_open(item)) is not None]
    told = (GUIDE / "README.md").read_text("utf-8")
    assert f"{len(items)} 项中有 {len(typed)} 项注册了类型" in told
    hidden = len(typed) - len(appearing)
    assert f"{len(typed)} 项中有 {len(appearing)} 项含可公开的内容；其余 {hidden} 项" in told


def test_the_guide_lists_every_code_of_what_is_withheld() -> None:
    listed = re.findall(r"^\| `([A-Z_]+)` \|", (GUIDE / "README.md").read_text("utf-8"), re.MULTILINE)
    assert set(WithheldCode) <= set(listed)


def _open(item: Item) -> dict[str, Any]:
    """Return a record with every field filled and every condition of its publication met."""
    row: dict[str, Any] = {field.name: "1" for field in item.fields}
    row |= {f.name: [{sub.name: "1" for sub in f.details}] for f in item.fields if f.type is FieldType.DETAILS}
    return row | {c.field: c.values[0] for field in item.fields for c in field.public_when}


def test_maven_and_the_pinned_jars_name_the_same_versions() -> None:
    pins = {pin["name"]: pin for pin in json.loads((EXAMPLES / "java" / "jars.lock.json").read_text("utf-8"))["run"]}
    for dependency in ElementTree.parse(EXAMPLES / "java" / "pom.xml").iterfind("dependencies/dependency"):
        pin = pins[dependency.findtext("artifactId") or ""]
        assert dependency.findtext("groupId") == pin["group"]
        assert dependency.findtext("version") == pin["version"]


def test_jars_that_the_stack_has_too_are_the_stack_s() -> None:
    # So that a cache filled by `credithub up` is not filled twice.
    stack = {(a.group, a.name): a.sha256 for a in locked("kafka")}
    for pin in json.loads((EXAMPLES / "java" / "jars.lock.json").read_text("utf-8"))["run"]:
        assert stack.get((pin["group"], pin["name"]), pin["sha256"]) == pin["sha256"]


def test_the_npm_lock_names_no_registry() -> None:
    pins = json.loads((EXAMPLES / "node" / "package-lock.json").read_text("utf-8"))["packages"]
    wanted = json.loads((EXAMPLES / "node" / "package.json").read_text("utf-8"))["dependencies"]
    assert pins[""]["dependencies"] == wanted
    for name, pin in pins.items():
        assert "resolved" not in pin
        assert name == "" or pin["integrity"].startswith("sha512-")
