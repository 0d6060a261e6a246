"""The faults: each one hurts the hub in one way and says what it did; what came of it is found out afterwards."""

import random
import re
import shutil
import signal
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from catalogue.avro import topic as catalogue_topic
from catalogue.load import load_catalogue
from tests.chaos.cluster import BROKERS, Cluster
from tests.chaos.events import ITEMS
from tests.chaos.evidence import Open, Witness
from tests.chaos.processes import NotInTime, Process, until
from tests.chaos.site import Site

# A member that is silent for longer is given up by its group: 6 s, and the brokers look every now and then.
_SESSION_S = 6.0
_EXPELLED_WITHIN_S = 60.0
_MET_WITHIN_S = 30.0
_MEET_S = 3.0


@dataclass(slots=True)
class Hurt:
    """What a fault did; ``open``: the transactions that it hit, None where it could hit none.

    Once ``is_over`` and the hub is well again, ``later`` tells what came of it.
    """

    told: str
    open: Open | None = None
    later: Callable[[], str] = lambda: ""
    is_over: Callable[[], bool] = lambda: True


@dataclass(slots=True)
class Scene:
    """All that a fault can lay hands on; ``cluster`` is None where the services belong to somebody else."""

    site: Site
    cluster: Cluster | None
    witness: Witness

    def tend(self) -> None:
        """Start what ended and is wanted, as a supervisor would."""
        self.site.tend()
        if self.cluster is not None:
            self.cluster.tend()

    def rest(self, seconds: float) -> None:
        """Let time pass, as the keeper of all processes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.tend()
            time.sleep(0.05)

    def until(self, what: Callable[[], object], told: str, patience_s: float) -> None:
        """Wait, as the keeper of all processes. Raises NotInTime."""
        until(what, told, patience_s, self.tend)

    def numbers_of(self, worker: Process) -> list[int]:
        """Return the partition numbers that a worker owns."""
        return sorted(n for n, owner in self.witness.owners().items() if owner == worker.name)


def worker_kill(scene: Scene, rng: random.Random) -> Hurt:
    """Kill a worker; half of the times it is back before its session ends, else another one takes over."""
    victim = rng.choice(scene.site.running())
    numbers = scene.numbers_of(victim)
    scene.rest(rng.uniform(0, 1))
    if rng.random() < 0.5:
        _meet_transaction(scene, numbers)
    victim.kill()
    seen = scene.witness.open(numbers)
    away = rng.uniform(0, 0.3) if rng.random() < 0.5 else _SESSION_S + rng.uniform(1.5, 3)
    scene.rest(away)
    victim.start()
    return Hurt(f"{victim.name} killed, owner of {numbers}; back after {away:.1f} s", seen)


def _meet_transaction(scene: Scene, numbers: Collection[int]) -> None:
    """Wait until a transaction of these numbers is open, but not for long: it may be over when the blow falls."""
    end = time.monotonic() + _MEET_S
    while time.monotonic() < end and not scene.witness.open(numbers):
        scene.tend()


def worker_join(scene: Scene, rng: random.Random) -> Hurt:
    """Start one more worker."""
    newcomer = rng.choice([worker for worker in scene.site.workers if not worker.wanted])
    newcomer.start()
    return Hurt(f"{newcomer.name} joins {len(scene.site.running()) - 1} others")


def worker_leave(scene: Scene, rng: random.Random) -> Hurt:
    """Stop a worker in good order."""
    leaver = rng.choice(scene.site.running())
    numbers = scene.numbers_of(leaver)
    took = leaver.stop()
    return Hurt(f"{leaver.name} leaves {numbers}, its end took {took:.1f} s")


def zombie(scene: Scene, rng: random.Random) -> Hurt:
    """Freeze a worker inside a transaction, messages in its queue, until others took over; then let it go on."""
    scene.until(scene.witness.is_settled, "the workers were to own something", _EXPELLED_WITHIN_S)
    victim = rng.choice([w for w in scene.site.running() if scene.numbers_of(w)])
    numbers = scene.numbers_of(victim)
    flag = scene.site.stop_file(victim)
    stopped = flag.with_suffix(".stopped")
    stopped.unlink(missing_ok=True)
    flag.touch()
    scene.until(stopped.exists, f"{victim.name} was to stop in a commit", _MET_WITHIN_S)
    marks = {worker.name: worker.mark() for worker in scene.site.running()}
    begun = time.monotonic()
    scene.rest(0.3)
    seen = scene.witness.open(numbers)
    try:
        scene.until(lambda: _fenced(scene, marks, victim, numbers), f"others were to own {numbers}", _EXPELLED_WITHIN_S)
        scene.rest(rng.uniform(1.5, 3.5))
    finally:
        mark, exits = victim.mark(), len(victim.exits)
        victim.signal(signal.SIGCONT)
    frozen = time.monotonic() - begun
    told = f"{victim.name}, owner of {numbers}, frozen for {frozen:.1f} s with {stopped.read_text()} messages queued"
    heirs = {n: owner for n, owner in scene.witness.owners().items() if n in numbers}
    try:
        scene.until(lambda: len(victim.exits) > exits, "", _MET_WITHIN_S)
    except NotInTime:
        return Hurt(f"{told}; then owned by {heirs}; IT WENT ON AND WAS NOT FENCED", seen)
    codes = sorted(set(re.findall(r"code=(\w+)", victim.said(mark))))
    return Hurt(f"{told}; then owned by {heirs}; woken, it ended with {victim.exits[-1]}: {', '.join(codes)}", seen)


def _fenced(scene: Scene, marks: dict[str, int], victim: Process, numbers: Collection[int]) -> bool:
    """Whether others own all of these and have begun producers for them; until then the victim may rightly commit."""
    begun = {
        int(n)
        for worker in scene.site.running()
        if worker is not victim
        for told in re.findall(r"partitions assigned: \[([\d, ]+)\]", worker.said(marks.get(worker.name, 0)))
        for n in told.split(",")
    }
    return begun.issuperset(numbers)


def store_loss(scene: Scene, rng: random.Random) -> Hurt:
    """Kill a worker and empty the disk of its stores while it is down."""
    scene.until(scene.witness.is_settled, "the workers were to own something", _EXPELLED_WITHIN_S)
    victim = rng.choice([w for w in scene.site.running() if scene.numbers_of(w)])
    numbers = scene.numbers_of(victim)
    _meet_transaction(scene, numbers)
    victim.kill()
    seen = scene.witness.open(numbers)
    place = scene.site.store_of(victim)
    lost = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
    shutil.rmtree(place)
    mark = victim.mark()
    victim.start()

    def restored() -> str:
        lines = [line for line in victim.said(mark).splitlines() if "restored from offset 0, " in line]
        records = sum(int(line.split("restored from offset 0, ")[1].split()[0]) for line in lines)
        return f"filled again from {records} records"

    return Hurt(f"{victim.name} killed, owner of {numbers}, its stores deleted ({lost >> 10} kB)", seen, restored)


def sink_kill(scene: Scene, rng: random.Random) -> Hurt:
    """Kill a sink."""
    scene.until(scene.site.sinks, "a sink was to run", _MET_WITHIN_S)
    name, pid = rng.choice(sorted(scene.site.sinks().items()))
    return _supervised_kill(scene, name, pid)


def kill_of(name: str) -> Callable[[Scene, random.Random], Hurt]:
    """Return the fault that kills a supervised process, now and then in the middle of a transaction or an answer."""

    def kill(scene: Scene, rng: random.Random) -> Hurt:
        scene.rest(rng.uniform(0, 1))
        pid = scene.site.supervised(name)
        assert pid is not None
        return _supervised_kill(scene, name, pid)

    return kill


def _supervised_kill(scene: Scene, name: str, pid: int) -> Hurt:
    before, begun = scene.site.restarts(name), time.monotonic()
    Process.signal_to(pid, signal.SIGKILL)
    return Hurt(
        f"{name} killed",
        later=lambda: f"{name} works again after {time.monotonic() - begun:.1f} s",
        is_over=lambda: scene.site.restarts(name) > before,
    )


def feed_kill(scene: Scene, rng: random.Random) -> Hurt:
    """Kill the push between two rows."""
    feed = scene.site.feed
    assert feed is not None
    scene.rest(rng.uniform(0, 1))
    feed.signal(signal.SIGKILL)
    catalogue = load_catalogue()
    names = {catalogue_topic(catalogue.item(str(seq)).category) for seq in ITEMS}
    seen = scene.witness.open(range(scene.site.config.partitions), names)
    at = scene.site.fed.files
    return Hurt(
        f"the push killed in file {at}",
        seen,
        later=lambda: f"file {at} was pushed to its end",
        is_over=lambda: scene.site.fed.files > at,
    )


def broker_kill(scene: Scene, rng: random.Random) -> Hurt:
    """Kill one of three brokers, and start it again after a while."""
    cluster = _whole(scene)
    victim = rng.choice(BROKERS)
    led = cluster.leaders()[victim]
    cluster.kill(victim)
    away = rng.uniform(2, 9)
    scene.rest(away)
    left = cluster.leaders().get(victim, 0)
    cluster.start(victim)
    return Hurt(
        f"broker {victim} killed, leader of {led} partitions; {left} of them without another after {away:.1f} s"
    )


def broker_restart(scene: Scene, rng: random.Random) -> Hurt:
    """Stop all of Kafka in good order and start it again."""
    cluster = _whole(scene)
    begun = time.monotonic()
    cluster.restart()
    down = time.monotonic() - begun
    scene.rest(rng.uniform(0, 1))
    return Hurt(f"all brokers stopped within {down:.1f} s and started again")


def _whole(scene: Scene) -> Cluster:
    assert scene.cluster is not None
    # Two brokers fewer would be another fault.
    scene.until(scene.cluster.is_whole, "three brokers were to be in sync", 180)
    return scene.cluster


def registry_away(scene: Scene, rng: random.Random) -> Hurt:
    """Freeze or kill the registry; a worker that starts in the meantime has to wait for it."""
    scene.until(lambda: scene.site.supervised("registry"), "the registry was to run", 60)
    pid = scene.site.supervised("registry")
    assert pid is not None
    victim = rng.choice(scene.site.running())
    kills, away = rng.random() < 0.5, rng.uniform(4, 9)
    Process.signal_to(pid, signal.SIGKILL if kills else signal.SIGSTOP)
    victim.kill()
    mark = victim.mark()
    victim.start()
    scene.rest(away)
    if not kills:
        Process.signal_to(pid, signal.SIGCONT)
    how = "killed" if kills else f"frozen for {away:.1f} s"

    def waited() -> str:
        took = [float(found) for found in re.findall(r"is restored after ([\d.]+) s", victim.said(mark))]
        asked = len(re.findall(r"partition \d+ waits: ", victim.said(mark)))
        return f"{victim.name} asked {asked} times in vain and had its stores after {max(took, default=0):.1f} s"

    return Hurt(f"the registry {how}, {victim.name} killed and started meanwhile", later=waited)


FAULTS: dict[str, Callable[[Scene, random.Random], Hurt]] = {
    "worker-kill": worker_kill,
    "worker-join": worker_join,
    "worker-leave": worker_leave,
    "zombie": zombie,
    "store-loss": store_loss,
    "sink-kill": sink_kill,
    "release-kill": kill_of("release"),
    "portal-kill": kill_of("portal"),
    "proof-kill": kill_of("proof"),
    "rater-kill": kill_of("rater"),
    "feed-kill": feed_kill,
    "broker-kill": broker_kill,
    "broker-restart": broker_restart,
    "registry-away": registry_away,
}
