"""One pass of the proof as a process of its own; prints what it took as JSON. Run by ``benchmarks.proving``."""

import json
import time
from collections import Counter
from contextlib import closing

from benchmarks.proving import bench_scope
from bus.avro.registry import Registry
from bus.users import ADMIN
from hub.long_process import collect_seldom
from hub.settings import bus_config, load_settings
from proofs.continuous.running import RunningProof


def main() -> None:
    """Restore the proven moment, make one pass, and say what it took."""
    settings = load_settings()
    collect_seldom()
    config = bus_config(settings, ADMIN)
    with closing(Registry(config)) as registry:
        began = time.perf_counter()
        proof = RunningProof(config, bench_scope(settings), registry)
        restored, busy = time.perf_counter(), time.process_time()
        result = proof.look()
        ended, busy = time.perf_counter(), time.process_time() - busy
    found: Counter[str] = Counter()
    for difference in proof.moment.differences.values():
        found[difference.arrow] += difference.count
    print(
        json.dumps(
            {
                "restored_s": restored - began,
                "pass_s": ended - restored,
                "pass_cpu_s": busy,
                "messages": result.read,
                "pending": sum(result.pending.values()),
                "differences": dict(found),
            }
        )
    )


if __name__ == "__main__":
    main()
