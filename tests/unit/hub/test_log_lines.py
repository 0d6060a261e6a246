"""A line a fact, whatever happens: time with its zone, level, process, who says it, what."""

import logging
import re
import subprocess
import sys
from datetime import datetime

import pytest

from catalogue.errors import Unavailable
from hub.log_lines import LogLines

LINE = re.compile(r"(\S+) (DEBUG|INFO|WARNING|ERROR|CRITICAL) ([\w.-]+) ([\w.]+): (.*)")
PROGRAM = """
import logging, threading, warnings
from hub.log_lines import log_to_stderr
log_to_stderr("sink-postgres")
logging.getLogger("faust").info("Updating subscribed topics to:\\n+---+\\n| a |")
logging.getLogger("aiokafka").error("Unable to connect\\n  to node 1")
logging.getLogger("sinks.holding").warning("partition %d waits", 3)
warnings.warn("a warning of Python's")
def fail():
    try:
        {}["key"]
    except KeyError as error:
        raise ValueError("two\\nlines") from error
thread = threading.Thread(target=fail, name="lag-merge")
thread.start()
thread.join()
fail()
"""


def test_what_a_process_and_its_libraries_say_is_a_line_each() -> None:
    done = subprocess.run((sys.executable, "-c", PROGRAM), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    matches = [LINE.fullmatch(line) for line in done.stderr.splitlines()]
    assert all(matches), done.stderr
    said = [match.groups() for match in matches if match]
    assert all(datetime.fromisoformat(at).tzinfo and process == "sink-postgres" for at, _, process, _, _ in said)
    assert [(level, who) for _, level, _, who, _ in said] == [
        ("ERROR", "aiokafka"),
        ("WARNING", "sinks.holding"),
        ("WARNING", "py.warnings"),
        ("CRITICAL", "hub.log_lines"),
        ("CRITICAL", "hub.log_lines"),
    ]
    texts = [text for *_, text in said]
    assert texts[:2] == ["Unable to connect to node 1", "partition 3 waits"]
    why = r"ValueError: two lines \[.*<string>:\d+ fail.*\] because of KeyError: 'key' \[<string>:\d+ fail\]"
    assert re.fullmatch(rf"the thread lag-merge ends: {why}", texts[3])
    assert re.fullmatch(rf"this process ends: {why}", texts[4])


@pytest.mark.parametrize("suppressed", [False, True])
def test_causes_are_told_as_python_tells_them(suppressed: bool) -> None:
    try:
        try:
            raise OSError("refused")
        except OSError:
            if suppressed:
                raise Unavailable("Kafka is away.") from None
            raise Unavailable("Kafka is away.")  # noqa: B904
    except Unavailable as error:
        info = (type(error), error, error.__traceback__)
        record = logging.LogRecord("a.b", logging.ERROR, "", 0, "it %s", ("failed",), info)
    line = LogLines("clock").format(record)
    assert "it failed: Unavailable: Kafka is away. [" in line
    assert ("because of OSError: refused" in line) is not suppressed
