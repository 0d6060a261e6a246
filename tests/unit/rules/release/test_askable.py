"""Which indicators may be asked about, and that nothing behind them knows more than a band."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from catalogue.model import Sensitivity
from rules.indicators.definitions import load_indicators
from rules.release.askable import BELOW_ALL, AskableIndicator, askable_indicators, plain_number
from rules.release.labels import current_labels

ASKABLE = askable_indicators()
BANDED = [one for one in ASKABLE.values() if one.limits]
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=6)


def _band(indicator: AskableIndicator, value: Decimal) -> int:
    assert indicator.limits is not None
    return sum(limit <= value for limit in indicator.limits)


@given(st.sampled_from(BANDED), NUMBERS, NUMBERS)
def test_two_values_are_told_alike_where_they_lie_in_one_band(
    indicator: AskableIndicator, one: Decimal, other: Decimal
) -> None:
    alike = indicator.told(one) == indicator.told(other)
    assert alike is (_band(indicator, one) == _band(indicator, other))


@given(st.sampled_from(BANDED), NUMBERS)
def test_what_is_told_is_a_limit_and_never_the_value(indicator: AskableIndicator, value: Decimal) -> None:
    assert indicator.limits is not None
    assert indicator.told(value) in (BELOW_ALL, *indicator.limits)
    assert indicator.told(None) is None


def test_commercial_secrets_are_asked_about_by_bands_alone() -> None:
    definitions = {one.id: one for one in load_indicators()}
    assert {one.id for one in ASKABLE.values() if one.limits is None} == current_labels().public_indicators
    for one in ASKABLE.values():
        assert definitions[one.id].told
        if one.limits is not None:
            assert definitions[one.id].sensitivity is Sensitivity.CONSENT
            assert one.limits == definitions[one.id].bands != ()
    unbanded = {one.id for one in definitions.values() if one.sensitivity is Sensitivity.CONSENT and not one.bands}
    assert unbanded
    assert not unbanded & ASKABLE.keys()


@given(NUMBERS)
def test_a_number_is_written_so_that_it_is_read_back(number: Decimal) -> None:
    text = plain_number(number)
    assert Decimal(text) == number
    assert text == plain_number(Decimal(text))
