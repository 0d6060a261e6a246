"""Disturb files of the sample city, and judge what a push takes of them: ``python -m tests.disturbed --files 2000``.

Exit code 1 when a wrong value was taken in silence; its file is kept, and named with the seed that makes it again.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.progress import track

from tests.disturbed.faults import disturbed
from tests.disturbed.judge import Intake, judge
from tests.disturbed.write import write


@dataclass(slots=True)
class Findings:
    """What came of many files."""

    files: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON carries them."""
        return {
            "files": dict(self.files), "rows": dict(self.rows), "told": dict(self.told),
            "silently_wrong": len(self.wrong), "faults": dict(sorted(self.faults.items())),
        }  # fmt: skip


def run(seed: int, first: int, count: int, *, bar: bool = False, keep: Path | None = None) -> Findings:
    """Judge files of a seed. Files in which something is silently wrong are kept in ``keep``."""
    findings = Findings()
    numbers = range(first, first + count)
    with tempfile.TemporaryDirectory() as scratch, Intake(Path(scratch) / "intake") as intake:
        for number in track(numbers, "files", disable=not bar):
            draft = disturbed(seed, number)
            path, places = write(draft, Path(scratch) / str(number))
            reading = intake.read(path)
            judgement = judge(draft, places, reading)
            findings.files["refused" if reading.refusal else "read"] += 1
            findings.rows += judgement.fates
            findings.faults.update(draft.faults)
            findings.told.update(wrong_unit=judgement.told_wrong, left_out=judgement.left_out)
            if judgement.wrong:
                kept = _kept(keep, path, f"{seed}-{number}") if keep is not None else path
                told = "\n  ".join(judgement.wrong[:6])
                findings.wrong.append(
                    f"--seed {seed} --first {number} --files 1: {draft.item.seq} {draft.item.zh}, {kept}\n"
                    f"  faults: {', '.join(draft.faults)}\n  {told}"
                )
            shutil.rmtree(path.parent.parent)
    return findings


def _kept(folder: Path, path: Path, name: str) -> Path:
    target = folder / name / path.parent.name / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(path, target))


def main() -> int:
    """Run as many files as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=15)
    parser.add_argument("--first", type=int, default=0)
    arguments = parser.parse_args()
    keep = Path(tempfile.gettempdir()) / "disturbed"
    findings = run(arguments.seed, arguments.first, arguments.files, bar=sys.stderr.isatty(), keep=keep)
    for finding in findings.wrong:
        print(finding, file=sys.stderr)
    print(json.dumps(findings.to_json(), ensure_ascii=False))
    return 1 if findings.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
