"""Looks into every file below the hub's home, what its stores hold, and what its processes tell Prometheus."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
from rocksdict import AccessType, Options, Rdict

from hub.settings import Settings, endpoints
from hub.stack.layout import HomeLayout
from tests.canaries.data_rules import NOTHING, file_rule
from tests.canaries.places import Kind, Ledger
from tests.canaries.rights import Published, Sealed

_PART, _OVERLAP = 4 << 20, 4096
_METRICS_PATHS = ("/metrics", "/readyz")


def look_into_files(settings: Settings, ledger: Ledger) -> None:
    """Look into every file of the home, by what its folder is for."""
    home = settings.home
    for file in sorted(path for path in home.rglob("*") if path.is_file() and not path.is_symlink()):
        found = file_rule(file.relative_to(home))
        if found is not None:
            kind, rule = found
            ledger.look_all(kind, str(file.relative_to(home)), rule, _parts(file))


def look_into_stores(settings: Settings, ledger: Ledger) -> None:
    """Look at every key and value of the stopped processors' stores, which pack their files."""
    for place in sorted({file.parent for file in (settings.home / "streams").rglob("CURRENT")}):
        store = Rdict(str(place), Options(raw_mode=True), access_type=AccessType.read_only())
        entries = store.iter()
        entries.seek_to_first()
        name = f"store {place.relative_to(settings.home)}"
        while entries.valid():
            ledger.look(Kind.FILES, name, Sealed(), entries.key() + b"\n" + entries.value())
            entries.next()
        store.close()


def look_into_upstream(settings: Settings, ledger: Ledger) -> None:
    """Look into the tables of the platform above, which the reference node keeps in a file."""
    for file in settings.home.glob("upstream/*.sqlite3"):
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as tables:
            ledger.look_all(Kind.UPSTREAM, file.name, Published(), (line.encode() for line in tables.iterdump()))


def look_at_metrics(settings: Settings, ledger: Ledger) -> None:
    """Look at what each process tells whoever asks it."""
    targets = json.loads(HomeLayout.of(settings).targets_file.read_text("utf-8"))
    for target in targets:
        for path in _METRICS_PATHS:
            answer = httpx.get(f"http://{target['targets'][0]}{path}", trust_env=False)
            ledger.look(Kind.METRICS, f"{target['labels']['process']} {path}", NOTHING, answer.content)


def look_at_schemas(settings: Settings, ledger: Ledger) -> None:
    """Look at every version of every subject of the registry."""
    with httpx.Client(base_url=endpoints(settings).registry_url, trust_env=False) as registry:
        for subject in registry.get("/subjects").raise_for_status().json():
            for version in registry.get(f"/subjects/{subject}/versions").raise_for_status().json():
                answer = registry.get(f"/subjects/{subject}/versions/{version}").raise_for_status()
                ledger.look(Kind.SCHEMAS, f"{subject} {version}", NOTHING, answer.content)


def _parts(file: Path) -> Iterator[bytes]:
    """Yield a file in parts that overlap, so that nothing lies between two; without what is empty."""
    with file.open("rb") as stream:
        kept = b""
        while part := stream.read(_PART):
            data = kept + part
            # PostgreSQL and Kafka make room before they write.
            if data.strip(b"\0"):
                yield data
            kept = data[-_OVERLAP:]
