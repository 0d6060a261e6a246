"""``credithub portal``: the process that writes consents."""

import logging
from contextlib import closing
from datetime import timedelta
from typing import Annotated

import typer

from catalogue.errors import UsageError
from hub.log_lines import log_to_stderr
from hub.long_process import MetricsPort, serve_metrics, stop_event
from hub.settings import bus_config, endpoints, load_settings
from monitoring.health import worse_of
from monitoring.metrics import KEY_WRITTEN

log = logging.getLogger(__name__)
_LEAVE_S = 5


def portal(
    port: Annotated[int | None, typer.Option(help="Port to listen on; unset: CREDITHUB_PORTAL_PORT.")] = None,
    openapi: Annotated[
        bool, typer.Option("--openapi", help="Print the recipients' interface (OpenAPI) and end.")
    ] = False,
    metrics_port: MetricsPort = 0,
) -> None:
    """Write the consents (授权) of enterprises, for `credithub consent`. One alone runs: a second one fences the first.

    It answers recipients, too: by tokens that they get with their keys (docs/banks). It starts with a token alone,
    CREDITHUB_PORTAL_TOKEN, which every other request but /health must carry.
    """
    if openapi:
        from portal.recipients.openapi import document

        typer.echo(document(), nl=False)
        return
    import uvicorn

    from bus.avro.decoding import Decoder
    from bus.avro.encoding import Encoder
    from bus.avro.registry import Registry
    from bus.crypto.cipher import Cipher
    from bus.crypto.fingerprints import checked_keys
    from bus.crypto.keys import written_at
    from bus.crypto.signing import Ed25519Verifier
    from bus.topics import ANCHOR, AUDIT, CONSENT, OUTCOME
    from bus.users import PORTAL
    from catalogue import wire
    from catalogue.load import load_catalogue
    from connectors.http_in.server import CalmServer
    from hub.database_access import DatabaseRole
    from hub.key_check import check_signing_keys
    from hub.recipients_folder import banks_of, name_of
    from hub.stack.ports import LOOPBACK
    from portal.app import Portal, create_app
    from portal.audit.anchors import AnchorBook
    from portal.audit.log import AuditLog
    from portal.evidence import EvidenceStore
    from portal.journal import ConsentJournal
    from portal.office import ConsentOffice
    from portal.pages.shown import ConsentWording
    from portal.pages.site import PageSite
    from portal.recipients.site import PortalKeys, RecipientSettings, recipient_site
    from portal.register import Register
    from portal.requests import Signatories
    from portal.returns.desk import ReturnsDesk
    from portal.returns.entries import EntrySeal
    from portal.returns.journal import ReturnsJournal
    from portal.running import PortalRun

    log_to_stderr("portal")
    settings = load_settings()
    if not settings.portal.token:
        raise UsageError(
            "The portal does not start without a token.",
            remedy="Set CREDITHUB_PORTAL_TOKEN here and for `credithub consent`; `credithub up` makes one.",
        )
    config = bus_config(settings, PORTAL)
    with closing(Registry(config)) as registry:
        signing = check_signing_keys(config, settings.signing_keys)
        cipher = Cipher(checked_keys(config, registry, settings.keys))
        if (written := written_at(settings.keys)) is not None:
            KEY_WRITTEN.labels("encryption").set(written.timestamp())
        evidence = EvidenceStore(settings.evidence, cipher)
        signatories = Signatories(cipher, evidence)
        listens_at = port or settings.portal.port
        term = timedelta(days=settings.portal.term_days)
        at = Portal(load_catalogue(), lambda: banks_of(settings), evidence, signatories, term)
        wording = ConsentWording(at.catalogue, lambda recipient: name_of(settings, recipient), signatories.masked_name)

        def office() -> ConsentOffice:
            decode, verifier = Decoder(registry), Ed25519Verifier(signing.public)
            register = Register(decode, verifier, config.partitions)
            encode = Encoder(registry, CONSENT, wire.CONSENT)
            return ConsentOffice(ConsentJournal(config, signing.signer, encode, decode), register, signatories)

        def end() -> None:
            server.should_exit = True

        audit = AuditLog(config, Encoder(registry, AUDIT, wire.AUDIT_ENTRY), Decoder(registry))
        sealed, verifier = Encoder(registry, ANCHOR, wire.ANCHOR), Ed25519Verifier(signing.public)
        anchors = AnchorBook(config, signing.signer, verifier, sealed, Decoder(registry))
        seal = EntrySeal(cipher)
        journal = ReturnsJournal(config, seal, Encoder(registry, OUTCOME, wire.RETURNED), Decoder(registry))
        returns = ReturnsDesk(journal, seal, lambda: at.office, banks_of(settings))
        pages_url = settings.portal.pages_url or f"http://{LOOPBACK}:{listens_at}"
        pages = PageSite(lambda: at.office, wording, pages_url, returns.receipt_of)
        run = PortalRun(config, at, audit, anchors, returns, office, end)
        site = recipient_site(
            config, Decoder(registry), PortalKeys(signing.signer, verifier, cipher),
            RecipientSettings(
                settings.portal.issuer or f"urn:credithub:{settings.region}",
                endpoints(settings).database(DatabaseRole.PORTAL),
                settings.portal.questions_a_day,
            ),
            lambda subject: at.office.of_subject(subject),
            returns,
            end,
        )  # fmt: skip

        def start() -> None:
            run.start()
            site.run.start()

        def stop() -> None:
            site.run.stop()
            run.stop()

        app = create_app(at, audit, anchors, settings.portal.token, start, stop, pages, site.services)
        serve_metrics(settings, metrics_port, "portal", lambda: worse_of(run(), site.run()))
        server = CalmServer(
            uvicorn.Config(
                app, host=settings.processes.listen_host, port=listens_at, access_log=False,
                log_config=None, proxy_headers=False, server_header=False, timeout_graceful_shutdown=_LEAVE_S,
            )
        )  # fmt: skip
        # uvicorn raises the signal that ended it once more, for whoever handled it before. An end in order exits 0.
        stop_event()
        server.run()
        if (failure := run.failure or site.run.failure) is not None:
            raise failure


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(portal)
