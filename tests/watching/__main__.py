"""The whole night with the rules as they are: ``python -m tests.watching [--speed 1]``; see `make alerts`.

A hub of its own in a temporary home, a real Prometheus and a real Alertmanager. It prints when each alert was told and
when it was over, and ends with the first that was not.
"""

import argparse
import tempfile
from pathlib import Path

import hub.stack
from hub.stack.layout import HomeLayout
from tests.services import stack_settings
from tests.watching import story
from tests.watching.causes import Site
from tests.watching.tower import watched


def main() -> None:
    """Run the stories in their order; the stop is the last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", type=float, default=1.0, help="divides every time of the rules")
    speed = parser.parse_args().speed
    with tempfile.TemporaryDirectory(prefix="credithub-alerts-") as folder:
        site = Site(stack_settings(Path(folder) / "home"), Path(folder))
        hub.stack.start(site.settings)
        try:
            with watched([HomeLayout.of(site.settings).targets_file], Path(folder) / "tower", speed=speed) as tower:
                story.quiet_when_all_is_well(site, tower)
                story.faults_of_one_part_each(site, tower)
                story.killed_again_and_again(site, tower)
                story.many_bad_rows(site, tower)
                story.broker_that_hangs(site, tower)
                story.planned_stop(site, tower)
                story.forgotten_stop(tower)
        finally:
            hub.stack.stop(site.settings, purge=True)


if __name__ == "__main__":
    main()
