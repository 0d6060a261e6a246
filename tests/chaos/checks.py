"""What has to hold after any faults; each check returns what is wrong, nothing when all is well."""

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from bus import topics
from bus.avro.decoding import Decoder
from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.scan import scan
from rules.lists.membership import Status
from rules.rating.model import Basis
from sinks.banks.recipients import bank_ids

_SHOWN = 8


def wrong_sequences(config: BusConfig) -> tuple[list[str], int]:
    """Read every subject's sequences, committed messages only: exactly 1 … n. Return what is not, and how many are."""
    with closing(Registry(config)) as registry:
        return _wrong_sequences(config, Decoder(registry))


def _wrong_sequences(config: BusConfig, decode: Decoder) -> tuple[list[str], int]:
    wrong: list[str] = []
    count = 0
    kept = {topics.CHANGE: "", **{topics.bank_topic(bank): "" for bank in bank_ids()}}
    # Those of a rating are of a subject and a model, those of a membership of a subject and a list.
    for topic, of in {**kept, topics.RATING_CHANGE: "model", topics.LIST_CHANGE: "list"}.items():
        reached: dict[str, int] = {}
        for message in scan(config, topic):
            value = decode(message.value())
            key, sequence = f"{value['subject']} {value[of]}" if of else value["subject"], value["sequence"]
            if sequence != reached.get(key, 0) + 1:
                place = f"{topic}/{message.partition()}@{message.offset()}"
                wrong.append(f"{place}: sequence {sequence} of {key} after {reached.get(key, 0)}")
            reached[key] = max(sequence, reached.get(key, 0))
            count += 1
    return wrong, count


def wrong_entries(config: BusConfig) -> tuple[list[str], int]:
    """Compare whom each bank was told to be on a list with who is on a public one; return how many are, too."""
    with closing(Registry(config)) as registry:
        decode = Decoder(registry)

        def members(topic: str) -> set[tuple[str, str]]:
            told = (decode(message.value()) for message in scan(config, topic))
            last = {(one["subject"], one["list"]): one for one in told if "list" in one}
            public = {key for key, one in last.items() if one.get("basis", Basis.PUBLIC) == Basis.PUBLIC}
            return {key for key in public if last[key]["status"] == Status.MEMBER}

        on_lists = members(topics.LIST)
        found = []
        for bank in bank_ids():
            told = members(topics.bank_topic(bank))
            missing, alien = sorted(on_lists - told), sorted(told - on_lists)
            if missing or alien:
                found.append(f"{bank}: {len(missing)} members not told, {len(alien)} told that are none: "
                             f"{[*missing, *alien][:_SHOWN]}")  # fmt: skip
        return found, len(on_lists)


def ratings(config: BusConfig) -> dict[tuple[str, str], str]:
    """Return the hash of each rating that counts, by subject and model."""
    with closing(Registry(config)) as registry:
        decode = Decoder(registry)
        values = (decode(message.value()) for message in scan(config, topics.RATING))
        return {(value["subject"], value["model"]): value["hash"] for value in values}


def wrong_ratings(seen: Mapping[tuple[str, str], str], undisturbed: Mapping[tuple[str, str], str]) -> list[str]:
    """Compare all ratings with those of the undisturbed run."""
    other = sorted(key for key in seen.keys() | undisturbed.keys() if seen.get(key) != undisturbed.get(key))
    if not other:
        return [] if seen else ["nobody was rated"]
    named = ", ".join(" by ".join(key) for key in other[:_SHOWN])
    return [f"{len(other)} of {len(undisturbed)} ratings differ: {named}"]


def withdrawals(config: BusConfig) -> Counter[str]:
    """Count what was withdrawn from banks, by reason."""
    with closing(Registry(config)) as registry:
        decode = Decoder(registry)
        told = (decode(m.value()) for bank in bank_ids() for m in scan(config, topics.bank_topic(bank)))
        return Counter(one["reason"] for one in told if one.get("op") == "WITHDRAW" and "record_key" in one)


def wrong_proof(proof: Mapping[str, Any]) -> list[str]:
    """Return what the reconciliation finds: differences, and what never arrived."""
    found = [f"{d['arrow']}: {d['place']}: {d['what']} ({d['count']})" for d in proof["differences"]]
    if proof["difference"]:
        found.insert(0, f"reconciliation: difference {proof['difference']}")
    if proof["pending"]:
        where = {one["arrow"]: one["pending"] for one in proof["arrows"] if one["pending"]}
        found.append(f"reconciliation: still on their way: {where}")
    if proof["open_submissions"]:
        found.append(f"reconciliation: {proof['open_submissions']} submissions not finished")
    return found


def wrong_states(verification: Mapping[str, Any]) -> list[str]:
    """Return what ``verify-state`` finds: values that are not what the plain definitions make of the events."""
    found = [f"{d['subject']}: {d['field']}: held {d['held']}, computed {d['computed']}"
             for d in verification["differences"]]  # fmt: skip
    if verification["difference"]:
        found.insert(0, f"verification: difference {verification['difference']}")
    if verification["unverified"] or verification["pending"]:
        found.append(f"verification: {verification['unverified']} not verified, {verification['pending']} pending")
    if verification["ratings_pending"]:
        found.append(f"verification: {verification['ratings_pending']} enterprises are not rated yet")
    if verification["ratings"] and not verification["lists"]:
        found.append("verification: nobody stands on a list, though days have ended")
    return found


def wrong_hashes(seen: Mapping[str, Any], undisturbed: Mapping[str, Any]) -> list[str]:
    """Compare all states with those of the undisturbed run."""
    if seen["hash"] == undisturbed["hash"]:
        return []
    mine, theirs = seen["by_subject"], undisturbed["by_subject"]
    other = sorted(s for s in mine.keys() | theirs.keys() if mine.get(s) != theirs.get(s))
    persons = ["the persons' records"] if seen["persons"] != undisturbed["persons"] else []
    return [
        f"hash {seen['hash']}, undisturbed {undisturbed['hash']}",
        f"{len(other)} of {len(theirs)} states differ: {', '.join([*other[:_SHOWN], *persons])}",
    ]
