"""How far a count is from what is expected."""

import pytest

from proofs.reconcile.expectations import outside


@pytest.mark.parametrize(("count", "off"), [(0, 3), (2, 1), (3, 0), (4, 0), (5, 0), (6, 1), (9, 4)])
def test_a_count_is_off_by_what_is_missing_or_too_much(count: int, off: int) -> None:
    assert outside(count, 3, 5) == off
