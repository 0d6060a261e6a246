"""docker-compose.yml with its variables put in, as far as the file uses Compose's rules for them."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from bus.principals import principals
from catalogue.load import load_catalogue
from hub.commands.access import compose_variable
from hub.stack.kafka import NODE
from sinks.banks.recipients import bank_ids
from tests.services import REPOSITORY

# ``${NAME}``, ``${NAME:-default}`` and ``${NAME:?message}``, without one inside: those are put in from the inside out.
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^${}]*))?\}")

DEMANDED = {
    **{
        f"POSTGRES_{of}PASSWORD": f"secret-{of.lower()}"
        for of in ("", "OWNER_", "SINK_", "READER_", "PROOF_", "PORTAL_", "REGISTRY_")
    },
    **{
        compose_variable(user): f"kafka-of-{user}"
        for user in (NODE, *(one.name for one in principals(load_catalogue(), bank_ids())))
    },
    "CREDITHUB_UPSTREAM_TOKEN": "fictitious-token",
    "CREDITHUB_PORTAL_TOKEN": "fictitious-portal-token",
    "GRAFANA_PASSWORD": "graphs",
}
"""What Compose starts nothing without, with values for tests."""


def interpolated(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return what Compose makes of the file with these variables; KeyError for one that it demands."""

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        if kind == "?" and not variables.get(name):
            raise KeyError(rest)
        return variables.get(name) or (rest if kind == "-" else "")

    def put_in(node: Any) -> Any:
        match node:
            case dict():
                return {key: put_in(inner) for key, inner in node.items()}
            case list():
                return [put_in(inner) for inner in node]
            case str():
                while (replaced := _VARIABLE.sub(value, node)) != node:
                    node = replaced
                assert "${" not in node
                return node
        return node

    # As Compose does: first YAML, then the variables of each string.
    services: dict[str, Any] = put_in(yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text("utf-8")))
    return services
