"""Whatever is done to a chain is found, and the first fault has its kind."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.crypto.signing import Ed25519Signer, new_key
from bus.topics import ANCHOR, AUDIT, RELEASE
from catalogue import wire
from proofs.audit.faults import FaultKind
from tests.unit.proofs.audit.chains import Chains, lived

PLACES = ((ANCHOR, 0), (AUDIT, 0), (RELEASE, 0), (RELEASE, 1))


def test_what_nobody_touched_is_whole() -> None:
    report = lived().verified()
    assert (report.faults, report.first) == (0, ())
    assert (report.entries, report.steps, report.released, report.anchors) == (6, 9, 14, 2)
    assert report.as_json()["whole"] is True
    assert Chains().verified().faults == 0


@pytest.mark.attack(by="somebody who may write into or delete from audit.v1", wants="an entry to be gone or another")
@pytest.mark.parametrize("at", range(6))
def test_an_entry_that_is_missing_doubled_altered_or_moved_is_named(at: int) -> None:
    def first(change: list[bytes]) -> tuple[FaultKind, str]:
        chains = lived()
        chains.messages[AUDIT, 0] = change
        found = chains.verified().first[0]
        return found.kind, found.place

    whole = lived().messages[AUDIT, 0]
    missing = first([*whole[:at], *whole[at + 1 :]])
    # The last one is missed by the anchor alone.
    assert missing == (FaultKind.MISSING, "audit.v1/0" if at == 5 else f"audit.v1/0@{at}")
    assert first([*whole[: at + 1], *whole[at:]]) == (FaultKind.DOUBLED, f"audit.v1/0@{at + 1}")
    assert first([*whole, whole[at]]) == (FaultKind.DOUBLED, "audit.v1/0@6")
    altered = whole[at].replace(b"op-", b"ot-")
    assert first([*whole[:at], altered, *whole[at + 1 :]]) == (FaultKind.ALTERED, f"audit.v1/0@{at}")
    if at < 5:
        swapped = [*whole[:at], whole[at + 1], whole[at], *whole[at + 2 :]]
        assert first(swapped) == (FaultKind.REORDERED, f"audit.v1/0@{at}")
    assert first([*whole[:at], b"forged", *whole[at + 1 :]])[0] is FaultKind.ALTERED


@pytest.mark.attack(by="somebody who writes the log anew", wants="the chain to hold, with other entries in it")
def test_a_chain_that_was_written_anew_is_not_what_was_anchored() -> None:
    chains, other = lived(), Chains()
    for number in range(6):
        other.ask(f"another-{number}")
    chains.messages[AUDIT, 0] = other.messages[AUDIT, 0]
    report = chains.verified()
    assert [(one.kind, one.place) for one in report.first] == [
        (FaultKind.ALTERED, "audit.v1/0@4"), (FaultKind.ALTERED, "audit.v1/0@5"),
    ]  # fmt: skip


@pytest.mark.attack(by="the hub itself", wants="to write log and anchors anew, against an anchor that a bank kept")
def test_an_anchor_that_was_kept_outside_convicts_the_hub() -> None:
    kept, anew = lived(), Chains()
    for number in range(6):
        anew.ask(f"another-{number}")
    anew.sign()
    assert anew.verified().faults == 0
    found = anew.verified(tuple(kept.anchors[:1])).first
    assert (FaultKind.ALTERED, "audit.v1/0@4") in [(one.kind, one.place) for one in found]
    # Of the releases, which are not there any more.
    assert (FaultKind.MISSING, "release.v1/1") in [(one.kind, one.place) for one in found]
    assert lived().verified(tuple(kept.anchors)).faults == 0


@pytest.mark.attack(by="somebody who cuts off the end of the log", wants="the newest entries never to have been")
def test_a_tail_that_was_cut_off_is_missed() -> None:
    for chain in ((AUDIT, 0), (RELEASE, 0), (RELEASE, 1)):
        chains = lived()
        del chains.messages[chain][-1:]
        assert FaultKind.MISSING in [one.kind for one in chains.verified().first], chain
        chains.messages[chain] = []
        assert chains.verified().first[0].kind is FaultKind.MISSING


@pytest.mark.attack(by="somebody who may write into anchor.v1", wants="an anchor of his own to count")
def test_a_forged_anchor_is_named() -> None:
    chains = lived()
    chains.sign(Ed25519Signer(new_key()))
    (found,) = chains.verified().first
    assert (found.kind, found.place) == (FaultKind.FORGED, "anchor.v1/0@2")
    chains = lived()
    decode, encode = Decoder(chains.registry), Encoder(chains.registry, ANCHOR, wire.ANCHOR)
    value = decode(chains.messages[ANCHOR, 0][1])
    chains.messages[ANCHOR, 0][1] = encode({**value, "heads": value["heads"][:1]})
    assert chains.verified().first[0].kind is FaultKind.FORGED
    one, two = lived().messages[ANCHOR, 0]
    for messages, kind in (
        ([two], FaultKind.MISSING), ([one, one, two], FaultKind.DOUBLED), ([two, one], FaultKind.REORDERED),
    ):  # fmt: skip
        chains = lived()
        chains.messages[ANCHOR, 0] = messages
        assert chains.verified().first[0].kind is kind


@pytest.mark.attack(by="somebody who may write into or delete from release.v1", wants="a release never to have been")
def test_steps_and_entries_that_are_missing_doubled_altered_or_moved_are_named() -> None:
    whole = lived().messages[RELEASE, 1]
    entry, step = 0, 2
    for change, kind in (
        ([*whole[1:]], FaultKind.MISSING),
        ([whole[entry], *whole], FaultKind.DOUBLED),
        ([whole[1], whole[0], *whole[2:]], FaultKind.ALTERED),
        # A step without entries is gone, comes twice, or behind the next one.
        ([*whole[:3], *whole[4:]], FaultKind.MISSING),
        ([*whole[:4], *whole[3:]], FaultKind.DOUBLED),
        ([whole[0].replace(b"yinhe", b"yinha"), *whole[1:]], FaultKind.ALTERED),
        ([*whole[:step], whole[step][:-1], *whole[step + 1 :]], FaultKind.ALTERED),
        # Steps with their entries, one before another.
        ([*whole[:3], *whole[4:8], whole[3], *whole[8:]], FaultKind.REORDERED),
    ):
        chains = lived()
        chains.messages[RELEASE, 1] = list(change)
        assert chains.verified().first[0].kind is kind, change


@given(st.data())
def test_whatever_is_done_to_one_message_is_found(data: st.DataObject) -> None:
    chains = lived()
    place = data.draw(st.sampled_from(PLACES))
    messages = chains.messages[place]
    at = data.draw(st.integers(0, len(messages) - 1))
    way = data.draw(st.sampled_from(["drop", "double", "swap", "bit"]))
    before = sha256(b"".join(messages)).digest()
    if way == "drop":
        del messages[at]
    elif way == "double":
        messages.insert(data.draw(st.integers(0, len(messages))), messages[at])
    elif way == "swap":
        other = data.draw(st.integers(0, len(messages) - 1))
        messages[at], messages[other] = messages[other], messages[at]
    else:
        raw = bytearray(messages[at])
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        messages[at] = bytes(raw)
    changed = sha256(b"".join(messages)).digest() != before
    # The newest anchor is missed by whoever kept it alone.
    is_newest_anchor = place[0] == ANCHOR and way == "drop" and at == len(messages)
    assert (chains.verified().faults > 0) == (changed and not is_newest_anchor)
