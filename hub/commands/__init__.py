"""One module per group of commands; each has ``register(app)``."""

import importlib

import typer

# Each module with its commands, in the order in which --help lists them.
COMMANDS: dict[str, tuple[str, ...]] = {
    "stack": ("up", "down", "status", "logs"),
    "top": ("top",),
    "catalogue": ("catalogue",),
    "indicators": ("indicators",),
    "rating": ("rating",),
    "lists": ("lists",),
    "bank": ("bank",),
    "consent": ("consent",),
    "outcomes": ("outcomes",),
    "audit": ("audit",),
    "schemas": ("schemas",),
    "keys": ("keys",),
    "certs": ("certs",),
    "access": ("access",),
    "sample": ("sample",),
    "template": ("template",),
    "push": ("push", "push-dir"),
    "mapping": ("mapping",),
    "receipt": ("receipt",),
    "resolve": ("resolve",),
    "prepare": ("prepare",),
    "worker": ("worker", "rater", "release"),
    "clock": ("clock",),
    "sinks": ("sink", "upstream"),
    "registry_door": ("registry-door",),
    "portal": ("portal",),
    "queries": ("state", "explain", "watch"),
    "not_taken": ("rejected", "waiting"),
    "reconcile": ("reconcile", "state-hash"),
    "prove": ("prove",),
    "rebuild": ("rebuild",),
    "verify_state": ("verify-state",),
    "alertmanager": ("alertmanager",),
    "demo": ("demo",),
}


def register(app: typer.Typer, command: str | None = None) -> None:
    """Add every group of commands to the application, or that of one command alone, which starts sooner."""
    modules = [module for module, commands in COMMANDS.items() if command in commands]
    for module in modules or COMMANDS:
        importlib.import_module(f"hub.commands.{module}").register(app)
