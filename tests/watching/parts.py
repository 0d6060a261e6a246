"""One part of the hub at a time: a service or a worker that hangs, a clock that is wrong, a record that is lost."""

import shutil
import time
from datetime import UTC, datetime, timedelta

from hub.certificates.folder import CertificateFolder
from tests.watching.causes import REGISTRAR, Site, frozen, killed
from tests.watching.staged import late_clock, losing_table, taken_keys
from tests.watching.story import Say, alarm, assert_no_page_but_of, stay_quiet
from tests.watching.tower import Tower


def services_that_hang(site: Site, tower: Tower, say: Say = print) -> None:
    """PostgreSQL and the registry are told by their names; who needs them says nothing more."""
    for service in ("postgres", "registry"):
        with alarm(tower, f"ServiceDown {service}", frozen(site, service), say=say):
            # Whoever needs it would have had the time to say so.
            stay_quiet(tower)


def no_worker(site: Site, tower: Tower, say: Say = print) -> None:
    """The only worker hangs: one page says what that means."""
    with alarm(tower, "NoWorker", frozen(site, "worker-0"), hurt=frozenset({"worker-0"}), say=say):
        pass


def one_restart(site: Site, tower: Tower, process: str = "release", say: Say = print) -> None:
    """A process that died and came back is a ticket."""
    begun, since = len(tower.told), time.monotonic()
    killed(site, process)
    told = tower.until_told(f"ProcessRestarted {process}", since=begun)
    say(f"{told.name}: told after {time.monotonic() - since:.0f} s: {told.summary}")
    tower.until_over(told.name, patience_s=300 + 900 / tower.speed)
    say(f"{told.name}: over after {time.monotonic() - since:.0f} s")
    assert_no_page_but_of(tower, begun, frozenset({process} if tower.speed > 1 else ()))


def certificate_that_ends(site: Site, tower: Tower, say: Say = print) -> None:
    """The door shows a certificate that ends soon: a ticket, until it is renewed and the door started anew."""
    door, begun, since = "registry-door", len(tower.told), time.monotonic()
    folder = site.settings.certificates
    CertificateFolder(folder).make([], datetime.now(UTC) - timedelta(days=380))
    killed(site, door)
    told = tower.until_told(f"CertificateEnding {door}", since=begun, patience_s=600)
    say(f"{told.name}: told after {time.monotonic() - since:.0f} s: {told.summary}")
    site.run("certs", "renew", "server")
    killed(site, door)
    tower.until_over(told.name)
    say(f"{told.name}: over after {time.monotonic() - since:.0f} s")
    shutil.rmtree(folder)
    killed(site, door)
    assert_no_page_but_of(tower, begun, frozenset({door} if tower.speed > 1 else ()))


def clock_of_a_wrong_machine(site: Site, tower: Tower, say: Say = print) -> None:
    """The clock believes that it has done its work: the date that it published says otherwise."""
    with late_clock(site) as (targets, wrong), tower.looking_at(targets):
        begun, since = len(tower.told), time.monotonic()
        told = tower.until_told("CalendarStale", since=begun, patience_s=600)
        say(f"CalendarStale: told after {time.monotonic() - since:.0f} s: {told.summary}")
        wrong.unlink()
        tower.until_over("CalendarStale")
        say("CalendarStale: over, once that machine's time was set")
        assert {told.name for told in tower.pages(begun)} == {"CalendarStale"}


def platform_that_rejects(site: Site, tower: Tower, say: Say = print) -> None:
    """The platform above takes requests and rejects records in them: a ticket."""
    begun, since = len(tower.told), time.monotonic()
    taken_keys(site, seed=31)
    told = tower.until_told("UpstreamRejects", since=begun)
    say(f"UpstreamRejects: told after {time.monotonic() - since:.0f} s: {told.summary}")
    tower.until_over("UpstreamRejects", patience_s=300 + 900 / tower.speed)
    say(f"UpstreamRejects: over after {time.monotonic() - since:.0f} s")


def rows_that_never_came(site: Site, tower: Tower, say: Say = print) -> None:
    """PostgreSQL lost rows that its sink wrote. As the guide says: the tables are filled again, and all is proven."""
    begun, since = len(tower.told), time.monotonic()
    with losing_table(site):
        site.push(seed=32, unit=REGISTRAR)
        told = tower.until_told("Unreconciled proof", since=begun)
        say(f"Unreconciled: told after {time.monotonic() - since:.0f} s: {told.summary}")
    assert told.labels["arrow"] == "postgres"
    site.run("reconcile", "--wait", "60", exit_codes=(1,))
    assert "Unreconciled proof" in tower.firing()
    site.run("rebuild", "postgres", "--yes")
    site.run("reconcile", "--wait", "120")
    since = time.monotonic()
    tower.until_over("Unreconciled proof")
    say(f"Unreconciled: over {time.monotonic() - since:.0f} s after a full pass")
    # Whoever fills the tables anew ends their sink.
    assert_no_page_but_of(tower, begun, frozenset({"proof", "sink-postgres"}))
