"""A real Prometheus and a real Alertmanager with the hub's own rules, and the one who is told of alerts.

``speed`` divides every time of the rules and of the configurations, so that the same rules are seen in a tenth of it.
"""

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import yaml

from hub.alertmanager import alertmanager_config
from hub.settings import exact_settings
from tests.alerts import PROMETHEUS
from tests.ports import free_port
from tests.prometheus import alertmanager, program
from tests.waiting import until

_DURATION = re.compile(r"(?<![\w.])(\d+)([smhd])(?![\w.])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_ANSWER_S = 30.0
_LASTING_S = 10


@dataclass(frozen=True, slots=True)
class Told:
    """One alert of one message to whoever is called at night."""

    at: datetime
    alert: str
    firing: bool
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def summary(self) -> str:
        """What happened."""
        return self.annotations["summary"]

    @property
    def name(self) -> str:
        """The alert and, where it is about one, the process or service."""
        return f"{self.alert} {self.part}".strip()

    @property
    def part(self) -> str:
        """The process or service that it is about; empty when it is about all of the hub."""
        return self.labels.get("process") or self.labels.get("name", "")

    @property
    def text(self) -> str:
        """The message as it is read at night."""
        state = self.labels["severity"] if self.firing else "over"
        what = [f"{self.at:%H:%M:%S} {state} {self.name} of {self.labels.get('home', 'no home')}: {self.summary}"]
        more = [f"         {self.annotations[name]}" for name in ("action", "runbook_url") if self.firing]
        return "\n".join(what + more)


@dataclass(slots=True)
class Tower:
    """What was told so far, and where the two programs answer."""

    prometheus: str
    alertmanager: str
    speed: float
    lists: Path
    """The folder of Prometheus's lists of targets, ``0.json`` is the first."""
    told: list[Told] = field(default_factory=list)

    def firing(self) -> set[str]:
        """Return which alerts somebody was told of, and not yet that they are over."""
        last = {told.name: told.firing for told in self.told}
        return {name for name, firing in last.items() if firing}

    def pages(self, since: int = 0) -> list[Told]:
        """Return every beginning of an alert that wakes somebody, after the first ``since`` of what was told."""
        return [told for told in self.told[since:] if told.firing and told.labels["severity"] == "page"]

    def until_told(self, name: str, *, since: int = 0, patience_s: float = 240.0) -> Told:
        """Wait until somebody is told of an alert (``Alert process``), after the first ``since`` of what was told."""

        def beginning() -> Told | None:
            return next((told for told in self.told[since:] if told.name == name and told.firing), None)

        return until(beginning, lambda: f"{name} fires; told was {self._names(since)}", patience_s=patience_s)

    def until_over(self, name: str, *, patience_s: float = 240.0) -> None:
        """Wait until whoever was told of an alert is told that it is over."""
        until(lambda: name not in self.firing(), lambda: f"{name} clears; firing are {self.firing()}",
              patience_s=patience_s)  # fmt: skip

    @contextmanager
    def looking_at(self, targets: Path) -> Iterator[None]:
        """Let Prometheus read another list instead of the first."""
        link = self.lists / "0.json"
        former = link.readlink()
        _link(link, targets)
        try:
            yield
        finally:
            _link(link, former)

    def _names(self, since: int) -> list[tuple[str, bool]]:
        return [(told.name, told.firing) for told in self.told[since:]]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series of an expression now."""
        answer = httpx.get(f"{self.prometheus}/api/v1/query", params={"query": expression}, timeout=_ANSWER_S).json()
        assert answer["status"] == "success", f"{expression}: {answer}"
        series: list[dict[str, Any]] = answer["data"]["result"]
        return series


@contextmanager
def watched(targets: list[Path], folder: Path, *, speed: float = 10.0) -> Iterator[Tower]:
    """Watch the processes that the lists of targets name, until the block ends."""
    ports = {"alertmanager": free_port(), "prometheus": free_port()}
    prometheus, alerts = (f"http://127.0.0.1:{ports[name]}" for name in ("prometheus", "alertmanager"))
    tower = Tower(prometheus, alerts, speed, folder / "config/targets")
    with ExitStack() as running:
        webhook = running.enter_context(_receiver(tower))
        _configure(targets, folder, ports["alertmanager"], webhook, speed)
        running.enter_context(
            _run(
                alertmanager(),
                f"--config.file={folder / 'alertmanager.yml'}",
                f"--storage.path={folder / 'alertmanager'}",
                f"--web.listen-address=127.0.0.1:{ports['alertmanager']}",
                "--cluster.listen-address=",
                log=folder / "alertmanager.log",
            )
        )
        running.enter_context(
            _run(
                (str(program("prometheus")),),
                f"--config.file={folder / 'config/embedded.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
                log=folder / "prometheus.log",
            )
        )
        for address in (tower.alertmanager, tower.prometheus):
            until(partial(_is_ready, address), f"{address} is ready")
        yield tower


def _link(link: Path, to: Path) -> None:
    # In one step: Prometheus must not find nothing meanwhile.
    fresh = link.with_suffix(".new")
    fresh.symlink_to(to)
    fresh.replace(link)


def _configure(targets: list[Path], folder: Path, alertmanager_port: int, webhook: str, speed: float) -> None:
    config = folder / "config"
    shutil.copytree(PROMETHEUS, config)
    for number, file in enumerate(targets):
        # As the operators' guide says.
        (config / "targets" / f"{number}.json").symlink_to(file)
    for file in config.rglob("*.yml"):
        file.write_text(sped_up(file.read_text("utf-8"), speed), "utf-8")
    embedded = config / "embedded.yml"
    embedded.write_text(
        embedded.read_text("utf-8").replace("127.0.0.1:9093", f"127.0.0.1:{alertmanager_port}"), "utf-8"
    )
    contact = alertmanager_config(exact_settings(alert_webhook=webhook).alert)
    (folder / "alertmanager.yml").write_text(sped_up(yaml.safe_dump(contact), speed), "utf-8")


def sped_up(text: str, speed: float) -> str:
    """Return rules or a configuration with every duration divided, but at least a second.

    What is half a minute or longer waits for something to last, and stays long enough: for some scrapes to fail, which
    have a second each then, and for the programs' own turns, five seconds for a changed list of targets.
    """

    def divided(match: re.Match[str]) -> str:
        seconds = int(match[1]) * _SECONDS[match[2]]
        least = _LASTING_S if seconds >= 30 else 1
        return f"{max(least, round(seconds / speed))}s"

    lines = text.splitlines(keepends=True)
    return "".join(line if line.lstrip().startswith(("#", "summary:", "action:")) else _DURATION.sub(divided, line)
                   for line in lines)  # fmt: skip


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/-/ready", timeout=_ANSWER_S).is_success
    except httpx.TransportError:
        return False


@contextmanager
def _run(command: tuple[str, ...], *arguments: str, log: Path) -> Iterator[None]:
    with log.open("wb") as output, subprocess.Popen((*command, *arguments), stdout=output, stderr=output) as process:
        try:
            yield
        finally:
            process.terminate()


@contextmanager
def _receiver(tower: Tower) -> Iterator[str]:
    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            for alert in message["alerts"]:
                labels, firing = alert["labels"], alert["status"] == "firing"
                told = Told(datetime.now(UTC), labels["alertname"], firing, labels, alert["annotations"])
                tower.told.append(told)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing: what was told is kept."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
