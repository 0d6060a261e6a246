"""One run: faults by plan while events flow, then the proof that nothing of it can be seen in the end."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import hub.stack
from bus import topics
from bus.business_date import publish_business_date
from tests.chaos import checks, consent_checks
from tests.chaos.cluster import Cluster, home_of
from tests.chaos.events import day_after, pieces, write_together
from tests.chaos.evidence import Witness
from tests.chaos.faults import FAULTS, Hurt, Scene
from tests.chaos.plan import Fault
from tests.chaos.processes import NotInTime
from tests.chaos.site import Site, beside
from tests.integration.processing.worker import CIPHER
from tests.rating import rate_all

RECOVERED_WITHIN_S = 180.0
_FIRST_ROWS = 500
# With so many, months have gone by, and each enterprise was told of again and again.
_ENOUGH_FILES = 200
# Of a worker's log, where it does not recover.
_SHOWN_LINES = 12
_ENDS = {"REPAIRED", "PUBLICATION_ENDED", "CONSENT_REVOKED", "CONSENT_EXPIRED", "CONSENT_PAUSED"}
Say = Callable[[str], None]


@dataclass(slots=True)
class Verdict:
    """What is wrong, by check; nothing when the run passed."""

    wrong: list[str] = field(default_factory=list)
    inflicted: Counter[str] = field(default_factory=Counter)


class Fire:
    """Puts a running site through a plan of faults."""

    def __init__(self, site: Site, cluster: Cluster | None, say: Say) -> None:
        self._site, self._say = site, say
        self._scene = Scene(site, cluster, Witness(site.config))
        self._waiting: list[tuple[Fault, Hurt]] = []
        self._owners: dict[int, str] = {}
        self.verdict = Verdict()

    def run(self, seed: int, faults: Sequence[Fault], rows_per_s: float) -> None:
        """Feed, hurt, and let it come to an end. Raises NotInTime when the hub is not well before anything is hurt."""
        self._site.begin_feed(seed, rows_per_s)
        self._site.begin_consents(seed)
        self._scene.until(lambda: self._site.fed.rows >= _FIRST_ROWS, "the first rows", 300)
        self._recover("at the beginning")
        if self.verdict.wrong:
            raise NotInTime(self.verdict.wrong[-1])
        for fault in faults:
            self._inflict(fault, len(faults))
        self._recover("at the end")
        self._site.end_feed()
        self._scene.until(lambda: self._site.is_fed, "the end of the feed", RECOVERED_WITHIN_S)

    def _inflict(self, fault: Fault, of: int) -> None:
        rng = random.Random(fault.seed)
        self._scene.rest(rng.uniform(0.2, 2))
        before = self._site.fed.rows
        try:
            hurt = FAULTS[fault.kind](self._scene, rng)
        except NotInTime as exc:
            self.verdict.wrong.append(f"fault {fault.number} ({fault.kind}) could not be had: {exc}")
            self._say(f"[{fault.number}/{of}] {fault.kind}: not had: {exc}")
            return
        self.verdict.inflicted[fault.kind] += 1
        self._say(f"[{fault.number}/{of}] {fault.kind}: {hurt.told} (row {before:,})")
        self._waiting.append((fault, hurt))
        if not fault.rushed:
            self._recover(f"after fault {fault.number}")

    def _recover(self, when: str) -> None:
        begun = time.monotonic()
        ills: list[str] = []
        fed = self._site.fed.files

        def is_well() -> bool:
            # The next fault shall meet events on their way, too.
            ills.append(self._ill() or ("nothing could be pushed" if self._site.fed.files == fed else ""))
            return not ills[-1]

        try:
            self._scene.until(is_well, "", RECOVERED_WITHIN_S)
        except NotInTime:
            self.verdict.wrong.append(f"the hub did not recover {when}: {ills[-1]}")
            self._say(
                f"    NOT recovered within {RECOVERED_WITHIN_S:.0f} s: {ills[-1]}; the feed: {self._site.fed_last}"
            )
            for worker in self._site.workers:
                self._say("\n".join([f"    {worker.name} logged:", *worker.said().splitlines()[-_SHOWN_LINES:]]))
            self._waiting = []
            return
        owners = self._scene.witness.owners()
        moved = [
            f"{n}: {self._owners.get(n, 'nobody')} → {owners[n]}" for n in sorted(owners) if self._moved(n, owners)
        ]
        self._owners = owners
        for fault, hurt in self._waiting:
            effects = [effect for effect in (self._fate(hurt), hurt.later()) if effect]
            self._say(f"    {fault.number} {fault.kind}: {'; '.join(effects) or 'the others went on'}")
        changed = f"owners changed {', '.join(moved)}" if moved else "no owner changed"
        last = f", at last {ills[-2]}" if len(ills) > 1 else ""
        self._say(f"    well again in {time.monotonic() - begun:.1f} s{last}; {changed}")
        self._waiting = []

    def _fate(self, hurt: Hurt) -> str:
        return self._scene.witness.fate(hurt.open) if hurt.open is not None else ""

    def _moved(self, number: int, owners: dict[int, str]) -> bool:
        return owners[number] != self._owners.get(number)

    def _ill(self) -> str:
        """Return what is not well yet; "" when all is."""
        site, scene = self._site, self._scene
        if scene.cluster is not None and (missing := scene.cluster.missing()):
            return missing
        for worker in site.running():
            if (said := site.readiness(worker))[0] != "current":
                return f"{worker.name} is {said[0]}: {said[1]}"
        for process in hub.stack.status(site.settings).processes:
            if process.state not in ("healthy", "external", "done"):
                return f"{process.name} is {process.state}"
        if not scene.witness.is_settled():
            return "the workers do not agree on who owns what"
        for fault, hurt in self._waiting:
            if not (hurt.is_over() and scene.witness.is_over(hurt.open)):
                return f"what fault {fault.number} began is not over"
        return ""


def judge(site: Site, seed: int, verdict: Verdict, say: Say) -> None:
    """Compare what the site holds with an undisturbed run of the same events."""
    fed = site.fed
    last_day = day_after(fed.files, site.first_day)
    say(f"{fed.rows:,} rows in {fed.files:,} files were pushed, up to {last_day}; waiting for all of it to arrive")
    proof = _proved(site)
    verdict.wrong += checks.wrong_proof(proof)
    say(f"reconciliation: difference {proof['difference']}, pending {proof['pending']}")
    verification = _verified(site)
    verdict.wrong += checks.wrong_states(verification)
    say(
        f"verification of {verification['subjects']} states, the ratings of {verification['ratings']} enterprises, and"
        f" {verification['lists']} memberships of lists: difference {verification['difference']}"
    )
    wrong, count = checks.wrong_sequences(site.config)
    verdict.wrong += [*wrong[:10], *([f"… {len(wrong) - 10} more"] if len(wrong) > 10 else [])]
    say(f"sequences: {count:,} read, {len(wrong)} out of order")
    wrong, count = _entries(site)
    verdict.wrong += wrong
    say(f"lists: {count:,} members of public ones, {len(wrong)} banks that know others")
    ended = checks.withdrawals(site.config)
    if fed.files > _ENOUGH_FILES and (missing := _ENDS - ended.keys()):
        verdict.wrong.append(f"nothing was withdrawn from a bank as {', '.join(sorted(missing))}")
    say(f"withdrawn from banks: {', '.join(f'{n:,} {reason}' for reason, n in sorted(ended.items()))}")
    _judge_consents(site, verdict, say)
    written, aborted = Witness(site.config).aborted(topics.CHANGE)
    say(f"{topics.CHANGE}: {written:,} written, {aborted:,} of them in aborted transactions, which nobody sees")
    hashes, ratings = site.hashes(), checks.ratings(site.config)
    site.stop_workers()
    calm = Site(beside(site.settings, f"{site.settings.bus.topic_prefix.rstrip('.') or 'chaos'}_calm"))
    try:
        rows = write_together(islice(pieces(seed, site.first_day), fed.files), home_of(calm.home / "files"))
        calm.start_merge(1)
        calm.push(calm.home / "files")
        publish_business_date(calm.config, last_day)
        undisturbed = calm.merged_hashes()
        rate_all(calm.config, CIPHER, calm.home / "ratings")
        calm_ratings = checks.ratings(calm.config)
    finally:
        calm.close()
    verdict.wrong += checks.wrong_hashes(hashes, undisturbed)
    same = "the same" if hashes["hash"] == undisturbed["hash"] else "ANOTHER"
    say(f"hash of {hashes['subjects']} states: {hashes['hash'][:16]}…, undisturbed ({rows:,} rows): {same}")
    verdict.wrong += checks.wrong_ratings(ratings, calm_ratings)
    say(f"{len(ratings):,} ratings, undisturbed: {'the same' if ratings == calm_ratings else 'ANOTHER'}")


def _judge_consents(site: Site, verdict: Verdict, say: Say) -> None:
    """Prove that what was told under consents was told while they were in force, and nothing of them was lost."""
    seen, told = site.seen, consent_checks.told_under_consents(site.config)
    late, known_s = consent_checks.late_releases(told, seen)
    chains, consents = site.chains(), site.consents()
    verdict.wrong += [*told.wrong[:10], *late[:10], *consent_checks.lost_answers(site.config, seen)]
    verdict.wrong += [*consent_checks.wrong_chains(chains), *consent_checks.wrong_signatures(consents)]
    acts = Counter(one.act for one in seen if one.act)
    reasons = Counter(str(consent.reason) for states in told.known.values() for _, consent in states)
    say(f"consents: {consents['consents']}, {consents['states']}; answered: {dict(sorted(acts.items()))}")
    say(f"reasons of their transitions: {', '.join(f'{n} {reason}' for reason, n in sorted(reasons.items()))}")
    say(
        f"released under {len(told.messages)} consents: {told.messages.total():,} messages, {len(told.wrong)} of them"
        f" while not in force; ends known {max(known_s, default=0):.1f} s after the answer at most"
    )
    say(
        f"chains: {chains['entries']:,} entries of the audit log, {chains['steps']:,} steps, "
        f"{chains['anchors']:,} anchors: {chains['faults']} faults"
    )


def _entries(site: Site) -> tuple[list[str], int]:
    """Return which banks know others to be on lists than are; the sinks lag behind the rater, and are waited for."""
    until = time.monotonic() + RECOVERED_WITHIN_S
    while True:
        wrong, count = checks.wrong_entries(site.config)
        if not wrong or time.monotonic() > until:
            return wrong, count
        time.sleep(1)


def _proved(site: Site) -> dict[str, Any]:
    """Return the reconciliation; terms of consents still end after the feed, and what that makes is waited for."""
    until = time.monotonic() + RECOVERED_WITHIN_S
    while True:
        found = site.proof()
        if not found["pending"] or found["difference"] or time.monotonic() > until:
            return found


def _verified(site: Site) -> dict[str, Any]:
    """Return the verification of all states; the rater lags behind the merge, and is waited for."""
    until = time.monotonic() + RECOVERED_WITHIN_S
    while True:
        found = site.verification()
        if not found["ratings_pending"] or time.monotonic() > until:
            return found
