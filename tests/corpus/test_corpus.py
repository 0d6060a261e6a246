"""Three thousand malformed files: each is read or refused with a remedy, in a process of bounded memory."""

import json
import subprocess
import sys
from collections import Counter

import pytest

from tests.corpus.__main__ import MOST_MEMORY_MB
from tests.corpus.malformed import MAKERS

_PARTS, _COUNT = 4, 3000


@pytest.mark.parametrize("part", range(_PARTS))
def test_every_file_has_a_clear_answer(part: int) -> None:
    count = _COUNT // _PARTS
    command = [sys.executable, "-m", "tests.corpus", "--count", str(count), "--first", str(part * count)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stderr[-4000:] + run.stdout
    result = json.loads(run.stdout)
    assert result["peak_mb"] < MOST_MEMORY_MB
    answers = Counter(key.rpartition(" ")[0] for key, number in result["answers"].items() for _ in range(number))
    assert sum(answers.values()) == count
    assert {maker.__name__ for maker in MAKERS} == answers.keys()
