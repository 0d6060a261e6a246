"""The proof without end: pass after pass, from the proven moment on, whatever is away meanwhile."""

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import closing

from bus.avro.registry import Registry
from bus.config import BusConfig
from bus.reading.offsets import TopicPartition, Watermarks
from bus.reading.topic_reader import TopicReader
from catalogue.errors import Unavailable
from monitoring import metrics
from monitoring.health import HealthState, ProcessHealth
from proofs.continuous.changed import SEQUENCES, STATE_HASHES, STATES
from proofs.continuous.journal import Journal, read_facts
from proofs.continuous.moment import FactKind, KeptDifference, ProvenMoment
from proofs.continuous.passing import OtherBanks, PassResult, ProofPass
from proofs.reconcile.findings import CHANGES, FILES, MERGE, POSTGRES, RELEASE, UPSTREAM, bank_arrow
from proofs.reconcile.proof import ProofScope
from proofs.release.recipients import proved_banks

log = logging.getLogger(__name__)
_RETRY_S = 2.0
# A twentieth of one core: the proof must not cost those whom it watches. After a pass it rests so many times as long as
# it worked, and after one over very much no longer than until somebody would call it stale.
_REST_FACTOR = 19
_MOST_REST_S = 240.0
# While it waits for something, or tells a difference, somebody mends that and wants to see it over.
_REST_NOT_READY_S = 30.0


class ProofReadiness:
    """What the proof says of itself: current when every arrow was looked at, and for what it waits otherwise."""

    def __init__(self) -> None:
        self._health = ProcessHealth(HealthState.RECOVERING, "reading the proven moment")

    def __call__(self) -> ProcessHealth:
        """Return it; called at every probe."""
        return self._health

    def say(self, state: HealthState, reason: str = "") -> None:
        """Change what is said; a new reason is logged once."""
        # A difference is logged where it is found.
        if reason and reason != self._health.reason and state is not HealthState.DIFFERENT:
            log.warning("%s", reason)
        self._health = ProcessHealth(state, reason)


def health_of(differences: Iterable[KeptDifference], waits_for: str) -> tuple[HealthState, str]:
    """Return what the proof says of itself; a difference comes before whatever it waits for."""
    told = sorted(differences, key=lambda difference: (difference.arrow, difference.place))
    if not told:
        return HealthState.STALE if waits_for else HealthState.CURRENT, waits_for
    others = f", and {len(told) - 1} more: see `credithub logs proof`" if len(told) > 1 else ""
    return HealthState.DIFFERENT, f"{told[0].arrow}: {told[0].place}: {told[0].what} ({told[0].count}){others}"


def rest_s(worked_s: float, every_s: float, *, is_ready: bool) -> float:
    """Return for how long the proof rests after a pass that took so much processor time; ``every_s`` at least."""
    return max(every_s, min(_REST_FACTOR * worked_s, _MOST_REST_S if is_ready else _REST_NOT_READY_S))


def arrows(scope: ProofScope, banks: Sequence[str] = ()) -> list[str]:
    """Return the names of the arrows that a scope has, with those of these banks."""
    own = [FILES, MERGE, CHANGES, *([RELEASE] if scope.release else []), *map(bank_arrow, banks)]
    own += [UPSTREAM] if scope.upstream is not None else []
    return own + ([POSTGRES] if scope.dsn is not None else [])


def restored_moment(config: BusConfig, banks: Sequence[str], registry: Registry) -> tuple[ProvenMoment, int]:
    """Return the proven moment as its topic has it, and the offset behind that; raises Unavailable."""
    moment, end = ProvenMoment([SEQUENCES, STATES, STATE_HASHES, *map(bank_arrow, banks)]), 0
    for offset, fact in read_facts(config, registry):
        moment.restore(fact)
        end = offset + 1
    moment.reopen(SEQUENCES, STATES)
    return moment, end


def run(config: BusConfig, scope: ProofScope, stop: threading.Event, readiness: ProofReadiness, every_s: float) -> None:
    """Prove until asked to stop; what is away is waited for, and named by the readiness."""
    for arrow in arrows(scope):
        for gauge in (metrics.DIFFERENCE, metrics.PENDING, metrics.OLDEST_PENDING):
            gauge.labels(arrow)
    while not stop.is_set():
        try:
            with closing(Registry(config)) as registry:
                # After any error all of it is made anew: a pass that ended half way has moved the moment in memory.
                RunningProof(config, scope, registry).run(stop, readiness, every_s)
        except Unavailable as exc:
            readiness.say(HealthState.STALE, f"waits: {exc}")
            stop.wait(_RETRY_S)


class RunningProof:
    """One life of the proof, from its moment in the topic to the first service that is away."""

    def __init__(self, config: BusConfig, scope: ProofScope, registry: Registry) -> None:
        self._config, self._scope, self._registry = config, scope, registry
        # First: whoever had the journal writes no more, so what is read is the last word.
        self._journal = Journal(config, registry)
        self._begin()
        self._seen: dict[TopicPartition, Watermarks] = {}
        self._last = PassResult()
        self._shown: set[str] = set()

    def _begin(self) -> None:
        """Begin at the proven moment, with the banks that there are."""
        config, scope, registry = self._config, self._scope, self._registry
        self._banks = proved_banks(config, registry, TopicReader(config)).ids if scope.release else ()
        self.moment, self._heard_to = restored_moment(config, self._banks, registry)
        self._proof = ProofPass(config, scope, registry, self.moment, self._banks)

    def run(self, stop: threading.Event, readiness: ProofReadiness, every_s: float) -> None:
        """Make passes until asked to stop; raises Unavailable."""
        while not stop.is_set():
            began_s = time.process_time()
            self.look()
            state, reason = health_of(self.moment.differences.values(), self._last.waits_for)
            readiness.say(state, reason)
            worked_s = time.process_time() - began_s
            stop.wait(rest_s(worked_s, every_s, is_ready=state is HealthState.CURRENT))

    def look(self) -> PassResult:
        """Make a pass where anything may have come, write down what it proved, and show it; raises Unavailable."""
        moment, ends = self.moment, self._proof.ends()
        is_quiet = ends == self._seen and moment.is_settled and not any(self._last.pending.values())
        if self._last.waits_for or not is_quiet:
            known = set(moment.differences)
            try:
                self._last = self._proof.run()
            except OtherBanks:
                self._begin()
                return self.look()
            for key in moment.differences.keys() - known:
                _report(moment.differences[key])
            self._write()
            self._seen = ends
        if moment.differences:
            self._hear_of_full_passes()
        self._show()
        return self._last

    def _hear_of_full_passes(self) -> None:
        """Clear what was found before a full pass that found no difference."""
        for offset, fact in read_facts(self._config, self._registry, self._heard_to):
            self._heard_to = offset + 1
            if fact.kind is FactKind.FULL_PASS:
                self.moment.restore(fact)
        if self.moment.clear():
            self._write()

    def _write(self) -> None:
        facts = self.moment.facts()
        if facts:
            self._journal.write(facts)

    def _show(self) -> None:
        # Of a bank that is there no more, too: its differences may be over, and the gauge would keep the last one.
        now_s, found = time.time(), dict.fromkeys([*arrows(self._scope, self._banks), *self._shown], 0)
        for difference in self.moment.differences.values():
            found[difference.arrow] = found.get(difference.arrow, 0) + difference.count
        self._shown |= found.keys()
        for arrow, count in found.items():
            metrics.DIFFERENCE.labels(arrow).set(count)
            metrics.PENDING.labels(arrow).set(self._last.pending.get(arrow, 0))
            since_s = self._last.oldest_pending_at_s.get(arrow)
            metrics.OLDEST_PENDING.labels(arrow).set(0 if since_s is None else max(0.0, now_s - since_s))
        if not self._last.waits_for:
            metrics.LAST_PASS.set(now_s)


def _report(difference: KeptDifference) -> None:
    log.error("difference on %s: %s: %s (%d)", difference.arrow, difference.place, difference.what, difference.count)
