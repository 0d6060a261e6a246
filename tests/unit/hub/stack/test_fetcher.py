"""A file of the cache is whole or it is not there, whatever interrupts a download."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from catalogue.errors import StackError
from hub.stack.artifacts import LockedArtifact
from hub.stack.fetcher import Fetcher, VerifiedFiles

CONTENT = bytes(range(256)) * 4000


class Mirror(ThreadingHTTPServer):
    """A Maven mirror with one file, which hangs up early for the first ``cuts`` requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.cuts = 0
        self.cut_after = len(CONTENT) // 3
        self.understands_ranges = True
        self.ranges: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/a.jar"


class Handler(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        mirror = self.server
        asked = self.headers.get("Range", "")
        mirror.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and mirror.understands_ranges else 0
        body = mirror.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if mirror.cuts:
            mirror.cuts -= 1
            body = body[: mirror.cut_after]
            self.close_connection = True
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    server = Mirror()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def pinned(content: bytes = CONTENT) -> LockedArtifact:
    return LockedArtifact("g", "a", "1", "", "jar", len(content), hashlib.sha256(content).hexdigest())


def test_an_interrupted_download_is_resumed(mirror: Mirror, tmp_path: Path) -> None:
    mirror.cuts = 2
    target = tmp_path / "deep" / "a.jar"
    progress: list[int] = []
    fetcher = Fetcher(lambda _name, done, _total: progress.append(done), pause_s=0.01)
    assert fetcher.fetch([mirror.url], pinned(), target) == target
    assert target.read_bytes() == CONTENT
    assert mirror.ranges[0] == ""
    # What had come was not asked for again.
    assert all(asked.startswith("bytes=") and asked != "bytes=0-" for asked in mirror.ranges[1:])
    assert progress[-1] == len(CONTENT)
    assert progress == sorted(progress)
    assert list(target.parent.iterdir()) == [target]


def test_a_mirror_without_ranges_is_read_from_the_start(mirror: Mirror, tmp_path: Path) -> None:
    mirror.understands_ranges = False
    mirror.cuts = 1
    target = tmp_path / "a.jar"
    Fetcher(pause_s=0.01).fetch([mirror.url], pinned(), target)
    assert target.read_bytes() == CONTENT


def test_a_part_left_by_a_killed_process_is_taken_up(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "a.jar.part").write_bytes(CONTENT[:1000])
    Fetcher(pause_s=0.01).fetch([mirror.url], pinned(), tmp_path / "a.jar")
    assert mirror.ranges == ["bytes=1000-"]
    assert (tmp_path / "a.jar").read_bytes() == CONTENT


def test_a_damaged_part_is_thrown_away(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "a.jar.part").write_bytes(b"?" * 1000)
    Fetcher(pause_s=0.01).fetch([mirror.url], pinned(), tmp_path / "a.jar")
    assert (tmp_path / "a.jar").read_bytes() == CONTENT


@pytest.mark.attack(by="whoever is at the mirror", wants="a program of his run as Kafka or the registry")
def test_other_content_than_the_pinned_never_gets_its_name(mirror: Mirror, tmp_path: Path) -> None:
    mirror.content = CONTENT[:-1] + b"?"
    with pytest.raises(StackError) as caught:
        Fetcher(pause_s=0.01).fetch([mirror.url], pinned(), tmp_path / "a.jar")
    assert "not the pinned file" in caught.value.message
    assert "CREDITHUB_JAR_REPOSITORY" in caught.value.remedy
    assert not (tmp_path / "a.jar").exists()


def test_no_network_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(StackError) as caught:
        Fetcher(pause_s=0.001).fetch(["http://127.0.0.1:9/a.jar"], pinned(), tmp_path / "a.jar")
    assert "needs a network" in caught.value.remedy


def test_a_changed_file_is_not_taken_for_verified(tmp_path: Path) -> None:
    file = tmp_path / "a.jar"
    file.write_bytes(CONTENT)
    verified = VerifiedFiles(tmp_path)
    assert verified.holds(file, pinned())
    verified.save()
    assert VerifiedFiles(tmp_path).holds(file, pinned())
    file.write_bytes(CONTENT[:-1] + b"?")
    assert not VerifiedFiles(tmp_path).holds(file, pinned())
    file.write_bytes(CONTENT[:-1])
    assert not VerifiedFiles(tmp_path).holds(file, pinned())
