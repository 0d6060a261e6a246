"""The store: prefixes in order, all or nothing, and a damaged file is never read past."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from catalogue.errors import Unavailable
from processing.store import Store, condemn, is_corruption


def read_each(store: Store) -> None:
    for n in range(200_000):
        assert store.get(b"s%06d" % n) == b"v" * 100


def read_upwards(store: Store) -> None:
    assert sum(1 for _ in store.below(b"s")) == 200_000


def read_downwards(store: Store) -> None:
    assert sum(1 for _ in store.highest(b"s")) == 200_000


@pytest.mark.parametrize("read", [read_each, read_upwards, read_downwards])
def test_a_corrupt_block_is_never_read_past_and_the_store_is_made_anew(
    tmp_path: Path, read: Callable[[Store], None]
) -> None:
    place = tmp_path / "store"
    store = Store(place)
    store.write({b"s%06d" % n: b"v" * 100 for n in range(200_000)})
    store.close()
    (table, *_) = sorted(place.glob("*.sst"), key=lambda f: f.stat().st_size, reverse=True)
    whole = table.read_bytes()
    table.write_bytes(whole[:5000] + bytes(200) + whole[5200:])
    store = Store(place)
    with pytest.raises(Exception, match="Corruption") as problem:
        read(store)
    store.close()
    assert is_corruption(problem.value)
    # It holds the iterator, which holds the files.
    del problem
    condemn(place)
    store = Store(place)
    assert store.get(b"s000000") is None
    store.close()


def test_a_store_in_use_is_told_from_one_whose_damage_shows_on_opening(tmp_path: Path) -> None:
    place = tmp_path / "block"
    store = Store(place)
    store.write({b"s%06d" % n: b"v" * 100 for n in range(20_000)})
    with pytest.raises(Unavailable, match="another process"):
        Store(place)
    store.close()
    for table in place.glob("*.sst"):
        table.write_bytes(table.read_bytes()[:-100])
    store = Store(place)
    assert store.get(b"s000000") is None
    store.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "a" / "store")) as made:
        yield made


def test_what_is_written_is_read_and_none_deletes(store: Store) -> None:
    store.write({b"a": b"1", b"b": b""})
    assert (store.get(b"a"), store.get(b"b"), store.get(b"c")) == (b"1", b"", None)
    store.write({b"a": None, b"c": b"3", b"never": None})
    assert (store.get(b"a"), store.get(b"c"), store.get(b"never")) == (None, b"3", None)


def test_a_prefix_is_read_in_order_both_ways(store: Store) -> None:
    store.write({key: key for key in (b"a\xfe", b"b", b"b\x00x", b"b\xfe", b"ba", b"c")})
    assert list(store.below(b"b")) == [(key, key) for key in (b"b", b"b\x00x", b"ba", b"b\xfe")]
    assert [key for key, _ in store.below(b"b", b"ba")] == [b"ba", b"b\xfe"]
    assert list(store.highest(b"b")) == [b"b\xfe", b"ba", b"b\x00x", b"b"]
    assert not list(store.below(b"x"))
    assert not list(store.highest(b"x"))


def test_a_prefix_is_cleared_and_its_neighbours_stay(store: Store) -> None:
    store.write(dict.fromkeys((b"a\xff", b"b", b"b1", b"b\xff\xff", b"c"), b""))
    store.clear(b"b")
    assert [key for key, _ in store.below(b"a")] + [key for key, _ in store.below(b"b")] == [b"a\xff"]
    assert store.get(b"c") == b""


def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "store")) as store:
        store.write({b"a": b"1"})
    with closing(Store(tmp_path / "store")) as store:
        assert store.get(b"a") == b"1"


def test_a_condemned_store_is_empty_when_it_is_opened_again(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "store")) as store:
        store.write({b"a": b"1"})
    condemn(tmp_path / "store")
    with closing(Store(tmp_path / "store")) as store:
        assert store.get(b"a") is None
        store.write({b"a": b"2"})
    with closing(Store(tmp_path / "store")) as store:
        assert store.get(b"a") == b"2"
