"""A record's message is what fastavro writes of the same value, wherever its sequence, handle and consents are put."""

import string
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bus.avro.encoding import Encoder
from catalogue.avro import bank_schema
from catalogue.load import load_catalogue
from catalogue.times import from_micros
from rules.release.columns import codes_text, consents_text, with_details_texts
from rules.release.projection import Projected
from rules.release.reasons import WithdrawalReason, Withheld, WithheldCode
from rules.release.visible import VisibleChange
from sinks.banks.messages import BankMessages, Head
from tests.unit.sinks.banks.releasing import LocalRegistry

TOPIC = "bank.yinhe.v1"
REGISTRY = LocalRegistry()
MESSAGES = BankMessages(REGISTRY, lambda: TOPIC)
ITEMS = {name: load_catalogue().item(name) for name in ("tax.payment", "utilities.water")}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
moments = st.integers(-(10**14), 7 * 10**15).map(from_micros)
amounts = st.decimals(-(10**15), 10**15, places=4)
days = st.dates(date(1950, 1, 1), date(2200, 1, 1))
heads = st.builds(Head, texts, st.none() | texts, moments, st.integers(1, 2**31 - 1))
withheld = st.lists(st.builds(Withheld, texts, st.sampled_from([*WithheldCode]), texts), max_size=3)
SEEN: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "tax.payment": st.fixed_dictionaries(
        {},
        optional={
            "tax_type": st.none() | texts,
            "tax_amount": st.none() | amounts,
            "year": st.none() | st.integers(1900, 2100),
            "month": st.none() | st.integers(1, 12),
            "last_normal_payment_date": st.none() | days,
        },
    ),
    "utilities.water": st.fixed_dictionaries(
        {"payment_details": st.none() | st.lists(st.fixed_dictionaries({"usage": amounts}), max_size=3)}
    ),
}


@given(st.data())
def test_a_record(data: st.DataObject) -> None:
    item = ITEMS[data.draw(st.sampled_from(sorted(ITEMS)))]
    head: Head = data.draw(heads)
    after = data.draw(st.none() | st.builds(Projected, SEEN[item.id], withheld))
    reason = data.draw(st.none() | st.sampled_from([*WithdrawalReason]))
    record = {"item": item.id, "source_time": data.draw(moments), "unit": data.draw(texts)}
    ends = data.draw(st.none() | days)
    seen = VisibleChange(record, item, None, after, reason)
    sequence = data.draw(st.integers(1, 2**62))
    handle = data.draw(st.text(string.hexdigits, min_size=32, max_size=32))
    consents = tuple(data.draw(st.lists(texts, max_size=3)))

    schema = bank_schema(item)
    assert schema is not None
    details = [field.name for field in item.fields if field.name == "payment_details"]
    expected = Encoder(REGISTRY, TOPIC, schema)(
        {
            **head.fields(), **record, "sequence": sequence, "op": seen.op, "record_key": handle, "reason": reason,
            "withheld_codes": codes_text(after.withheld) if after else None, "delete_by": ends,
            "data": with_details_texts(after.visible, details) if after else None,
            "consents": list(consents), "consents_json": consents_text(consents),
        }
    )  # fmt: skip
    assert MESSAGES.record(head, seen, ends).filled(sequence, handle, consents) == expected
