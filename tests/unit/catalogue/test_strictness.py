"""Which fields a row can do without: never its identity, subject, dates, amounts, nor what releases it."""

from catalogue.load import load_catalogue
from catalogue.model import FieldType, IdentityKind
from rules.indicators.definitions import load_indicators

STRICT = {
    FieldType.MONEY, FieldType.NUMBER, FieldType.INTEGER, FieldType.DATE, FieldType.TIMESTAMP, FieldType.MONTH,
    FieldType.YEAR, FieldType.DETAILS,
}  # fmt: skip


def test_what_a_record_rests_on_is_strict() -> None:
    for item in load_catalogue().items:
        subject = {item.subject.uscc, item.subject.name, item.subject.person, *item.subject.codes}
        conditions = {condition.field for field in item.fields for condition in field.public_when}
        rests = subject | conditions | {*item.identity.fields, *item.source_time, *item.reporting_period}
        for field in item.fields:
            if field.keeps_row:
                assert field.type not in STRICT, field
                assert not field.required, field
                assert field.name not in rests, field
                assert not item.about_persons, field
                assert item.identity.kind is not IdentityKind.CONTENT, field


def test_no_indicator_rests_on_a_field_that_may_be_left_out() -> None:
    catalogue = load_catalogue()
    for indicator in load_indicators():
        for series in indicator.series:
            kept = {field.name for field in catalogue.item(series.item).fields if field.keeps_row}
            assert not kept & series.reads(), indicator.id


def test_the_data_may_say_otherwise() -> None:
    registration = load_catalogue().item("1")
    # A company whose status nobody understood would look like one that is alive.
    assert not registration.field("registration_status").keeps_row
    assert not registration.field("capital_currency").keeps_row
    assert registration.field("legal_rep_id_number").keeps_row
    assert registration.field("postal_code").keeps_row
