"""One module per group of commands; each has ``register(app)``."""

import importlib
import importlib.util

import typer

# In the order in which --help lists them.
MODULES = (
    *("stack", "catalogue", "schemas", "keys", "sample", "template"),
    *("push", "resolve", "workers", "look", "reconcile", "verify_state", "demo"),
)


def register(app: typer.Typer) -> None:
    """Add every group of commands to the application."""
    for name in MODULES:
        if importlib.util.find_spec(f"hub.commands.{name}") is not None:
            importlib.import_module(f"hub.commands.{name}").register(app)
