"""The delay of a webhook, and how a dead one beside it changes it."""

import json
from pathlib import Path

import pytest

from benchmarks.revoke_dead import WebhookRun, delays, ratio
from benchmarks.revoke_receiver import Hooked, flag_of, noting, read_log
from tests.https_receiver import Got, Receiver


def hooked(at_s: float, sequence: int) -> Hooked:
    """Return a message as a server had it."""
    return Hooked(at_s, "S", sequence, ())


def test_what_comes_again_counts_as_it_first_came() -> None:
    committed = {("S", 1): 1.0, ("S", 2): 2.0}
    assert delays(committed, [hooked(1.5, 1), hooked(1.9, 2), hooked(9.0, 1)]) == [0.5, 0.0]


def test_what_did_not_come_is_no_delay_of_nothing() -> None:
    with pytest.raises(KeyError):
        delays({("S", 1): 1.0}, [hooked(1.5, 2)])


def test_the_ratio_is_that_of_the_medians() -> None:
    runs = [WebhookRun(is_dead, 1, p99, p99) for is_dead in (False, True) for p99 in (1.0, 1.0 + is_dead, 90.0)]
    assert ratio(runs) == 2.0


def test_a_server_notes_what_came_but_not_while_it_is_dead(tmp_path: Path) -> None:
    view = {"op": "REPORT", "record_key": "k", "consents": ["C-1"], "content": {}, "subject": "S", "sequence": 7}
    got = Got({}, json.dumps({"data": {"messages": [view, {**view, "content": None, "sequence": 8}]}}).encode())
    answers = noting(tmp_path, "yinhe", Receiver(tmp_path))
    assert answers(got) == (204, {})
    log = tmp_path / "yinhe.jsonl"
    assert [(one.sequence, one.consents) for one in read_log(log)] == [(7, ("C-1",)), (8, ())]
    # What is being written is not read yet.
    log.write_bytes(log.read_bytes() + b"[1.0,")
    assert len([*read_log(log)]) == 2
    assert flag_of(tmp_path, "yinhe") != flag_of(tmp_path, "qinghe")
