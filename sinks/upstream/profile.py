"""What is particular to one platform above: one YAML file each, chosen by a setting."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from catalogue.envelope import Op
from catalogue.errors import UsageError
from connectors.http_out import Backoff

FOLDER = Path(__file__).parent
_OPS = frozenset((Op.REPORT.value, Op.WITHDRAW.value))


@dataclass(frozen=True, slots=True)
class Profile:
    """How records go to one platform; ``items`` None: all that may be released."""

    id: str
    zh: str
    base_path: str
    batch_records: int
    parallel: int
    timeout_s: float
    backoff: Backoff
    auth_header: str
    auth_scheme: str
    items: frozenset[str] | None
    ops: frozenset[str]

    def takes(self, item: str) -> bool:
        """Whether records of an item are sent."""
        return self.items is None or item in self.items

    def headers(self, token: str | None) -> dict[str, str]:
        """Return what authenticates the sender; nothing without a token."""
        return {self.auth_header: f"{self.auth_scheme} {token}".strip()} if token else {}


def load_profile(name: str, folder: Path = FOLDER) -> Profile:
    """Return a profile by its id; raises UsageError when there is none, or its file cannot be right."""
    path = folder / f"{name}.yaml"
    if not path.is_file():
        ids = ", ".join(sorted(file.stem for file in folder.glob("*.yaml")))
        raise UsageError(
            f"There is no upstream profile {name}.", remedy=f"Set CREDITHUB_UPSTREAM_PROFILE to one of: {ids}."
        )
    document: dict[str, Any] = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    try:
        profile = _read(document)
    except (KeyError, TypeError, ValueError) as exc:
        raise UsageError(f"{path.name} lacks or misspells {exc}.", remedy="Compare it with provincial.yaml.") from exc
    if profile.id != name:
        raise UsageError(f"{path.name} describes {profile.id}.", remedy="Name the file after the profile's id.")
    return profile


def _read(document: dict[str, Any]) -> Profile:
    retry, authentication = document["retry"], document["authentication"]
    items, ops = document["items"], frozenset(document["ops"])
    if not ops or not ops <= _OPS:
        raise ValueError(f"ops: {sorted(ops)}")
    if int(document["batch_records"]) < 1 or int(document["parallel"]) < 1:
        raise ValueError("batch_records, parallel: both are at least 1")
    return Profile(
        id=document["id"],
        zh=document["zh"],
        base_path=document["base_path"].rstrip("/"),
        batch_records=int(document["batch_records"]),
        parallel=int(document["parallel"]),
        timeout_s=float(document["timeout_s"]),
        backoff=Backoff(float(retry["first_wait_s"]), float(retry["longest_wait_s"]), float(retry["give_up_after_s"])),
        auth_header=authentication["header"],
        auth_scheme=authentication["scheme"],
        items=None if items == "all" else frozenset(items),
        ops=ops,
    )
