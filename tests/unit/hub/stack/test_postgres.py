"""The embedded PostgreSQL: its passwords, and what a killed server left."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg2.extensions

from hub.settings import exact_settings
from hub.stack import postgres
from hub.stack.layout import HomeLayout
from hub.stack.status import write_private


def test_a_password_is_generated_once_kept_private_and_quoted(tmp_path: Path) -> None:
    layout = HomeLayout.of(exact_settings(home=tmp_path))
    layout.create()
    first = postgres.password(layout, "a")
    assert postgres.password(layout, "a") == first
    assert postgres.password(layout, "b") != first
    assert (layout.postgres / "a.password").stat().st_mode & 0o077 == 0
    write_private(layout.postgres / "credithub.password", "p@ss/w:rd")
    parsed = psycopg2.extensions.parse_dsn(postgres.dsn(layout, 5433))
    assert (parsed["password"], parsed["port"], parsed["dbname"]) == ("p@ss/w:rd", "5433", "credithub")


def test_a_postmaster_file_of_another_program_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "postmaster.pid"
    file.write_text(f"{os.getpid()}\n{tmp_path}\n")
    postgres.clear_postmaster_file(tmp_path)
    assert not file.exists()
    # PostgreSQL judges a pid that is gone itself.
    with subprocess.Popen([sys.executable, "-S", "-c", ""]) as gone:
        gone.wait()
    file.write_text(f"{gone.pid}\n")
    postgres.clear_postmaster_file(tmp_path)
    assert file.exists()
