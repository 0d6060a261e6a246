"""A night of an operator: faults one after another, who is told of them, and that it is over again."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial

import hub.stack
from tests.waiting import until
from tests.watching.causes import (
    REGISTRAR,
    Site,
    closed_platform,
    foreign_message,
    frozen,
    killed,
    locked_table,
)
from tests.watching.tower import Told, Tower

# For how long nobody may be told anything, before it is divided by the tower's speed; and at least.
_QUIET_S, _LEAST_QUIET_S = 90.0, 15.0
Say = Callable[[str], None]


def quiet_when_all_is_well(site: Site, tower: Tower) -> None:
    """All processes of the list answer, and nobody is told anything."""
    names = {row.name for row in hub.stack.status(site.settings).processes if "/metrics" in row.address}
    until(
        lambda: {series["metric"]["process"] for series in tower.query("credithub_ready == 1")} >= names,
        lambda: f"all of {sorted(names)} are ready: {tower.query('credithub_ready')}",
        patience_s=180,
    )
    until(lambda: not tower.firing(), tower.firing, patience_s=180)


def stay_quiet(tower: Tower) -> None:
    """Give everybody who might say something the time to do so."""
    time.sleep(max(_LEAST_QUIET_S, _QUIET_S / tower.speed))


@contextmanager
def alarm(
    tower: Tower,
    name: str,
    cause: AbstractContextManager[object],
    *,
    hurt: frozenset[str] = frozenset(),
    say: Say = print,
) -> Iterator[Told]:
    """Somebody is told of a cause by this name, and that it is over.

    No other page comes but for the part itself and who is ``hurt``: at a higher speed their way back takes too long.
    """
    begun, since = len(tower.told), time.monotonic()
    with cause:
        told = tower.until_told(name, since=begun, patience_s=300 + 2500 / tower.speed)
        say(f"{name}: told after {time.monotonic() - since:.0f} s: {told.summary}")
        yield told
    since = time.monotonic()
    tower.until_over(name, patience_s=300 + 2500 / tower.speed)
    say(f"{name}: over after {time.monotonic() - since:.0f} s")
    assert_no_page_but_of(tower, begun, hurt | {told.part})


def assert_no_page_but_of(tower: Tower, begun: int, parts: frozenset[str]) -> None:
    """Assert that nobody was woken, after the first ``begun`` of what was told, but for these parts."""
    others = [told.name for told in tower.pages(begun) if told.part not in parts]
    assert not others, f"pages that nobody needs: {others}"


def faults_of_one_part_each(site: Site, tower: Tower, say: Say = print) -> None:
    """Faults of several parts at the same time: each is told by its own name, and nothing else wakes anybody."""
    begun = len(tower.told)
    causes: dict[str, AbstractContextManager[None]] = {
        "ProcessDown release": frozen(site, "release"),
        "UnreadableMessages worker-0": foreign_message(site),
        "NotReady sink-postgres": locked_table(site),
        "UpstreamRefusing": closed_platform(site),
    }
    with ExitStack() as faults:
        for cause in causes.values():
            faults.enter_context(cause)
        since = time.monotonic()
        # Something must wait, else nobody misses who delivers it.
        site.push(seed=1, unit=REGISTRAR)
        for alert in causes:
            told = tower.until_told(alert, since=begun)
            say(f"{alert}: told after {time.monotonic() - since:.0f} s: {told.summary}")
        assert "lock on credit_record" in tower.until_told("NotReady sink-postgres", since=begun).summary
    since = time.monotonic()
    for alert in causes:
        tower.until_over(alert, patience_s=300 + 900 / tower.speed)
        say(f"{alert}: over after {time.monotonic() - since:.0f} s")
    # A part may be told of twice, by its cause and by what follows, when the cause is found a moment later.
    # A message that cannot be read hurts nobody.
    hurt = {alert.split()[-1] for alert in causes} - {"worker-0"} | {"sink-upstream"}
    others = {told.name for told in tower.pages(begun) if told.labels.get("process") not in hurt} - causes.keys()
    assert not others, f"pages that nobody needs: {others}"


def killed_again_and_again(site: Site, tower: Tower, process: str = "clock", say: Say = print) -> None:
    """A process ends as often as it is started. It answers in between, so that it does not look dead."""

    def started() -> str:
        (series,) = tower.query(f'process_start_time_seconds{{process="{process}"}}') or [{"value": [0, ""]}]
        return str(series["value"][1])

    since, pid = time.monotonic(), None
    seen = started()
    for _ in range(3):
        pid = killed(site, process, after=pid)
        seen = until(partial(_another, started, seen), f"{process} answers again", patience_s=120)
    told = tower.until_told(f"CrashLoop {process}")
    say(f"CrashLoop: told after {time.monotonic() - since:.0f} s: {told.summary}")
    tower.until_over(f"CrashLoop {process}", patience_s=300 + 900 / tower.speed)
    say(f"CrashLoop: over after {time.monotonic() - since:.0f} s")


def _another(value: Callable[[], str], before: str) -> str | None:
    now = value()
    return now if now != before else None


def many_bad_rows(site: Site, tower: Tower, say: Say = print) -> None:
    """A unit's files are full of errors: a ticket for each item, for an hour."""
    since = time.monotonic()
    site.push(seed=2, enterprises=150, dirty=1.0)
    told = tower.until_told("ManyRowsRejected")
    say(f"ManyRowsRejected: told after {time.monotonic() - since:.0f} s: {told.summary}")
    tower.until_over("ManyRowsRejected", patience_s=600 + 4000 / tower.speed)
    say(f"ManyRowsRejected: over after {time.monotonic() - since:.0f} s")


def broker_that_hangs(site: Site, tower: Tower, say: Say = print) -> None:
    """Without Kafka everything stands still, and one page names it."""
    begun, since = len(tower.told), time.monotonic()
    with frozen(site, "kafka"):
        told = tower.until_told("BrokerDown", since=begun)
        say(f"BrokerDown: told after {time.monotonic() - since:.0f} s: {told.summary}")
        # The others have their own alerts by then, and are left out.
        until(lambda: tower.query('ALERTS{alertname="NotReady",alertstate="firing"}'), "others suffer", patience_s=180)
        stay_quiet(tower)
        assert {told.name for told in tower.pages(begun)} == {"BrokerDown"}
    since = time.monotonic()
    tower.until_over("BrokerDown")
    say(f"BrokerDown: over after {time.monotonic() - since:.0f} s")


def planned_stop(site: Site, tower: Tower, say: Say = print) -> None:
    """A stop that was asked for wakes nobody."""
    # Whoever still finds the way back from an earlier fault is no matter of the stop.
    quiet_when_all_is_well(site, tower)
    begun = len(tower.told)
    hub.stack.stop(site.settings)
    until(lambda: not tower.query('up{job="credithub"}'), "nothing is looked for", patience_s=60)
    stay_quiet(tower)
    assert not tower.pages(begun), tower.pages(begun)
    say("a planned stop: nobody was woken")


def forgotten_stop(site: Site, tower: Tower, say: Say = print) -> None:
    """Nobody starts the hub again: a ticket says so. The start wakes nobody, however long it takes."""
    planned_stop(site, tower, say)
    begun = len(tower.told)
    tower.until_told("NothingWatched", since=begun, patience_s=300 + 1200 / tower.speed)
    say("NothingWatched: told")
    since = time.monotonic()
    hub.stack.start(site.settings)
    tower.until_over("NothingWatched")
    say(f"NothingWatched: over after {time.monotonic() - since:.0f} s")
    quiet_when_all_is_well(site, tower)
    stay_quiet(tower)
    assert not tower.pages(begun), tower.pages(begun)
    say("a start: nobody was woken")
