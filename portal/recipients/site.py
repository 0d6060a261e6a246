"""The recipients' part of the portal, put together: what answers them, and how it is added to the application."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from fastapi import FastAPI, Response
from starlette.authentication import AuthenticationError
from starlette.requests import HTTPConnection

from bus.avro.decoding import Decoder
from bus.config import BusConfig
from bus.crypto.cipher import Cipher
from bus.crypto.signing import Signer, Verifier
from bus.reading.followed_topics import FollowedTopics
from connectors.http_in.authentication import refused
from connectors.postgres import SnapshotPool
from portal.journal import STAGE
from portal.recipients.answer_counts import begin_answer_counts
from portal.recipients.asked_today import count_asked_today
from portal.recipients.budget import QuestionBudget
from portal.recipients.changes import ChangeReader
from portal.recipients.cursors import Cursors
from portal.recipients.desk import ConsentsOf, RecipientDesk
from portal.recipients.directory import FOLLOWED, RecipientDirectory
from portal.recipients.door import asked
from portal.recipients.problems import handlers, unauthenticated
from portal.recipients.routes import RecipientServices, recipients_router
from portal.recipients.running import RecipientsRun
from portal.recipients.tokens import TokenDesk
from portal.recipients.view import SubjectViews
from portal.returns.desk import ReturnsDesk
from portal.returns.routes import returns_router
from rules.release.askable import askable_indicators
from rules.release.labels import current_labels

# As many as read at once; PostgreSQL has a hundred for all.
_CONNECTIONS, _WAIT_S, _STATEMENT_S = 12, 10.0, 10


class PortalKeys(NamedTuple):
    """What the portal signs and seals with."""

    signer: Signer
    verifier: Verifier
    cipher: Cipher


class RecipientSettings(NamedTuple):
    """What an operator says of it: to whom assertions are addressed, the database, questions a day."""

    issuer: str
    dsn: str
    questions_a_day: int


class RecipientSite(NamedTuple):
    """What answers recipients, and the thread that keeps it current."""

    services: RecipientServices
    run: RecipientsRun


def recipient_site(
    config: BusConfig,
    decode: Decoder,
    keys: PortalKeys,
    settings: RecipientSettings,
    consents: ConsentsOf,
    returns: ReturnsDesk,
    on_end: Callable[[], None],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> RecipientSite:
    """Return what answers; ``on_end`` is called when it can never go on."""
    directory = RecipientDirectory(current_labels(), decode)
    budget = QuestionBudget(settings.questions_a_day)
    pool = SnapshotPool(settings.dsn, _CONNECTIONS, wait_s=_WAIT_S, statement_s=_STATEMENT_S)
    desk = RecipientDesk(directory, consents, pool, budget, askable_indicators(), now)
    cursors = Cursors(keys.cipher)
    services = RecipientServices(
        TokenDesk(settings.issuer, keys.signer, keys.verifier, directory, lambda: now().timestamp()),
        desk,
        SubjectViews(desk, pool, decode, cursors),
        ChangeReader(config, decode, cursors),
        returns,
    )
    feed = FollowedTopics(config, STAGE, FOLLOWED, directory.take)
    run = RecipientsRun(directory, feed, lambda: count_asked_today(config, decode, budget, now()), on_end)
    return RecipientSite(services, run)


def add_recipients(app: FastAPI, services: RecipientServices) -> None:
    """Add the recipients' routes; who comes to them is the door's affair (``portal.recipients.door``)."""
    app.include_router(recipients_router(lambda: services))
    app.include_router(returns_router(lambda: services.returns))
    for known, handler in handlers().items():
        app.add_exception_handler(known, handler)
    begin_answer_counts()


def refused_at_the_door(connection: HTTPConnection, problem: AuthenticationError) -> Response:
    """Answer whom no token lets in, in the form of the path that he came to."""
    answer = unauthenticated if asked(connection.scope["path"]) else refused
    return answer(connection, problem)
