"""``credithub portal``: the process that writes consents."""

import logging
from contextlib import closing
from typing import Annotated

import typer

from catalogue.errors import UsageError
from hub.log_lines import log_to_stderr
from hub.long_process import MetricsPort, serve_metrics, stop_event
from hub.settings import bus_config, load_settings
from monitoring.metrics import KEY_WRITTEN

log = logging.getLogger(__name__)
_LEAVE_S = 5


def portal(
    port: Annotated[int | None, typer.Option(help="Port to listen on; unset: CREDITHUB_PORTAL_PORT.")] = None,
    metrics_port: MetricsPort = 0,
) -> None:
    """Write the consents (授权) of enterprises, for `credithub consent`. One alone runs: a second one fences the first.

    It starts with a token alone, CREDITHUB_PORTAL_TOKEN, which every request but /health must carry.
    """
    import uvicorn

    from bus.avro.decoding import Decoder
    from bus.avro.encoding import Encoder
    from bus.avro.registry import Registry
    from bus.crypto.cipher import Cipher
    from bus.crypto.fingerprints import checked_keys
    from bus.crypto.keys import written_at
    from bus.crypto.signing import Ed25519Verifier
    from bus.topics import CONSENT
    from bus.users import PORTAL
    from catalogue import wire
    from catalogue.load import load_catalogue
    from connectors.http_in.server import CalmServer
    from hub.key_check import check_signing_keys
    from hub.recipients_folder import banks_of
    from portal.app import Portal, create_app
    from portal.evidence import EvidenceStore
    from portal.journal import ConsentJournal
    from portal.office import ConsentOffice
    from portal.register import Register
    from portal.requests import Signatories
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
        at = Portal(load_catalogue(), lambda: banks_of(settings), evidence, signatories)

        def office() -> ConsentOffice:
            decode, verifier = Decoder(registry), Ed25519Verifier(signing.public)
            register = Register(decode, verifier, config.partitions)
            encode = Encoder(registry, CONSENT, wire.CONSENT)
            return ConsentOffice(ConsentJournal(config, signing.signer, encode, decode), register, signatories)

        def end() -> None:
            server.should_exit = True

        run = PortalRun(config, at, office, end)
        app = create_app(at, settings.portal.token, run.start, run.stop)
        serve_metrics(settings, metrics_port, "portal", run)
        server = CalmServer(
            uvicorn.Config(
                app, host=settings.processes.listen_host, port=port or settings.portal.port, access_log=False,
                log_config=None, proxy_headers=False, server_header=False, timeout_graceful_shutdown=_LEAVE_S,
            )
        )  # fmt: skip
        # uvicorn raises the signal that ended it once more, for whoever handled it before. An end in order exits 0.
        stop_event()
        server.run()
        if run.failure is not None:
            raise run.failure


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(portal)
