"""The pages as HTML: Jinja templates that escape whatever they are given, and the files that go with them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from portal.pages.shown import day_text, minute_text, moment_text

_FOLDER = Path(__file__).parent
PATH = "/enterprise"
"""Where the pages lie; their proxy passes this on and nothing else."""
ASSETS: Mapping[str, str] = {"style.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}
ASSET_PATHS = frozenset(f"{PATH}/{name}" for name in ASSETS)
"""What anybody may read, and tells nobody anything."""


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {"day": day_text, "minute": minute_text, "moment": moment_text}
    made.globals["base"] = PATH
    return made


_TEMPLATES = _environment()


def page(name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page; ``values`` are what its template names."""
    text = _TEMPLATES.get_template(f"{name}.html").render(shown_at=datetime.now(UTC), **values)
    return HTMLResponse(text, status)


def asset(name: str) -> bytes:
    """Return a file that the pages ask for: one of ASSETS."""
    return (_FOLDER / name).read_bytes()
