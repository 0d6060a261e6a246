"""The hub's own processes: prepare, worker and clock."""

import gc
import logging
import signal
import threading
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from bus import clients, topics
from bus.avro.decoding import Decoder
from bus.avro.encoding import Encoder
from bus.avro.registry import Registry
from bus.business_date import business_date_of
from bus.config import BusConfig
from bus.reading.offsets import watermarks
from bus.reading.scan import scan
from catalogue import wire
from catalogue.errors import IntegrityError, UsageError
from catalogue.load import load_catalogue
from catalogue.times import SHANGHAI
from hub.settings import bus_config, endpoints, load_settings
from monitoring import metrics

MetricsPort = Annotated[int, typer.Option("--metrics-port", help="Port to serve /metrics on; 0: none.")]
_CLOCK_PERIOD_S = 5.0
# A clock that is wrong by years would empty every window for good; a hub may have been off for some weeks.
MOST_AHEAD = timedelta(days=31)


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(prepare)
    app.command()(worker)
    app.command()(clock)


def prepare() -> None:
    """Create topics, register schemas, migrate the database, make keys: all that the processes expect."""
    from bus.crypto.keys import create_key_file
    from bus.registration import register_all
    from sinks.banks.recipients import bank_ids
    from sinks.postgres.schema import migrate

    settings = load_settings()
    config = bus_config(settings)
    banks = list(bank_ids())
    made = topics.ensure_topics(config, topics.topic_specs(load_catalogue(), banks))
    if not settings.keys.exists():
        _refuse_other_keys(config, settings.keys)
        create_key_file(settings.keys)
    registered = register_all(config, banks)
    migrate(endpoints(settings).postgres_dsn)
    say_date(config, today(), accepted=settings.processes.accept_date, most_ahead=MOST_AHEAD)
    typer.echo(f"prepared: {len(made)} topics made, {registered} schemas registered")


def worker(
    index: Annotated[int, typer.Option(help="Number of this worker; a restart under it moves no partition.")] = 0,
    metrics_port: MetricsPort = 0,
) -> None:
    """Run a stream worker: merge catalogue events into records, changes and states."""
    from bus.crypto.cipher import Cipher
    from bus.crypto.keys import load_key_file
    from streams.app import create_app, run

    log_to_stderr()
    settings = load_settings()
    folder = settings.home / "streams" / f"worker-{index}"
    cipher = Cipher(load_key_file(settings.keys))
    app = create_app(bus_config(settings), load_catalogue(), folder, cipher, instance=f"worker-{index}")
    metrics.serve(metrics_port, settings.processes.listen_host, app.readiness)
    collect_seldom()
    run(app)


def clock(metrics_port: MetricsPort = 0) -> None:
    """Tell the streams each new calendar day (Asia/Shanghai)."""
    log_to_stderr()
    metrics.serve(metrics_port, load_settings().processes.listen_host)
    settings = load_settings()
    config = bus_config(settings)
    stop = stop_event()
    said: date | None = None
    while not stop.is_set():
        now = today()
        if now != said:
            say_date(config, now, accepted=settings.processes.accept_date, most_ahead=MOST_AHEAD)
            said = now
        stop.wait(_CLOCK_PERIOD_S)


def log_to_stderr() -> None:
    """Log what an operator may need; not every request to the registry."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in ("httpx", "httpx2", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def collect_seldom() -> None:
    """Look for cycles of objects seldom.

    A batch makes tens of thousands of objects, which end with it without any search: by the interpreter's own
    thresholds a quarter of a worker's time went into looking through them.
    """
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def today() -> date:
    """Return the business date."""
    return datetime.now(SHANGHAI).date()


def say_date(
    config: BusConfig, day: date, *, accepted: date | None = None, most_ahead: timedelta | None = None
) -> None:
    """Put a calendar day into every partition that does not know it yet.

    Raises UsageError when Kafka was written with another registry: nothing in it could be read; and for a day more
    than ``most_ahead`` behind the newest one told, unless it is the ``accepted`` one: no day can be taken back.
    """
    with closing(Registry(config)) as registry:
        known = _told(config, Decoder(registry))
        newest = max(known.values(), default=day)
        if most_ahead is not None and day > newest + most_ahead and day != accepted:
            raise UsageError(
                f"The clock says {day}, and the streams were last told {newest}.",
                remedy=f"Set the clock; if it is right, start with CREDITHUB_ACCEPT_DATE={day}.",
            )
        missing = [number for number in range(config.partitions) if known.get(number, date.min) < day]
        if not missing:
            return
        value = Encoder(registry, topics.CALENDAR, wire.BUSINESS_DATE)({"date": day, "said_at": datetime.now(UTC)})
    producer = clients.producer(config)
    for partition in missing:
        producer.produce(config.topic(topics.CALENDAR), value, None, partition)
    if producer.flush(30):
        raise UsageError("The broker did not take the business date.", remedy="See `credithub status`.")


def _told(config: BusConfig, decode: Decoder) -> dict[int, date]:
    """Return the newest day that each partition was told."""
    known: dict[int, date] = {}
    for message in scan(config, topics.CALENDAR):
        told = business_date_of(decode, message.value()) or date.min
        known[message.partition()] = max(told, known.get(message.partition(), told))
    if known and max(known.values()) == date.min:
        raise UsageError(
            f"The topics of {config.bootstrap} were written with another registry than {config.registry_url}.",
            remedy="Name that registry in CREDITHUB_REGISTRY_URL, or take other topics by CREDITHUB_TOPIC_PREFIX.",
        )
    return known


def _refuse_other_keys(config: BusConfig, keys: Path) -> None:
    """Raise IntegrityError when something was pushed with keys that are not here: with others nothing would fit it."""
    if any(end.high for end in watermarks(config, [(topics.SUBMISSION, 0)]).values()):
        raise IntegrityError(
            f"There is no key file {keys}, but what Kafka holds was sealed and linked with one.",
            remedy="Restore it from its backup, or name it in CREDITHUB_KEY_FILE. With other keys nothing could be"
            " opened, and each record would come a second time.",
        )


def stop_event() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
