"""The arrow of the changes: sequences without a gap, the states at the same sequence, and a change for each record."""

import hashlib
from collections.abc import Mapping
from typing import Any

from bus import topics
from catalogue.envelope import changelog_key
from catalogue.model import Catalogue
from proofs.continuous.merged import MergedEvents
from proofs.continuous.moment import ProvenMoment
from proofs.reconcile.decoding import stamp
from proofs.reconcile.findings import CHANGES
from proofs.reconcile.records import named
from rules.release.publication import publication_rules
from rules.release.reasons import WithdrawalReason
from rules.release.visible import Payload, withdrawal_reason

SEQUENCES, STATES, STATE_HASHES = "changes", "states", "state hashes"


class PublishedChanges:
    """One window of the arrow: states and changes, both to ends that were taken at once.

    A transaction may lie across these ends: the one side has it, the other not yet. By the next pass it has.
    """

    def __init__(self, moment: ProvenMoment, catalogue: Catalogue, payload: Payload) -> None:
        """``payload`` decodes what an event carries (`bus.avro.decoding.Decoder.payload`)."""
        self._moment = moment
        self._publications, self._payload = publication_rules(catalogue.items), payload
        # Tokens of records that the law ended: no event of the window need say them.
        self._ended: set[str] = set()
        # Of each subject that was open: up to where each side has to come in this pass.
        self._targets = {
            subject: max(moment.last(SEQUENCES, subject), moment.last(STATES, subject)) for subject in moment.unsettled
        }
        self._moved: set[str] = set()
        self._told: dict[bytes, set[bytes]] = {}
        # Seen by the pass before; they are of events of this window.
        self._ahead: dict[bytes, set[bytes]] = {}
        for token in moment.balance(CHANGES).ahead:
            self._ahead.setdefault(_key_of(token), set()).add(bytes.fromhex(token.rpartition("\x00")[2]))

    def versions(self) -> dict[bytes, set[bytes]]:
        """Return what the changes of the window tell, by record key, with what the pass before saw ahead."""
        keys = self._told.keys() | self._ahead.keys()
        return {key: self._told.get(key, set()) | self._ahead.get(key, set()) for key in keys}

    def take_change(self, change: Mapping[str, Any], where: str) -> None:
        """Take a change; its times are as on the wire."""
        moment, subject, sequence = self._moment, change["subject"], change["sequence"]
        before = moment.last(SEQUENCES, subject)
        if sequence <= before:
            moment.differ(CHANGES, where, f"double sequence {sequence} of {subject}")
        else:
            if sequence > before + 1:
                what = f"sequence {sequence} of {subject} after {before}"
                moment.differ(CHANGES, where, what, sequence - before - 1)
            moment.follow(SEQUENCES, subject, sequence)
        self._moved.add(subject)
        for record in change["records"]:
            key = changelog_key(subject, record["item"], record["record_key"])
            version = stamp(record)
            self._told.setdefault(key, set()).add(version)
            if record["was_live"] and not record["live"] and self._was_ended(record, change["as_of"]):
                self._ended.add(_token(key, version))

    def _was_ended(self, record: Mapping[str, Any], as_of: int) -> bool:
        """Whether the law ends a record by a day, whatever its source says."""
        rule = self._publications.get(record["item"])
        return withdrawal_reason(rule, record, as_of, self._payload) is not WithdrawalReason.SOURCE

    def take_state(self, state: Mapping[str, Any], where: str) -> None:
        """Take a state; the same name for a later moment is a new state of the same sequence."""
        moment, subject, sequence = self._moment, state["subject"], state["sequence"]
        before, digest = moment.last(STATES, subject), _digest(state)
        if sequence < before:
            moment.differ(CHANGES, where, f"an older state over a newer one of {subject}")
        elif sequence == before and digest == moment.last(STATE_HASHES, subject):
            moment.differ(CHANGES, where, f"double state of {subject}")
        moment.follow(STATES, subject, sequence)
        moment.follow(STATE_HASHES, subject, digest)
        self._moved.add(subject)

    def settle(self, merged: MergedEvents) -> None:
        """Compare both sides with each other, and the changes with the events."""
        moment = self._moment
        for subject in self._moved | self._targets.keys():
            changed, state = moment.last(SEQUENCES, subject), moment.last(STATES, subject)
            target = self._targets.get(subject, 0)
            if min(changed, state) < target:
                what = f"{subject}: state at {state}, changes at {changed}"
                moment.differ(CHANGES, topics.STATE, what, target - min(changed, state))
                # Told once; from here on both are taken to be where the further one is.
                changed = state = max(changed, state)
                moment.follow(SEQUENCES, subject, changed)
                moment.follow(STATES, subject, state)
            (moment.unsettled.discard if changed == state else moment.unsettled.add)(subject)
        self._settle_strange(merged)

    def _settle_strange(self, merged: MergedEvents) -> None:
        """Every change says what an event said, of this window or, when it was published meanwhile, of the next one.

        Or it ends, by the day, what an event of any window said.
        """
        balance = self._moment.balance(CHANGES)
        seen = [_token(key, version) for key, versions in self._told.items() for version in versions]
        wanted = {*seen, *balance.ahead}
        due = [token for token in wanted if token in self._ended or _is_of_event(token, merged)]
        for one in balance.settle(due, [token for token in seen if token not in balance.ahead]):
            if one.was_seen:
                what = f"a change of what no event says: {named(_key_of(one.token))}"
                self._moment.differ(CHANGES, topics.CHANGE, what)


def _token(key: bytes, version: bytes) -> str:
    return f"{key.decode()}\x00{version.hex()}"


def _key_of(token: str) -> bytes:
    return token.rpartition("\x00")[0].encode()


def _is_of_event(token: str, merged: MergedEvents) -> bool:
    """Whether an event of the window says this, or a whole set of the window may have ended the record."""
    key = _key_of(token)
    events = merged.events.get(key)
    if events is not None and bytes.fromhex(token.rpartition("\x00")[2]) in events.stamps:
        return True
    return key.rpartition(b"\x00")[0] in merged.replaced_sets


def _digest(state: Mapping[str, Any]) -> int:
    """Return 62 bits of a hash of what a state says; a long holds them."""
    named_by = sorted((state["named_by"] or {}).items())
    shown = repr((state["hash"], state["as_of"], state["subject_name"], named_by))
    return int.from_bytes(hashlib.blake2b(shown.encode(), digest_size=8).digest()) >> 2
