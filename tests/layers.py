"""``python -m tests.layers``: import-linter over the rooms, which it knows from the folders.

The layers in ``pyproject.toml`` are a package's one entry. Exit code 1 when an import is against them, or a room has
none.
"""

import sys
import tempfile
import tomllib
from pathlib import Path

from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]
_NO_ROOMS = {"tests", "benchmarks"}


def rooms(root: Path = ROOT) -> set[str]:
    """Return the names of the top-level packages of the product."""
    return {file.parent.name for file in root.glob("*/__init__.py")} - _NO_ROOMS


def layered(pyproject: str) -> set[str]:
    """Return the names of the packages that have a layer."""
    contracts = tomllib.loads(pyproject)["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    return {name.strip() for layer in layers for name in layer.split("|")}


def main() -> int:
    """Check the layers of this checkout and return the exit code."""
    pyproject = (ROOT / "pyproject.toml").read_text("utf-8")
    found, known = rooms(), layered(pyproject)
    if found != known:
        print(
            f"error: layers in pyproject.toml and folders differ: {', '.join(sorted(found ^ known))}", file=sys.stderr
        )
        return 1
    sys.path.insert(0, str(ROOT))
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "pyproject.toml"
        names = ", ".join(f'"{name}"' for name in sorted(found))
        config.write_text(f"[tool.importlinter]\nroot_packages = [{names}]\n{_contracts(pyproject)}", "utf-8")
        return lint_imports(config_filename=str(config))


def _contracts(pyproject: str) -> str:
    return pyproject[pyproject.index("[[tool.importlinter.contracts]]") :]


if __name__ == "__main__":
    sys.exit(main())
