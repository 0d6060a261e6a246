"""Cursors of pulls and views: each is its recipient's alone, and for what it was given for."""

import base64

import pytest

from bus import topics
from tests.builders.consents import SUBJECT
from tests.integration.portal.recipients.conftest import REPORT, STATED, World


@pytest.mark.attack(by="a bank", wants="another bank's changes, by its cursor, or places that it made up")
def test_another_s_cursor(world: World) -> None:
    world.pay("r1", item=REPORT, registration_authority="虚构登记机关")
    world.release()
    own = world.get("yinhe", "changes").json()["cursor"]
    assert world.get("yinhe", "changes", cursor=own).status_code == 200
    refused = world.get("qinghe", "changes", cursor=own)
    assert (refused.status_code, refused.json()["code"]) == (422, "CURSOR_REFUSED")
    raw = bytearray(base64.urlsafe_b64decode(own + "=" * (-len(own) % 4)))
    for at in (0, 4, 20, len(raw) - 1):
        forged = bytes(raw[:at]) + bytes([raw[at] ^ 1]) + bytes(raw[at + 1 :])
        text = base64.urlsafe_b64encode(forged).rstrip(b"=").decode()
        assert world.get("yinhe", "changes", cursor=text).status_code == 422
    for text in ("", "0", "AAAA", "=", "é", "0" * 1000, own[:-1], own + "A", "../..", own.swapcase()):
        assert world.get("yinhe", "changes", cursor=text).status_code == 422, text
    assert world.get("yinhe", "changes", cursor="0" * 1001).status_code == 422
    # Nor is one taken for something else.
    assert world.get("yinhe", f"subjects/{SUBJECT}", cursor=own, **STATED).status_code == 422


@pytest.mark.attack(
    by="a bank", wants="another enterprise's records, by the cursor of a view, or another purpose by it"
)
def test_a_cursor_of_another_view(world: World) -> None:
    world.pay("r1", "r2", item=REPORT, registration_authority="虚构登记机关")
    cursor = world.get("yinhe", f"subjects/{SUBJECT}", limit=1, **STATED).json()["cursor"]
    assert world.get("yinhe", f"subjects/{SUBJECT}", cursor=cursor, **STATED).status_code == 200
    for name, subject, stated in (
        ("qinghe", SUBJECT, STATED),
        ("yinhe", "91630100MA7540002X", STATED),
        ("yinhe", SUBJECT, STATED | {"use": "POST_LOAN"}),
        ("yinhe", SUBJECT, STATED | {"purpose": "GUARANTEE"}),
    ):
        assert world.get(name, f"subjects/{subject}", cursor=cursor, **stated).status_code == 422
    assert world.get("yinhe", "changes", cursor=cursor).status_code == 422


def test_a_cursor_behind_the_end_or_before_what_is_kept_says_so(world: World) -> None:
    cursors = world.recipients.services.changes._cursors
    ahead = cursors.seal([10**9] * world.site.config.partitions, "yinhe", "changes")
    assert world.get("yinhe", "changes", cursor=ahead).json()["code"] == "CURSOR_REFUSED"
    fewer = cursors.seal([0], "yinhe", "changes")
    assert world.get("yinhe", "changes", cursor=fewer).json()["code"] == "CURSOR_REFUSED"
    before = cursors.seal([-1] * world.site.config.partitions, "yinhe", "changes")
    expired = world.get("yinhe", "changes", cursor=before)
    assert (expired.status_code, expired.json()["code"]) == (410, "CURSOR_EXPIRED")
    assert topics.bank_topic("yinhe") not in expired.text
    assert world.get("yinhe", "changes", limit=0).status_code == 422
    assert world.get("yinhe", "changes", limit=501).status_code == 422
