"""``credithub clock``: the process that publishes the business dates."""

import logging
from datetime import UTC, datetime, time, timedelta

import typer

from bus import topics
from bus.business_date import MOST_AHEAD, BusinessDates, today
from bus.users import CLOCK
from catalogue.errors import Unavailable
from catalogue.times import SHANGHAI, business_date
from hub.calendar_health import CalendarHealth
from hub.log_lines import log_to_stderr
from hub.long_process import MetricsPort, serve_metrics, stop_event
from hub.settings import bus_config, load_settings
from monitoring.metrics import BUSINESS_DATE

log = logging.getLogger(__name__)
_CLOCK_PERIOD_S = 5.0


def clock(metrics_port: MetricsPort = 0) -> None:
    """Tell the streams each new calendar day (Asia/Shanghai)."""
    log_to_stderr("clock")
    settings = load_settings()
    health = CalendarHealth()
    serve_metrics(settings, metrics_port, "clock", health)
    dates, accepted = BusinessDates(bus_config(settings, CLOCK)), settings.processes.accept_date
    stop = stop_event()
    while not stop.is_set():
        day = today()
        if day != health.published:
            try:
                dates.publish(day, accepted=accepted, most_ahead=MOST_AHEAD)
            except Unavailable as problem:
                # The day does not pass by: it is published when what is away is back.
                log.warning("the business date %s waits: %s", day, problem)
                health.problem = problem.message
            else:
                health.published, health.problem = day, ""
                BUSINESS_DATE.labels(topics.CALENDAR).set(datetime.combine(day, time(), SHANGHAI).timestamp())
        stop.wait(pause_s(datetime.now(UTC)))


def pause_s(now: datetime) -> float:
    """Return how long the clock may rest: some seconds, and never beyond the next day's beginning."""
    midnight = datetime.combine(business_date(now) + timedelta(days=1), time(), SHANGHAI)
    return min(_CLOCK_PERIOD_S, (midnight - now).total_seconds())


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(clock)
