"""Labels that are in use only while the newest published version has them."""

from itertools import permutations

import pytest

from catalogue.errors import Unavailable
from catalogue.load import load_catalogue
from rules.release.followed_labels import FollowedLabels
from rules.release.labels import digest_of, labels_of
from rules.release.permissions import load_permissions

LABELS = labels_of(load_catalogue().items, set(), load_permissions())
OWN = digest_of(LABELS.text())


def test_nothing_is_in_use_before_it_was_published() -> None:
    with pytest.raises(Unavailable, match=r"version 0 of some\.topic"):
        FollowedLabels(LABELS, "some.topic").current()


@pytest.mark.parametrize("order", list(permutations([(1, "other"), (2, OWN), (2, OWN), (1, "other")])))
def test_the_newest_version_decides_in_whatever_order_it_comes(order: list[tuple[int, str]]) -> None:
    followed = FollowedLabels(LABELS, "some.topic")
    for version, digest in order:
        followed.take({"version": version, "digest": digest})
    assert followed.current() is LABELS
    followed.take({"version": 3, "digest": "other"})
    with pytest.raises(Unavailable, match=r"version 3 of some\.topic"):
        followed.current()
