"""What the machine lacks is said before the start, with the remedy."""

from pathlib import Path

import pytest

from catalogue.errors import StackError
from hub.settings import exact_settings
from hub.stack import diagnosis, ports, preflight
from hub.stack.child import ChildSpec
from hub.stack.layout import HomeLayout


@pytest.fixture
def layout(tmp_path: Path) -> HomeLayout:
    return HomeLayout.of(exact_settings(home=tmp_path / "home"))


def test_this_machine_will_do(layout: HomeLayout) -> None:
    preflight.check_platform()
    preflight.check_disk(layout, downloads_complete=False)


def test_another_platform_is_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(StackError, match="does not run on") as caught:
        preflight.check_platform()
    assert "docker-compose.yml" in caught.value.remedy


def test_too_little_space_is_said_before_the_start(layout: HomeLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "free_bytes", lambda _folder: preflight.DATA_NEEDED_BYTES + 1)
    preflight.check_disk(layout, downloads_complete=True)
    with pytest.raises(StackError, match="the stack needs") as caught:
        preflight.check_disk(layout, downloads_complete=False)
    assert "CREDITHUB_CACHE" in caught.value.remedy


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
def test_a_full_disk_is_told_from_what_the_system_says(layout: HomeLayout) -> None:
    with pytest.raises(OSError, match="No space") as caught, Path("/dev/full").open("w") as full:
        full.write("x")
    error = diagnosis.from_os_error(caught.value, layout)
    assert "is full" in error.message
    assert "Free some space" in error.remedy


def test_a_service_that_dies_of_a_taken_port_or_a_full_disk_says_so(
    layout: HomeLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = ChildSpec("kafka", ("x",), layout.log_file("kafka"), address="http://127.0.0.1:9092/path")
    monkeypatch.setattr(ports, "is_free", lambda port: port != 9092)
    assert "cannot listen: port 9092 is taken by" in diagnosis.diagnose(spec, "exit 1", layout).message
    monkeypatch.setattr(preflight, "free_bytes", lambda _folder: 0)
    assert "is full" in diagnosis.diagnose(spec, "exit 1", layout).message
