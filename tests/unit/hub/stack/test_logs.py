"""Logs stay small, and their end can be read and followed."""

from pathlib import Path

from hub.stack.logs import rotate_log, tail_of


def test_the_log_of_a_running_process_is_emptied_in_place(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with log.open("ab") as writer:
        writer.write(b"x" * 100)
        writer.flush()
        rotate_log(log, limit_bytes=100, running=True)
        writer.write(b"y")
    assert (log.read_bytes(), (tmp_path / "a.log.1").read_bytes()) == (b"y", b"x" * 100)


def test_logs_are_rotated_by_size(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    for number in range(6):
        log.write_text(str(number) * 10)
        rotate_log(log, limit_bytes=10)
        assert not log.exists()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.log.1", "a.log.2", "a.log.3"]
    assert (tmp_path / "a.log.1").read_text() == "5" * 10
    log.write_text("small")
    rotate_log(log, limit_bytes=10)
    assert log.read_text() == "small"


def test_the_end_of_a_log_is_read_and_followed_across_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("1\n2\n3\n")
    assert list(tail_of(log, 2, follow=False)) == ["2\n", "3\n"]
    lines = tail_of(log, 1, follow=True)
    assert next(lines) == "3\n"
    with log.open("a") as writer:
        writer.write("4\n")
    assert next(lines) == "4\n"
    log.replace(tmp_path / "a.log.1")
    log.write_text("5\n")
    assert next(lines) == "5\n"
    with log.open("a") as writer:
        writer.write("a longer line\n")
    assert next(lines) == "a longer line\n"
    rotate_log(log, limit_bytes=1, running=True)
    with log.open("a") as writer:
        writer.write("in place\n")
    assert next(lines) == "in place\n"
