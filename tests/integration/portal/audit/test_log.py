"""The audit log on the real broker: one chain, whoever writes at once, whoever takes over."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from bus.topics import AUDIT
from portal.audit.log import AuditLost
from rules.audit.entry import OK, ActorKind, AuditAct, AuditEntry
from tests import kafka
from tests.builders.consents import SUBJECT
from tests.integration.portal.conftest import Site

WITHIN_S = 30


def entry(actor: str = "op-1", outcome: str = OK) -> AuditEntry:
    return AuditEntry(datetime.now(UTC), ActorKind.OPERATOR, actor, AuditAct.SCOPE_SHOW, SUBJECT, "", (), outcome)


def written(site: Site) -> list[tuple[bytes, dict[str, Any]]]:
    return [(message.value() or b"", value) for message, value in kafka.messages(site.config, AUDIT)]


def assert_whole(site: Site, count: int) -> None:
    entries = written(site)
    assert [value["number"] for _, value in entries] == list(range(1, count + 1))
    assert [after["previous"] for _, after in entries] == [b"", *(value["digest"] for _, value in entries[:-1])]
    for raw, value in entries:
        assert value["digest"] == sha256(raw[:-33] + b"\x00").digest()


def test_many_threads_write_one_chain(site: Site) -> None:
    began = time.monotonic()
    with closing(site.audit()) as log:
        with ThreadPoolExecutor(16) as threads:
            numbers = list(threads.map(lambda one: log.record(entry(f"op-{one}")).result(WITHIN_S), range(2000)))
        assert sorted(number or 0 for number in numbers) == list(range(1, 2001))
    # A few thousand a minute are asked for.
    assert time.monotonic() - began < 30
    assert_whole(site, 2000)
    actors = {value["number"]: value["actor"] for _, value in written(site)}
    assert [actors[number or 0] for number in numbers] == [f"op-{one}" for one in range(2000)]


def test_a_successor_goes_on_and_the_former_one_is_lost(site: Site) -> None:
    former = site.audit()
    assert former.record(entry()).result(WITHIN_S) == 1
    with closing(site.audit()) as log:
        assert log.record(entry()).result(WITHIN_S) == 2
        # The former one may have had many that nobody committed: they are behind the last one that counts.
        doomed: list[Future[int | None]] = [former.record(entry("former")) for _ in range(40)]
        for one in doomed:
            with pytest.raises(AuditLost):
                one.result(WITHIN_S)
        assert former.lost
        with pytest.raises(AuditLost):
            former.record(entry()).result(WITHIN_S)
        assert log.record(entry()).result(WITHIN_S) == 3
    former.close()
    with closing(site.audit()) as again:
        assert again.record(entry()).result(WITHIN_S) == 4
    assert_whole(site, 4)


def test_who_waits_no_longer_stops_nobody(site: Site) -> None:
    with closing(site.audit()) as log:
        given_up = log.record(entry())
        assert not given_up.cancel()
        assert log.record(entry()).result(WITHIN_S) == 2
    assert_whole(site, 2)


def test_nothing_is_written_before_it_opened(site: Site) -> None:
    with pytest.raises(AuditLost, match="正在启动"):
        site.unopened_audit().record(entry()).result(WITHIN_S)


def test_refusals_beyond_the_limit_are_summed_up(site: Site) -> None:
    with closing(site.audit()) as log:
        futures = [log.record(entry(outcome="NOT_FOUND")) for _ in range(700)]
        assert [one.result(WITHIN_S) for one in futures].count(None) == 100
    *each, summed = [value for _, value in written(site)]
    assert ({value["count"] for value in each}, summed["count"], summed["outcome"]) == ({1}, 100, "NOT_FOUND")
    assert_whole(site, 601)


@pytest.mark.attack(by="somebody who may write into audit.v1", wants="to stop the portal by what it cannot read")
def test_what_is_no_entry_is_passed_over(site: Site) -> None:
    with closing(site.audit()) as log:
        log.record(entry()).result(WITHIN_S)
    kafka.send(site.config, AUDIT, [(None, b"forged")] * 20)
    with closing(site.audit()) as log:
        assert log.record(entry()).result(WITHIN_S) == 2
