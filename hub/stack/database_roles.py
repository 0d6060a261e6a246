"""The roles of the embedded PostgreSQL: made, or brought to what they are today, by the file that others use, too."""

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from catalogue.errors import StackError
from hub.database_access import DatabaseRole
from hub.settings import Settings, endpoints
from hub.stack import postgres, preflight
from hub.stack.layout import HomeLayout
from hub.stack.ports import LOOPBACK

ROLES_FILE = Path(__file__).parents[2] / "deploy" / "postgres-init.sql"


def make_roles(settings: Settings) -> None:
    """Make the roles with the passwords of the home; raises StackError, without any password, when that fails."""
    layout, address = HomeLayout.of(settings), urlsplit(endpoints(settings).database(DatabaseRole.OWNER))
    passwords = {f"POSTGRES_{role.upper()}_PASSWORD": postgres.password(layout, role.user) for role in DatabaseRole}
    environment = {
        **os.environ,
        **passwords,
        "POSTGRES_REGISTRY_PASSWORD": postgres.password(layout, postgres.REGISTRY_USER),
        "PGPASSWORD": postgres.password(layout, postgres.USER),
    }
    where = ("-h", LOOPBACK, "-p", str(address.port), "-U", postgres.USER, "-d", postgres.DATABASE)
    psql = (str(preflight.postgres_bin() / "psql"), "--no-psqlrc", "--no-password", *where, "-f", str(ROLES_FILE))
    done = subprocess.run(
        psql, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0:
        # The lines after the first may repeat the statement, with a password in it.
        first = done.stderr.strip().partition("\n")[0]
        raise StackError(f"PostgreSQL's roles cannot be made: {first}", remedy="See `credithub logs postgres`.")
