"""Read malformed files, and say what came of them: ``python -m tests.corpus --count 100000 --first 0``.

Exit code 1 when one of them got no clear answer, lost a row or took too much memory; it is kept then.
"""

import argparse
import json
import resource
import sys
import tempfile
import traceback
from collections import Counter
from contextlib import closing
from pathlib import Path

from catalogue.errors import FileRefused
from connectors.files.source import FileSource
from producers.submissions.config import IntakeConfig
from producers.submissions.options import Options
from producers.submissions.session import Session
from tests.corpus.malformed import Malformed, make
from tests.corpus.tables import ITEM, UNIT

MOST_MEMORY_MB = 500
# A request beyond this ends the process instead of the machine.
_MOST_ADDRESSES_BYTES = 4 << 30


def answer(session: Session, path: Path, malformed: Malformed) -> str:
    """Return what came of a file: read or refused. Raises AssertionError when a row of it vanished."""
    counted = told = 0
    try:
        for receipt in session.push(FileSource(path)):
            counted += receipt.counts.rows
            told += sum(note.count for note in receipt.notes if note.kind.value.endswith("_ROWS"))
            total = receipt.counts.accepted + receipt.counts.rejected + receipt.counts.unresolved
            assert receipt.counts.rows == total + receipt.counts.duplicates, receipt.counts
    except FileRefused as refusal:
        if not (refusal.message and refusal.remedy):
            raise AssertionError("a refusal says why, and how to mend it") from refusal
        return "refused"
    if malformed.rows is not None:
        assert counted + told >= malformed.rows, f"{counted} rows and {told} told of {malformed.rows}"
    return "read"


def main() -> int:
    """Run the corpus from one seed to another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--first", type=int, default=0)
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_ADDRESSES_BYTES, _MOST_ADDRESSES_BYTES))
    results: Counter[str] = Counter()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        options = Options(item=ITEM, unit=UNIT)
        with closing(Session(IntakeConfig(Path(folder), "630100"), options)) as session:
            for seed in range(arguments.first, arguments.first + arguments.count):
                kind, malformed = make(seed)
                path = Path(folder) / f"行政处罚信息{malformed.suffix}"
                path.write_bytes(malformed.content)
                try:
                    results[f"{kind} {answer(session, path, malformed)}"] += 1
                except Exception:
                    failures += 1
                    kept = Path(tempfile.gettempdir()) / f"corpus-{seed}{malformed.suffix}"
                    kept.write_bytes(malformed.content)
                    print(f"{kind}, seed {seed}, kept as {kept}:", file=sys.stderr)
                    traceback.print_exc()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(json.dumps({"answers": dict(sorted(results.items())), "failures": failures, "peak_mb": peak_mb}))
    return 1 if failures or peak_mb > MOST_MEMORY_MB else 0


if __name__ == "__main__":
    sys.exit(main())
