"""Quantiles of latencies."""

from hub.demo.figures import quantile


def test_a_quantile_is_one_of_the_values() -> None:
    values = [float(n) for n in range(100, 0, -1)]
    assert (quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1.0)) == (51.0, 100.0, 100.0)
    assert quantile([3.0], 0.5) == 3.0
    assert quantile([], 0.5) is None
