"""Cells of a reference: how a percentile follows from a spread, and which cell is taken."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.reference.cells import ALL, LEAST_PEERS, Cell, Peers, cell_of, cells_of
from rules.size.table import ALL_SIZES

SCORES = st.integers(0, 1000)
CIRCLES = st.tuples(st.sampled_from(["", "C", "F"]), st.sampled_from(ALL_SIZES))
ENTERPRISES = st.lists(st.tuples(CIRCLES, SCORES), min_size=1, max_size=200)


def counted(enterprises: list[tuple[tuple[str, str], int]]) -> Peers:
    found: dict[tuple[str, str], Counter[int]] = {}
    for circle, score in enterprises:
        found.setdefault(circle, Counter())[score] += 1
    return found


def cell_with(scores: list[int]) -> Cell:
    return cells_of({("", ALL_SIZES[0]): Counter(scores)})[0]


@given(st.lists(SCORES, min_size=LEAST_PEERS, max_size=300), SCORES)
def test_a_percentile_is_the_share_of_those_with_fewer_points(scores: list[int], score: int) -> None:
    fewer = sum(one < score for one in scores)
    assert cell_with(scores).percentile(score) == min(99, 100 * fewer // len(scores))


@given(st.lists(SCORES, min_size=LEAST_PEERS, max_size=300), SCORES, SCORES)
def test_more_points_never_lower_a_percentile(scores: list[int], one: int, other: int) -> None:
    cell = cell_with(scores)
    assert cell.percentile(min(one, other)) <= cell.percentile(max(one, other))


@given(ENTERPRISES, st.randoms(use_true_random=False))
def test_any_order_gives_the_same_cells(enterprises: list[tuple[tuple[str, str], int]], random: object) -> None:
    mixed = list(enterprises)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert cells_of(counted(mixed)) == cells_of(counted(enterprises))


@given(ENTERPRISES, CIRCLES)
def test_the_narrowest_cell_with_enough_is_taken(
    enterprises: list[tuple[tuple[str, str], int]], circle: tuple[str, str]
) -> None:
    cells = cells_of(counted(enterprises))
    sector, size = circle
    of_both = sum(own == circle for own, _ in enterprises)
    of_sector = sum(own[0] == sector for own, _ in enterprises)
    found = cell_of(cells, sector, size)
    if sector and of_both >= LEAST_PEERS:
        assert found is not None
        assert found[:3] == (sector, size, of_both)
    elif sector and of_sector >= LEAST_PEERS:
        assert found is not None
        assert found[:3] == (sector, ALL, of_sector)
    elif len(enterprises) >= LEAST_PEERS:
        assert found is not None
        assert found[:3] == (ALL, ALL, len(enterprises))
    else:
        assert found is None
        assert cells == ()


@pytest.mark.parametrize(("peers", "cells"), [(29, 0), (30, 3)])
def test_thirty_are_enough_and_twenty_nine_are_not(peers: int, cells: int) -> None:
    assert len(cells_of({("F", "小型"): Counter({700: peers})})) == cells
