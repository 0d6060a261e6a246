"""Which fault comes when: drawn from the seed, each kind equally often, never one that the moment does not allow."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.site import MOST_WORKERS

FIRST_WORKERS = 2
JOIN, LEAVE, ZOMBIE = "worker-join", "worker-leave", "zombie"
# What every hub can be put through, whoever runs its services.
OWN = (
    "worker-kill", JOIN, LEAVE, ZOMBIE, "store-loss", "sink-kill", "release-kill", "portal-kill", "proof-kill",
    "rater-kill", "feed-kill",
)  # fmt: skip
# What needs services that nobody else uses.
SERVICES = ("broker-kill", "broker-restart", "registry-away")
KINDS = OWN + SERVICES


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; ``seed`` decides its victim and its times, ``rushed``: the next one does not wait for recovery."""

    number: int
    kind: str
    seed: str
    rushed: bool


def plan(seed: int, count: int, kinds: Sequence[str]) -> list[Fault]:
    """Return the faults of a seed; ``kinds`` must allow to go on: a leave needs a join, and the other way round."""
    rng = random.Random(f"{seed}:plan")
    left = {kind: count // len(kinds) for kind in kinds}
    for kind in rng.sample(sorted(kinds), count % len(kinds)):
        left[kind] += 1
    workers = FIRST_WORKERS
    found: list[Fault] = []
    while len(found) < count:
        open_ = [kind for kind, rest in left.items() for _ in range(rest) if is_possible(kind, workers)]
        if not open_:
            # Joins alone are left, or leaves alone: the other one comes between.
            open_ = [LEAVE if workers == MOST_WORKERS else JOIN]
        kind = rng.choice(open_)
        left[kind] = left.get(kind, 0) - 1
        workers += (kind == JOIN) - (kind == LEAVE)
        found.append(Fault(len(found) + 1, kind, f"{seed}:{len(found)}:{kind}", rng.random() < 0.25))
    return found


def is_possible(kind: str, workers: int) -> bool:
    """Whether a fault can be had while so many workers run."""
    if kind == JOIN:
        return workers < MOST_WORKERS
    if kind in (LEAVE, ZOMBIE):
        return workers > 1
    return True
