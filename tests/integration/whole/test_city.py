"""All 68 items from files to states: complete, private, and the same whatever the order and the repetition."""

import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from bus import clients
from bus.reading.scan import scan
from bus.users import ADMIN
from catalogue.load import load_catalogue
from hub.settings import Settings, bus_config
from tests.integration.whole.conftest import Reference
from tests.integration.whole.runs import Run, header_row, some_of

# What the sample makes of persons: identity numbers of a region that does not exist, and a block of telephone numbers.
PERSONAL = re.compile(rb"809999\d{11}[\dXx]|1990000\d{4}")


@pytest.mark.slow
def test_every_item_arrives_and_persons_stay_apart(reference: Reference) -> None:
    persons = {item.id for item in load_catalogue().items if item.about_persons}
    assert {receipt["item"] for receipt in reference.receipts} == {item.id for item in load_catalogue().items}
    with psycopg2.connect(reference.run.addresses().postgres_dsn) as connection, connection.cursor() as cursor:
        cursor.execute("select distinct jsonb_object_keys(counts) from credit_state")
        in_states = {row[0] for row in cursor.fetchall()}
        cursor.execute("select distinct item from person_record")
        apart = {row[0] for row in cursor.fetchall()}
        cursor.execute("select distinct item from credit_record")
        assert not persons & {row[0] for row in cursor.fetchall()}
    connection.close()
    assert len(in_states) == 65
    assert not persons & in_states
    assert apart == persons


@pytest.mark.slow
def test_no_number_of_a_person_is_in_clear_anywhere(reference: Reference, files: list[Path]) -> None:
    # The pattern is right: the files do hold such numbers.
    assert any(PERSONAL.search(file.read_bytes()) for file in files if file.suffix == ".csv")
    config = bus_config(reference.run.settings, ADMIN)
    kafka = clients.admin(config)
    names = [t for t in kafka.list_topics(timeout=30).topics if t.startswith(config.topic_prefix)]
    assert len(names) > 30
    for name in names:
        for message in scan(config, name.removeprefix(config.topic_prefix)):
            assert not PERSONAL.search((message.key() or b"") + b" " + (message.value() or b"")), name
    with psycopg2.connect(reference.run.addresses().postgres_dsn) as connection, connection.cursor() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'select t::text from "{table}" t')
            assert not any(PERSONAL.search(row[0].encode()) for row in cursor.fetchall()), table
    connection.close()
    for log in (reference.run.settings.home / "logs").glob("*.log"):
        assert not PERSONAL.search(log.read_bytes()), log.name


@pytest.fixture(scope="module")
def halves(
    reference: Reference,
    hub_of: Callable[[str], Settings],
    city: Path,
    files: list[Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Run]:
    """Return a second hub that was given the city in halves, the second one first, shuffled, and then whole."""
    half, folder = len(files) // 2, tmp_path_factory.mktemp("halves")
    with Run(hub_of(f"halves{uuid.uuid4().hex[:8]}")) as run:
        run.push(some_of(city, files[half:], folder / "second", shuffle=3))
        run.push(some_of(city, files[:half], folder / "first", shuffle=5))
        run.push(city)
        run.settled()
        yield run


# In this order: the second test changes what the first one compares.
@pytest.mark.slow
def test_halves_in_another_order_shuffled_and_twice_give_the_same_states(reference: Reference, halves: Run) -> None:
    assert halves.hashes() == reference.hashes


@pytest.mark.slow
def test_one_changed_field_changes_exactly_its_subject(
    halves: Run, city: Path, files: list[Path], tmp_path: Path
) -> None:
    paid = next(file for file in files if file.suffix == ".csv" and "燃气费信息" in file.name)
    changed = some_of(city, [paid], tmp_path / "changed")
    uscc = change_one_amount(changed / paid.relative_to(city))
    before = halves.hashes()
    assert halves.push(changed)[0]["accepted"] > 1
    halves.settled()
    after = halves.hashes()
    assert before.keys() == after.keys()
    assert [subject for subject in before if before[subject] != after[subject]] == [uscc]


def change_one_amount(file: Path) -> str:
    """Raise the last digit of the last number of the first data row and return the subject of that row."""
    raw = file.read_bytes()
    encoding = "utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else "gb18030"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError:
        text = raw.decode("utf-8")
        encoding = "utf-8"
    lines = text.splitlines(keepends=True)
    row = header_row(file)
    found = re.search(r"9[0-9A-Z]{17}", lines[row])
    amounts = list(re.finditer(r"\d+\.\d\d(?!\d)", lines[row]))
    assert found is not None, lines[row]
    assert amounts, lines[row]
    last = amounts[-1]
    digit = str((int(last[0][-1]) + 1) % 10)
    lines[row] = lines[row][: last.end() - 1] + digit + lines[row][last.end() :]
    file.write_bytes("".join(lines).encode(encoding))
    return found[0]
