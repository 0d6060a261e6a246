"""What may be lost: each story loses one part of a hub, types what the guide says, and looks whether all is there."""

import json
import shlex
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bus import clients, topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.reading.scan import scan
from tests.rehearsal.operator import Passage
from tests.rehearsal.site import Content, Site

_RECEIPTS_BEFORE = 5
# Files that take long enough to be pushed while the back-up is taken.
_LARGE = 60
_UP_WITHIN_S = 60
BANK = "yinhe"


def all_of_it_stopped(site: Site) -> None:
    """The whole machine is lost; there is a back-up that was taken while the hub was stopped."""
    site.push(1)
    before = site.content()
    site.operator.follows(Passage.BACK_UP_STOPPED)
    site.push(2)
    after = site.content()
    restore(site)
    assert site.content() == before
    site.push(2)
    assert site.content().states == after.states


def all_of_it_running(site: Site) -> None:
    """The whole machine is lost; there is a back-up that was taken while files were pushed."""
    site.push(1)
    site.city(3, _LARGE)
    pushing = site.operator.begins(site.pushing(3))
    assert pushing.stdout is not None
    acknowledged = [json.loads(pushing.stdout.readline()) for _ in range(_RECEIPTS_BEFORE)]
    site.operator.follows(Passage.BACK_UP_RUNNING)
    pushing.stdout.read()
    assert pushing.wait() in (0, 1)
    pushing.stdout.close()
    after = site.content()
    restore(site)
    site.reconciled()
    # What was acknowledged before the back-up is in it, so it is recognised; what came later comes again.
    receipts = site.push(3)
    known = {receipt["submission_id"] for receipt in receipts if receipt["recognised"]}
    assert {receipt["submission_id"] for receipt in acknowledged} <= known
    assert len(known) < len(receipts), "the push was to go on during the back-up"
    assert site.content().states == after.states


def restore(site: Site) -> None:
    """Type what the guide says, over whatever is left of the former machine."""
    broken = site.operator.home.with_name(f"{site.operator.home.name}.broken")
    shutil.rmtree(broken, ignore_errors=True)
    site.operator.follows(Passage.RESTORE)


def postgres_volume(site: Site) -> None:
    """PostgreSQL's files are gone: the tables, and the registry's schemas."""
    before = _some_content(site)
    site.operator.follows(Passage.POSTGRES)
    assert site.content() == before


def postgres_tables(site: Site) -> None:
    """Somebody changed and deleted rows of the tables."""
    before = _some_content(site)
    site.operator.types(
        f'{Passage.VARIABLES}\n"$PSQL" "$DSN" -c "delete from credit_record where random() < 0.5"'
        " -c \"update credit_state set hash = 'none'\""
    )
    script = site.operator.follows(Passage.TABLES)
    assert "before  credit_record" in script
    assert site.content() == before


def registry_database(site: Site) -> None:
    """The registry's database is gone, first with the archive in the home, then with the one in a safe place."""
    before = _some_content(site)
    site.operator.follows(Passage.VARIABLES, Passage.REGISTRY)
    assert site.content() == before
    site.operator.types(f"credithub schemas export {shlex.quote(str(site.operator.safe / 'schemas.zip'))}")
    # Each start makes the archive anew while there is a registry: it is lost between the registry and the next start.
    dropped, command, rest = str(Passage.REGISTRY).partition("credithub up  ")
    lost = f"rm {shlex.quote(str(site.operator.home / 'schemas.zip'))}\n"
    refused = site.operator.types(f"{Passage.VARIABLES}\n{dropped}{lost}{command}{rest}", allowed=(1,))
    assert "is empty, but what Kafka holds was written with its schemas' ids" in refused
    site.operator.follows(Passage.SCHEMAS)
    assert site.content() == before


def key_file(site: Site) -> None:
    """The key file is gone; there is a copy in a safe place."""
    before = _some_content(site)
    keys = site.operator.home / "keys.json"
    shutil.copy2(keys, site.operator.safe)
    keys.unlink()
    refused = site.operator.types("credithub down; credithub up", allowed=(1,))
    assert "There is no key file" in refused
    assert not keys.exists()
    site.operator.follows(Passage.KEYS)
    site.push(4)
    assert site.content().schemas == before.schemas


def worker_store(site: Site) -> None:
    """The workers' stores are gone."""
    before = _some_content(site)
    site.operator.follows(Passage.STORE)
    assert site.content() == before


def bank_topic(site: Site) -> None:
    """Somebody deleted a bank's topic; what it held is declared lost, and what counts is told anew."""
    before = _some_content(site)
    given = _given(site)
    # Named, for its answers end with it.
    admin, name = clients.admin(site.config), site.config.topic(topics.bank_topic(BANK))
    admin.delete_topics([name])[name].result(30)
    # It is made again, empty: nothing is told twice by itself, and the proof, which misses it, is not ready.
    site.operator.types(f"credithub down; timeout {_UP_WITHIN_S} credithub up", allowed=(1, 124))
    assert not _given(site)
    said = site.operator.follows(Passage.BANK)
    assert f"{sum(map(len, given.values())):,} messages are lost, as declared" in said
    # Others were given nothing again, and this bank what counts now, behind what it was given before.
    after = site.content().tables
    told = {name for name, digest in after.items() if digest != before.tables[name]}
    assert (after.keys(), told) == (before.tables.keys(), {"release_log"})
    anew = _given(site)
    assert anew.keys() == given.keys()
    for subject, messages in anew.items():
        first = given[subject][-1]["sequence"] + 1
        assert [one["sequence"] for one in messages] == list(range(first, first + len(messages))), subject
        assert _known(messages) == _known(given[subject]), subject


def _given(site: Site) -> dict[str, list[dict[str, Any]]]:
    """Return what lies in a bank's topic, by enterprise, in its order."""
    given: dict[str, list[dict[str, Any]]] = defaultdict(list)
    registry = Registry(site.config)
    decode = Decoder(registry)
    for message in scan(site.config, topics.bank_topic(BANK)):
        value = decode(message.value() or b"")
        given[value["subject"]].append(value)
    registry.close()
    return given


def _known(messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return by record what a bank knows that read these messages of one enterprise."""
    known: dict[str, Any] = {}
    for one in messages:
        if one.get("op") == "WITHDRAW":
            known.pop(one["record_key"], None)
        elif "record_key" in one:
            known[one["record_key"]] = one["data"]
    return known


def _some_content(site: Site) -> Content:
    """Return what a hub holds in which there is something."""
    site.push(1)
    return site.content()


STORIES: dict[str, Callable[[Site], None]] = {
    "machine-running": all_of_it_running,
    "machine-stopped": all_of_it_stopped,
    "postgres": postgres_volume,
    "tables": postgres_tables,
    "registry": registry_database,
    "keys": key_file,
    "store": worker_store,
    "bank-topic": bank_topic,
}
