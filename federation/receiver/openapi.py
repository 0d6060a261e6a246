"""``docs/upstream-openapi.yaml``: the interface of the platform above, as the reference node has it."""

from pathlib import Path

import yaml

from catalogue.load import load_catalogue
from federation.receiver.app import create_app

FILE = Path(__file__).parents[2] / "docs" / "upstream-openapi.yaml"
_HEAD = "# OpenAPI 3.1. Generated: `credithub upstream --openapi > docs/upstream-openapi.yaml`; a test compares both.\n"


def document() -> str:
    """Return the OpenAPI document as YAML."""
    described = create_app(Path("unused"), load_catalogue(), token="unused").openapi()
    return _HEAD + yaml.safe_dump(described, allow_unicode=True, sort_keys=False, width=110)
