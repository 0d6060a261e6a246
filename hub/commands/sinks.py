"""The processes that deliver: a sink for each receiver, and the reference upstream node."""

from typing import Annotated

import typer

from catalogue.errors import UsageError
from catalogue.load import load_catalogue
from hub.database_access import DatabaseRole
from hub.log_lines import log_to_stderr
from hub.long_process import MetricsPort, collect_seldom, serve_metrics, stop_event
from hub.settings import bus_config, endpoints, load_settings


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(sink)
    app.command()(upstream)


def sink(
    name: Annotated[str, typer.Argument(help="postgres, upstream or webhooks.")],
    metrics_port: MetricsPort = 0,
) -> None:
    """Run a sink: deliver what the streams publish to one receiver."""
    from connectors.https_post import HttpsPost
    from connectors.tls import ClientTls
    from hub.certificates.ends import tell_end
    from rules.release.labels import current_labels
    from sinks.postgres import sink as postgres_sink
    from sinks.readiness import SinkReadiness
    from sinks.upstream import sink as upstream_sink
    from sinks.upstream.profile import load_profile
    from sinks.webhooks import app as webhooks
    from sinks.webhooks.registration import WebhookRegistrations

    log_to_stderr(f"sink-{name}")
    settings = load_settings()
    names = ["postgres", "upstream", "webhooks"]
    if name not in names:
        raise UsageError(f"There is no sink {name!r}.", remedy=f"Use one of: {', '.join(names)}.")
    config = bus_config(settings, f"sink.{name}")
    readiness = SinkReadiness(settings.sink.behind_s)
    serve_metrics(settings, metrics_port, f"sink-{name}", readiness)
    collect_seldom()
    if name == "postgres":
        postgres_sink.run(config, endpoints(settings).database(DatabaseRole.SINK), stop_event(), readiness=readiness)
        return
    if name == "webhooks":
        registrations, context = WebhookRegistrations(settings.webhook_files), ClientTls(settings.webhooks.ca).context()
        webhooks.run(config, registrations, HttpsPost(context), current_labels(), stop_event(), readiness=readiness)
        return
    profile, url, above = load_profile(settings.upstream.profile), endpoints(settings).upstream_url, settings.upstream
    tls = ClientTls(above.ca, above.cert, above.key)
    if above.cert is not None and tls.context():
        tell_end("upstream", above.cert)
    target = upstream_sink.Target(url, profile, settings.region, above.token, tls)
    upstream_sink.run(config, target, stop_event(), readiness=readiness)


def upstream(
    port: Annotated[int | None, typer.Option(help="Port to listen on; unset: CREDITHUB_UPSTREAM_PORT.")] = None,
    openapi: Annotated[bool, typer.Option("--openapi", help="Print the interface (OpenAPI) and end.")] = False,
    metrics_port: MetricsPort = 0,
) -> None:
    """Run the reference upstream node: it plays the platform above, with a store and a validation of its own.

    It starts with a token alone, CREDITHUB_UPSTREAM_TOKEN, which every request but /health must carry.
    The file <home>/upstream/maintenance, holding seconds for Retry-After, closes it until the file is removed.
    """
    import uvicorn

    from connectors.http_in.server import CalmServer
    from federation.receiver.app import create_app
    from federation.receiver.openapi import document

    if openapi:
        typer.echo(document(), nl=False)
        return
    log_to_stderr("upstream")
    settings = load_settings()
    if not settings.upstream.token:
        raise UsageError(
            "The upstream node does not start without a token.",
            remedy="Set CREDITHUB_UPSTREAM_TOKEN here and for the sink that sends to it; `credithub up` makes one.",
        )
    app = create_app(
        settings.home / "upstream" / "store.sqlite3",
        load_catalogue(),
        settings.upstream.token,
        on_started=lambda health: serve_metrics(settings, metrics_port, "upstream", health),
    )
    # Without the access log: every batch would be a line.
    config = uvicorn.Config(
        app, host=settings.processes.listen_host, port=port or settings.upstream.port, access_log=False, log_config=None
    )
    # uvicorn raises the signal that ended it once more, for whoever handled it before. An end in good order exits 0.
    stop_event()
    CalmServer(config).run()
