"""What was sent back, in memory: which batches, the last receipt of each consent, the last outcome of each kind."""

from sys import intern

from portal.returns.entries import BatchName, ReturnedEntry
from rules.outcomes.reported import LoanOutcomeKind
from rules.outcomes.totals import OutcomeFigures, figures_of
from rules.release.receipts import DeletionReceipt


class ReturnsBook:
    """Not thread-safe. An entry that is taken twice counts once, so that nobody brings an old one back by the topic."""

    def __init__(self) -> None:
        # Of each batch its digest, and by a bit each which of its entries were taken.
        self._batches: dict[BatchName, tuple[str, int]] = {}
        self._receipts: dict[str, DeletionReceipt] = {}
        self._outcomes: dict[tuple[str, LoanOutcomeKind], OutcomeFigures] = {}

    def clear(self) -> None:
        """Forget everything."""
        self._batches.clear()
        self._receipts.clear()
        self._outcomes.clear()

    def take(self, entry: ReturnedEntry) -> None:
        """Take an entry; those of one consent in the order in which they were committed."""
        digest, taken = self._batches.get(entry.batch, (entry.digest, 0))
        bit = 1 << entry.place
        if taken & bit or digest != entry.digest:
            return
        self._batches[entry.batch] = digest, taken | bit
        said = entry.said
        if isinstance(said, DeletionReceipt):
            self._receipts[entry.consent] = said
        else:
            figures = figures_of(entry.batch.recipient, said)
            shared = figures._replace(recipient=intern(figures.recipient), month=intern(figures.month))
            self._outcomes[entry.consent, said.kind] = shared

    def digest_of(self, batch: BatchName) -> str | None:
        """Return the digest of a batch that was taken; None: there is none of this name."""
        known = self._batches.get(batch)
        return known and known[0]

    def receipt_of(self, consent: str) -> DeletionReceipt | None:
        """Return the last receipt for a consent."""
        return self._receipts.get(consent)

    def outcomes(self) -> list[OutcomeFigures]:
        """Return of each consent the last outcome of each kind: a later report corrects an earlier one."""
        return list(self._outcomes.values())
