"""What a pass of the proof costs when so many events are proven and a few came since: its time and its memory.

The events are those of ``benchmarks.scale_input``; worker, release and PostgreSQL's sink deliver them. The proof
begins, proves all of them, and ends. Then the others come, and a new process makes one pass. The events came without a
push, so the file arrow names their submission; all other arrows have to agree.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.measured import run
from benchmarks.prepared import delete_topics, environment_of, prepared, running
from bus.avro.registry import Registry
from bus.users import ADMIN
from catalogue.load import load_catalogue
from hub.commands.reconcile import scope_of
from hub.processes import hub_processes
from hub.settings import Settings, bus_config
from proofs.reconcile.findings import FILES
from proofs.reconcile.lag import Lag, wait_until_nothing_waits
from proofs.reconcile.proof import ProofScope

_EACH = 10
_PATIENCE_S = 3600.0
_NOT_RUN = ("proof", "clock", "sink-upstream")


@dataclass(frozen=True, slots=True)
class ProvenPass:
    """One pass over ``new`` events behind ``proven`` ones: its time, its processor time and its process's memory.

    ``restored_s``: how long the process read the proven moment before it.
    """

    proven: int
    new: int
    restored_s: float
    pass_s: float
    pass_cpu_s: float
    peak_mb: float
    messages: int
    pending: int
    differences: dict[str, int]


def measure(settings: Settings, proven: int, new: int, say: Callable[[str], None]) -> Iterator[ProvenPass]:
    """Yield the first pass, over all, and the one over what came since."""
    own = prepared(settings, "proving.", metrics_port=19400)
    subjects = max(1, proven // _EACH)
    with ExitStack() as stack:
        for process in hub_processes(own, None):
            if process.name not in _NOT_RUN:
                stack.enter_context(running(own, process.name, process.arguments))
        say(f"delivering {proven:,} events of {subjects:,} subjects")
        _deliver(own, say, subjects, 0, _EACH)
        yield _pass(own, 0, proven)
        say(f"delivering {new:,} more")
        _deliver(own, say, subjects, new)
        yield _pass(own, proven, new)
    delete_topics(bus_config(own, ADMIN))


def _pass(settings: Settings, proven: int, new: int) -> ProvenPass:
    ended = run((sys.executable, "-m", "benchmarks.proving_pass"), environment_of(settings), settings.home)
    said: dict[str, Any] = json.loads(ended.out)
    done = ProvenPass(proven=proven, new=new, peak_mb=ended.peak_mb, **said)
    if done.differences.keys() - {FILES}:
        raise RuntimeError(f"the proof found differences: {done.differences}")
    return done


def _deliver(settings: Settings, say: Callable[[str], None], *numbers: int) -> None:
    """Send events and wait until everybody has them."""
    command = (sys.executable, "-m", "benchmarks.scale_input", *map(str, numbers))
    run(command, environment_of(settings), settings.home, patience_s=_PATIENCE_S)
    config = bus_config(settings, ADMIN)
    with closing(Registry(config)) as registry:
        scope = bench_scope(settings)
        if not wait_until_nothing_waits(lambda: Lag(config, scope, registry), _PATIENCE_S, lambda text: None):
            raise RuntimeError("not everything was delivered")
    say("  delivered")


def bench_scope(settings: Settings) -> ProofScope:
    """Return the scope of the measured hub: all but the platform above."""
    return replace(scope_of(settings, load_catalogue()), upstream=None)
