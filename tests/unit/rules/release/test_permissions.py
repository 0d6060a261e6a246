"""Whom providers let have what, as of a day; and permissions are labels, for they decide what is told."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.errors import CatalogueError
from catalogue.load import load_catalogue
from rules.release.labels import current_labels, labels_of, read_labels
from rules.release.permissions import PERMISSIONS, Permission, last_day, load_permissions
from rules.release.recipients import RecipientKind

ITEMS = ["tax.payment", "tobacco.order"]
DAY = date(2026, 11, 30)
DAYS = st.dates(DAY - timedelta(days=3), DAY + timedelta(days=3))
PERMISSION = st.builds(
    Permission,
    st.sampled_from(ITEMS),
    st.frozensets(st.sampled_from(RecipientKind), min_size=1),
    st.sampled_from(["虚构函1号", "虚构函2号"]),
    DAYS,
)
BY_ITEM = {item.id: item for item in load_catalogue().items}


@given(st.lists(PERMISSION), st.sampled_from(ITEMS), st.sampled_from(RecipientKind), DAYS)
def test_a_day_is_permitted_when_one_permission_covers_it(
    given: list[Permission], item: str, kind: RecipientKind, day: date
) -> None:
    covering = [one for one in given if one.item == item and kind in one.kinds and one.expires >= day]
    until = last_day(given, item, kind, day)
    assert (until is not None) is bool(covering)
    if until is not None:
        # Every day up to the last one is permitted, and the one behind it is not.
        assert last_day(given, item, kind, until) == until
        assert last_day(given, item, kind, until + timedelta(days=1)) is None


@given(st.lists(PERMISSION), st.randoms())
def test_labels_keep_permissions_through_their_text(given: list[Permission], random: object) -> None:
    shuffled = list(given)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    labels = labels_of((), (), given)
    assert labels.text() == labels_of((), (), shuffled).text()
    assert read_labels(labels.text()) == labels


def test_another_permission_makes_other_labels() -> None:
    one = Permission("tax.payment", frozenset({RecipientKind.BANK}), "虚构函1号", DAY)
    labels = labels_of((), (), [one])
    assert labels.text() != labels_of((), ()).text()
    assert labels.permitted_until("tax.payment", RecipientKind.BANK, DAY) == DAY
    assert labels.permitted_until("tax.payment", RecipientKind.INSURER, DAY) is None
    assert labels.permitted_until("tobacco.order", RecipientKind.BANK, DAY) is None
    assert labels.permitted_until("tax.payment", RecipientKind.BANK, DAY + timedelta(days=1)) is None


def test_the_shipped_ones_are_samples_and_are_in_force_by_the_labels() -> None:
    assert "虚构" in PERMISSIONS.read_text("utf-8").splitlines()[1]
    assert all("虚构" in one.document for one in load_permissions())
    assert current_labels().permissions == load_permissions() != ()
    assert all(not BY_ITEM[one.item].about_persons for one in load_permissions())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is a list of permissions"),
        ("- tax.payment", "a permission says its items, kinds, document and expires"),
        ("- {items: [tax.payment], kinds: [bank], document: 函}", "there is no 'expires'"),
        ("- {items: [tax.payment], kinds: [bank], document: 函, expires: soon}", "write the last day"),
        ("- {items: [tax.payment], kinds: [bank], document: '', expires: 2026-12-31}", "document is empty"),
        ("- {items: [tax.payment], kinds: [banc], document: 函, expires: 2026-12-31}", "write a list of bank, insurer"),
        ("- {items: [tax.payment], kinds: [], document: 函, expires: 2026-12-31}", "kinds are"),
        ("- {items: [], kinds: [bank], document: 函, expires: 2026-12-31}", "items are"),
        ("- {items: [tax.pay], kinds: [bank], document: 函, expires: 2026-12-31}", "'tax.pay' is no item"),
        ("- {item: tax.payment, kinds: [bank]}", "there is no item; there are document"),
    ],
)
def test_what_is_wrong_is_told_by_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "permissions.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(CatalogueError, match=r"permissions\.yaml, line \d+: ") as refused:
        load_permissions(file)
    assert said in refused.value.message


def test_of_persons_no_provider_disposes(tmp_path: Path) -> None:
    file = tmp_path / "permissions.yaml"
    person = next(item.id for item in load_catalogue().items if item.about_persons)
    file.write_text(f"- {{items: [{person}], kinds: [bank], document: 函, expires: 2026-12-31}}", "utf-8")
    with pytest.raises(CatalogueError, match="no item that is about enterprises"):
        load_permissions(file)
