"""Every error that the hub raises on purpose. Those with a module's name are defined there, the others here.

    HubError
    ├── UsageError               the person at the keyboard can mend it: exit code 2
    │   ├── CatalogueError       a catalogue file contradicts itself
    │   ├── FileRefused          a department's file cannot be taken as it is
    │   │   ├── NoItem           a table fits no item of the list (producers.tables.item_fit)
    │   │   └── Question         nobody was there to answer
    │   │       ├── ItemQuestion several items fit a table (producers.tables.lookalikes)
    │   │       └── UnitQuestion nothing says in which unit amounts are (producers.tables.units)
    │   ├── NotRunning           the embedded stack is stopped, or being started (hub.settings)
    │   ├── FilesRefused         some of several files were refused, the others were sent
    │   └── UnknownSubject       the hub has no state of a subject (queries.view)
    ├── ValueProblem             one cell does not hold what its column asks for (producers.tables.problems)
    ├── TimeAhead                a row is about a time that has not come (producers.tables.identity)
    ├── PushInterrupted          a process of a push was killed (producers.submissions.parallel)
    ├── PoisonMessage            one message of a topic cannot be read
    ├── UncoveredType            the compiled readers do not cover a schema: fastavro reads it (bus.avro.reader)
    ├── Unavailable              a service is away: hold the position, try again after `retry_after_s`
    │   └── SinkUnavailable      the receiver of a sink is away
    ├── Refused                  the receiver read a message and does not take it (connectors.http_out)
    ├── Behind                   the merge has not read everything yet: exit code 3 (hub.commands.reconcile)
    ├── ForgedSignature          what is signed was changed, or nobody whom the hub knows signed it (bus.crypto.signing)
    ├── NotGenuine               an artefact of a consent is none of the hub's (hub.consent_verification)
    ├── IllegalTransition        a consent cannot go this way (rules.release.consent.lifecycle)
    ├── NotPossible              … as who asked the portal for it is told (portal.office)
    ├── NoSuchConsent            there is no consent of this number (portal.office)
    ├── BadRequest               fields that an operator filled in wrongly (portal.requests)
    ├── EvidenceRefused          what was handed in is no evidence that is kept (portal.evidence)
    ├── PageRefused              a page is not shown, or its form not taken (portal.pages.problems)
    ├── BadQuestion              a recipient's question or scorecard that cannot be answered (rules.release.predicate)
    ├── AnswerRefused            a recipient is not answered, by law, permission or consent (portal.recipients.desk)
    ├── BatchDiffers             another batch of this number was taken before (portal.returns.desk)
    ├── BatchRefused             nothing of a batch was taken: entries are wrong (portal.returns.desk)
    ├── NoSuchCard               a recipient has no scorecard of this id (portal.recipients.desk)
    ├── TokenRefused             a recipient gets no token (portal.recipients.tokens)
    ├── TokenInvalid             a request carries no token of a recipient (portal.recipients.tokens)
    ├── CursorRefused            a cursor is none that this recipient was given (portal.recipients.cursors)
    ├── CursorExpired            what a cursor would read on from is not kept any more (portal.recipients.changes)
    ├── NotNow                   something is away that an answer needs (portal.recipients.answer_counts)
    ├── OfficeLost               the portal ends: another one took over, or a transaction failed (portal.journal)
    ├── AuditLost                an entry is not in the audit log: nothing may be answered (portal.audit.log)
    ├── PortalRefused            the portal does not do what was asked (hub.portal_client)
    ├── OtherBanks               a pass of the proof is to be begun anew (proofs.continuous.passing)
    ├── AccessDenied             Kafka does not let this user in, or do this (bus.access)
    ├── StackError               the embedded stack cannot start or stay up
    └── IntegrityError           a law of the hub was found broken: stop, and name what broke

Each carries a remedy: what the reader can do about it, in one sentence. A test compares the drawing with the classes.
"""

from collections.abc import Sequence
from typing import Self


class HubError(Exception):
    """Base of all errors raised on purpose; ``remedy`` says what the reader can do."""

    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class UsageError(HubError):
    """The command was given something that cannot work."""

    exit_code = 2


class CatalogueError(UsageError):
    """A catalogue file contradicts itself or the list it comes from."""


class FileRefused(UsageError):
    """A whole file is refused, before anything of it was sent."""

    def in_sheet(self, sheet: str | None) -> Self:
        """Return the error, its message naming the sheet that it is about."""
        if sheet is not None:
            self.message = f"工作表“{sheet}”：{self.message}"
        return self


class Question(FileRefused):
    """A file is refused because nobody was there to answer: ``choices`` are the answers to the message."""

    def __init__(self, question: str, choices: Sequence[str], *, remedy: str) -> None:
        super().__init__(question, remedy=remedy)
        self.choices = tuple(choices)


class FilesRefused(UsageError):
    """Some of several files were refused; the others were sent."""


class PoisonMessage(HubError):
    """This message can never be read: make it a dead letter, with its bytes, and go on."""


class Unavailable(HubError):
    """A service is away: hold the position, try again after ``retry_after_s`` seconds."""

    def __init__(self, message: str, *, remedy: str = "", retry_after_s: float = 1.0) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after_s = retry_after_s


class SinkUnavailable(Unavailable):
    """The receiver is down: hold the offset, try again after ``retry_after_s`` seconds."""


class StackError(HubError):
    """The embedded stack cannot start or stay up."""


class IntegrityError(HubError):
    """A law of the hub was found broken."""
