"""Every process killed, stopped and away, on a real hub: ``python -m tests.watching.ordeal``; see `make ordeal`.

For each it has to be told within two minutes, by its own name; nobody else is paged for it, nothing is lost, and
afterwards there is silence. While it goes on, units push. It prints a table, and ends with 1 when something of that
does not hold. With the rules' own times it takes about half an hour.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import hub.stack
from hub.stack.layout import HomeLayout
from tests.services import stack_settings
from tests.waiting import until
from tests.watching import story
from tests.watching.causes import START_S, Site
from tests.watching.faults import away, dead_supervisor, killed_without_end, stopped_supervisor
from tests.watching.pushes import steady_pushes
from tests.watching.tower import Told, Tower, watched

_TOLD_WITHIN_S = 120.0
_AWAY_S = 180.0
# How long to wait for what should have come long before.
_PATIENCE_S = 300.0
_RECONCILE_S = "300"
SERVICES = {
    "kafka": frozenset({"BrokerDown"}),
    "postgres": frozenset({"ServiceDown postgres"}),
    "registry": frozenset({"ServiceDown registry"}),
    "upstream": frozenset({"UpstreamRefusing"}),
}


@dataclass(frozen=True, slots=True)
class Blow:
    """What happens to one process, and by which names it may be told."""

    what: str
    process: str
    strike: Callable[[Site], AbstractContextManager[None]]

    @property
    def names(self) -> frozenset[str]:
        """Return the alerts that name it."""
        own = {f"{alert} {self.process}" for alert in ("ProcessDown", "CrashLoop", "ProcessRestarted")}
        workers = {"NoWorker"} if self.process.startswith("worker") else set()
        return frozenset(own | workers) | SERVICES.get(self.process, frozenset())


@dataclass(frozen=True, slots=True)
class Outcome:
    """When one blow was told, and by which name; None: it was not."""

    blow: Blow
    told: Told | None
    after_s: float

    @property
    def holds(self) -> bool:
        """Whether it was told in time."""
        return self.told is not None and self.after_s <= _TOLD_WITHIN_S


@dataclass(slots=True)
class Ordeal:
    """All rounds on one hub; what does not hold is collected, and the rounds go on."""

    site: Site
    tower: Tower
    outcomes: list[Outcome] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def rounds(self, numbers: Sequence[int]) -> None:
        """Go through the rounds of these numbers, from 1 on, or through all of them, while units push."""
        every = dict(enumerate(_rounds(self.site), start=1))

        def one_after_another() -> None:
            with steady_pushes(self.site, self.site.folder / "pushes.log"):
                for number in numbers or every:
                    self.round(*every[number])

        self._attempt("every push is taken", one_after_another)

    def round(self, blows: Sequence[Blow], lasts_s: float) -> None:
        """Strike all at once until each is told, and for so long; then wait until all is well again."""
        self._attempt("the round", partial(self._strike, blows, lasts_s))

    def _strike(self, blows: Sequence[Blow], lasts_s: float) -> None:
        begun, since, at = len(self.tower.told), time.monotonic(), datetime.now(UTC)
        _say(f"round: {', '.join(f'{blow.what} {blow.process}' for blow in blows)}")
        with ExitStack() as struck:
            for blow in blows:
                struck.enter_context(blow.strike(self.site))
            for blow in blows:
                told = self._told_of(blow, begun)
                outcome = Outcome(blow, told, (told.at - at).total_seconds() if told else 0.0)
                self.outcomes.append(outcome)
                _say(_line(outcome))
            time.sleep(max(0.0, since + lasts_s - time.monotonic()))
        since = time.monotonic()
        self._attempt("all is ready again", self._until_ready)
        _say(f"all is ready {time.monotonic() - since:.0f} s later")
        names = {name for blow in blows for name in blow.names}
        for page in self.tower.pages(begun):
            if page.name not in names:
                self.problems.append(f"{page.at:%H:%M:%S}: paged for somebody else: {page.name}: {page.summary}")

    def end(self) -> None:
        """Prove that nothing was lost, and wait for silence."""
        since = time.monotonic()
        self._attempt("difference 0", lambda: _say(self.site.run("reconcile", "--wait", _RECONCILE_S)))
        self._attempt("silence", partial(until, lambda: not self.tower.firing(), self.tower.firing, patience_s=1200))
        _say(f"silence {time.monotonic() - since:.0f} s after the last round")

    def _told_of(self, blow: Blow, begun: int) -> Told | None:
        def telling() -> Told | None:
            return next((told for told in self.tower.told[begun:] if told.firing and told.name in blow.names), None)

        try:
            return until(telling, patience_s=_PATIENCE_S)
        except AssertionError:
            return None

    def _until_ready(self) -> None:
        until(lambda: self.site.status().phase == "ready", lambda: self.site.status().step, patience_s=_PATIENCE_S)

    def _attempt(self, what: str, step: Callable[[], object]) -> None:
        try:
            step()
        except Exception as failure:
            # The rounds go on: each takes minutes.
            self.problems.append(f"{what}: {failure}")
            _say(self.problems[-1])


def _rounds(site: Site) -> Iterator[tuple[list[Blow], float]]:
    """Yield what happens at the same time, and for how long at least."""
    names = [row.name for row in site.status().processes if "/metrics" in row.address]
    # In two groups: what is killed in a loop is told for ten minutes, and until then nothing else is told of it.
    some, others = names[::2], names[1::2]
    yield [*_stopped(some), *_killed(others)], 0.0
    yield _stopped(["kafka"]), _AWAY_S
    yield _stopped(["postgres"]), _AWAY_S
    yield _stopped(["registry", "upstream"]), _AWAY_S
    yield [Blow("STOP", "supervisor", stopped_supervisor)], 0.0
    yield [*_stopped(others), *_killed(some)], 0.0
    # Not at once: without PostgreSQL or Kafka the others are no cause.
    yield _killed(["postgres"]), 0.0
    yield _killed(["registry"]), 0.0
    yield _killed(["kafka"]), 0.0
    yield [Blow("kill -9", "supervisor", dead_supervisor)], 0.0


def _killed(names: Iterable[str]) -> list[Blow]:
    return [Blow("kill -9 in a loop", name, partial(killed_without_end, process=name)) for name in names]


def _stopped(names: Iterable[str]) -> list[Blow]:
    return [Blow("STOP", name, partial(away, process=name)) for name in names]


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _line(outcome: Outcome) -> str:
    told = f"{outcome.after_s:4.0f} s  {outcome.told.name}: {outcome.told.summary}" if outcome.told else "never"
    return f"{'ok ' if outcome.holds else 'NOT'} {outcome.blow.what:18} {outcome.blow.process:18} {told}"


def main() -> int:
    """Strike, and print what was told when; 0 when all holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", type=float, default=1.0, help="divides every time of the rules")
    parser.add_argument("--rounds", type=int, nargs="*", default=[], help="only these, from 1 on")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="credithub-ordeal-") as name, ExitStack() as running:
        folder = Path(name)
        site = Site(stack_settings(folder / "home"), folder)
        running.callback(hub.stack.stop, site.settings, purge=True)
        hub.stack.start(site.settings, timeout_s=START_S)
        site.push(seed=1)
        tower = running.enter_context(
            watched([HomeLayout.of(site.settings).targets_file], folder / "tower", speed=arguments.speed)
        )
        story.quiet_when_all_is_well(site, tower)
        ordeal = Ordeal(site, tower)
        ordeal.rounds(arguments.rounds)
        ordeal.end()
        print(
            "\n".join(("", *(told.text for told in tower.told), "", *map(_line, ordeal.outcomes), *ordeal.problems)),
            flush=True,
        )
        return 0 if not ordeal.problems and all(outcome.holds for outcome in ordeal.outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
