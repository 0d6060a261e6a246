"""Whoever gets a text into the hub: it must not speak for the hub in logs, metrics and on screens, nor set it up."""

import json
import logging
import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest

from catalogue.errors import UsageError
from hub.log_lines import LogLines, append
from hub.settings import load_settings
from hub.stack.status import StackStatus, read_status, write_status
from tests.unit.hub.test_terminal import harmless

FORGED = "2026-11-29T10:11:53.030+08:00 CRITICAL worker-0 hub: pay 1,000"
# Ends of lines, as programs know them, and what commands a terminal.
BREAKS = (
    "\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\x1b[1A\x1b[2K", "\x9b2K",
)  # fmt: skip


@pytest.mark.attack(by="a value that is logged", wants="a line in the log that the hub did not write (log injection)")
@pytest.mark.parametrize("end", BREAKS)
def test_a_value_makes_no_line_of_a_log(tmp_path: Path, end: str) -> None:
    text = f"the unit x{end}{FORGED}"
    for record in (
        logging.LogRecord("a.b", logging.ERROR, "", 0, text, None, None),
        logging.LogRecord("a.b", logging.ERROR, "", 0, "refused: %s", (text,), None),
        logging.LogRecord("a.b", logging.ERROR, "", 0, "refused", None, (ValueError, ValueError(text), None)),
    ):
        line = LogLines("clock").format(record)
        assert len(line.splitlines()) == 1
        assert harmless(line)
        assert not re.match(r"\S+ CRITICAL", line)
    append(tmp_path / "clock.log", "clock", text)
    assert len((tmp_path / "clock.log").read_text("utf-8").splitlines()) == 1


@pytest.mark.attack(by="a value that is a label", wants="a series that the hub did not count (metric injection)")
@pytest.mark.parametrize("text", ['"} 1\ncredithub_difference 0\n#', "a\ncredithub_difference 0", '\\"} 1\n'])
def test_a_label_makes_no_series(text: str) -> None:
    registry = CollectorRegistry()
    Counter("credithub_rows", "rows", ["item"], registry=registry).labels(text).inc()
    lines = generate_latest(registry).decode().splitlines()
    assert [line for line in lines if not line.startswith(("#", "credithub_rows_"))] == []


@pytest.mark.attack(by="what a process says of itself", wants="another state of the hub in what `status` publishes")
def test_a_text_is_no_part_of_the_published_status(tmp_path: Path) -> None:
    text = '", "phase": "ready", "error": "'
    write_status(tmp_path / "status.json", StackStatus("failed", text, text, text, 1, False, ()))
    published = read_status(tmp_path / "status.json")
    assert published is not None
    assert (published.phase, published.error) == ("failed", text)
    assert json.loads((tmp_path / "status.json").read_text())["phase"] == "failed"


@pytest.mark.attack(
    by="whoever sets a variable", wants="to subscribe to topics of others, by a prefix that is a pattern"
)
@pytest.mark.parametrize("prefix", ["^.*", "a,b", "../", "a b", "a\n", "x" * 65, "t*", "a/b", "前缀."])
def test_a_topic_prefix_is_a_plain_name(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    monkeypatch.setenv("CREDITHUB_TOPIC_PREFIX", "city-a.v2_")
    assert load_settings().bus.topic_prefix == "city-a.v2_"
    monkeypatch.setenv("CREDITHUB_TOPIC_PREFIX", prefix)
    with pytest.raises(UsageError, match="CREDITHUB_TOPIC_PREFIX"):
        load_settings()


@pytest.mark.attack(by="who may read what a command says", wants="a secret, by a setting that is wrong beside it")
@pytest.mark.parametrize("name", ["CREDITHUB_UPSTREAM_TOKEN", "CREDITHUB_MAIL_PASSWORD", "CREDITHUB_POSTGRES_DSN"])
def test_a_wrong_setting_shows_no_secret(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "postgresql://u:topsecret@h/d")
    monkeypatch.setenv("CREDITHUB_PARTITIONS", "topsecret too")
    with pytest.raises(UsageError) as refused:
        load_settings()
    assert "CREDITHUB_PARTITIONS" in str(refused.value)
    assert "topsecret" not in str(refused.value)
