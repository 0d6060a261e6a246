"""Where recipients are answered: first what they may know, by law, permission and consent, then what there is.

Who may not know is told why, by what was decided before anything was looked up: neither the words nor the time of a
refusal depend on what there is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from catalogue.errors import HubError
from catalogue.times import SHANGHAI, business_date
from connectors.postgres import SnapshotPool
from portal.recipients.budget import QuestionBudget
from portal.recipients.cards import CardVersion
from portal.recipients.directory import RecipientDirectory
from queries.subject_records import subject_records
from rules.release.answering import AnswerRefusal, AskingRecipient, StatedPurpose
from rules.release.askable import AskableIndicator
from rules.release.consent.lifecycle import Consent
from rules.release.consent.terms import Mode
from rules.release.predicate import Predicate, PredicateAnswer, check_predicate, read_predicate
from rules.release.recipient_messages import RecipientVersion
from rules.release.scorecards import check_card

ConsentsOf = Callable[[str], Iterable[Consent]]
"""Returns the consents of an enterprise as they are now; raises OfficeLost."""


class RefusedItem(NamedTuple):
    """An item of which nothing is answered, and why."""

    item: str
    code: AnswerRefusal


class AnswerRefused(HubError):
    """A recipient is not answered; ``code`` is that of the first of ``items``. ``wait_s``: after which it may be."""

    def __init__(self, code: AnswerRefusal, items: Sequence[RefusedItem] = (), wait_s: int | None = None) -> None:
        super().__init__(f"refused: {code}")
        self.code, self.items, self.wait_s = code, tuple(items), wait_s


class NoSuchCard(HubError):
    """The recipient has no card of this id."""


class Answered(NamedTuple):
    """What a question came to, and by which consents it was answered."""

    answer: PredicateAnswer
    question: Predicate
    consents: tuple[str, ...]
    moment: datetime


class Scored(NamedTuple):
    """What a card came to; ``score`` None: what is known does not suffice."""

    score: Decimal | None
    card: CardVersion
    consents: tuple[str, ...]
    moment: datetime


class RecipientDesk:
    """Answers questions and scores. Safe to use from several threads."""

    def __init__(
        self,
        directory: RecipientDirectory,
        consents: ConsentsOf,
        pool: SnapshotPool,
        budget: QuestionBudget,
        askable: Mapping[str, AskableIndicator],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.directory, self.askable = directory, askable
        self._consents, self._pool, self._budget, self._now = consents, pool, budget, now

    def asking(self, recipient: RecipientVersion, subject: str) -> AskingRecipient:
        """Return who asks about an enterprise, with what counts at this moment.

        Raises Unavailable where other labels count than those of this process, and OfficeLost.
        """
        moment, name = self._now(), recipient.recipient
        return AskingRecipient(
            recipient.definition, self.directory.labels, subject, self.directory.has_entry(name, subject),
            tuple(self._consents(subject)), moment,
        )  # fmt: skip

    def verify(self, recipient: RecipientVersion, subject: str, question: str, stated: StatedPurpose) -> Answered:
        """Answer a question; raises BadQuestion, AnswerRefused, Unavailable and SinkUnavailable."""
        predicate = read_predicate(question)
        check_predicate(predicate, self.askable)
        asking = self.asking(recipient, subject)
        told, consents = self._told(asking, predicate.indicators, stated)
        return Answered(predicate.answer(told), predicate, consents, asking.moment)

    def score(self, recipient: RecipientVersion, subject: str, card_id: str, stated: StatedPurpose) -> Scored:
        """Score by a card that was registered; raises NoSuchCard, and as ``verify`` does."""
        version = self.directory.card(recipient.recipient, card_id)
        if version is None:
            raise NoSuchCard("没有登记过这张评分卡", remedy="请核对评分卡编号；新卡须先由平台登记。")
        # Bands may have moved since it was registered.
        check_card(version.card, self.askable)
        asking = self.asking(recipient, subject)
        told, consents = self._told(asking, version.card.indicators, stated)
        return Scored(version.card.score(told), version, consents, asking.moment)

    def _told(
        self, asking: AskingRecipient, names: Iterable[str], stated: StatedPurpose
    ) -> tuple[dict[str, Decimal | None], tuple[str, ...]]:
        """Return what may be known of indicators, and by which consents; raises AnswerRefused, before it looks."""
        indicators = [self.askable[name] for name in names]
        consents = self._rights(asking, indicators, stated)
        if not self._budget.takes(asking.definition.id, asking.subject, business_date(asking.moment)):
            raise AnswerRefused(AnswerRefusal.FREQUENCY_EXCEEDED, wait_s=_until_midnight_s(asking.moment))
        with subject_records(self._pool) as records:
            values = records.indicators(asking.subject, {one.group for one in indicators})
        return {one.id: one.told(values.get(one.id)) for one in indicators}, consents

    def _rights(
        self, asking: AskingRecipient, indicators: Iterable[AskableIndicator], stated: StatedPurpose
    ) -> tuple[str, ...]:
        refused: dict[str, AnswerRefusal] = {}
        numbers: set[str] = set()
        for one in indicators:
            for item in one.items:
                if one.is_public:
                    why = asking.right_to_public([item])
                else:
                    right = asking.right_to(item, Mode.QUERY, stated)
                    why = right.refusal
                    numbers.update(right.consents)
                if why is not None:
                    refused[item] = why
        if refused:
            items = [RefusedItem(item, code) for item, code in sorted(refused.items())]
            raise AnswerRefused(items[0].code, items)
        return tuple(sorted(numbers))


def _until_midnight_s(moment: datetime) -> int:
    local = moment.astimezone(SHANGHAI)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return int((midnight - local).total_seconds()) + 1
