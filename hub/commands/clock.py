"""``credithub clock``: the process that publishes the business dates."""

from datetime import date

import typer

from bus.business_date import MOST_AHEAD, publish_business_date, today
from hub.long_process import MetricsPort, log_to_stderr, serve_metrics, stop_event
from hub.settings import bus_config, load_settings

_CLOCK_PERIOD_S = 5.0


def clock(metrics_port: MetricsPort = 0) -> None:
    """Tell the streams each new calendar day (Asia/Shanghai)."""
    log_to_stderr()
    settings = load_settings()
    serve_metrics(settings, metrics_port)
    config, accepted = bus_config(settings), settings.processes.accept_date
    stop = stop_event()
    published: date | None = None
    while not stop.is_set():
        day = today()
        if day != published:
            publish_business_date(config, day, accepted=accepted, most_ahead=MOST_AHEAD)
            published = day
        stop.wait(_CLOCK_PERIOD_S)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(clock)
