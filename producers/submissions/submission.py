"""A push of one table: what it says of itself, and the id that follows from it."""

import functools
import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime

from catalogue.envelope import Channel
from catalogue.times import EPOCH
from producers.submissions.declarations import DeclarationOrigins, SubmissionMode


# No slots: the id, asked for with every row, is kept.
@dataclass(frozen=True)
class Submission:
    """What a push says of itself; ``base`` names the same content under the same declaration."""

    item: str
    unit: str
    region: str
    mode: SubmissionMode
    period: str | None
    data_date: date | None
    correction: bool
    file_name: str
    file_sha256: str
    sheet: str | None
    revision: int = 0
    force: int = 0
    channel: Channel = field(kw_only=True)
    origins: DeclarationOrigins = field(kw_only=True, default=DeclarationOrigins(), compare=False)
    as_of: datetime = field(default=EPOCH, kw_only=True)  # the data time of its rows that have none of their own
    as_of_from: str | None = field(default=None, kw_only=True)  # an AsOfSource (producers.submissions.data_time)
    reading: str = field(default="", kw_only=True)  # what a person said of the columns, hashed; "" where nobody did
    # How often the table was sent before and read otherwise; 1 also for rows that were given back and are mended.
    rereads: int = field(default=0, kw_only=True)

    @functools.cached_property
    def base(self) -> str:
        """Return the part of the id that content, sheet, item, mode, declaration and reading decide."""
        parts = (self.file_sha256, self.sheet, self.item, self.mode, self.unit, self.region, self.period)
        text = "\x00".join(str(p or "") for p in (*parts, self.data_date))
        if self.reading:
            text += f"\x00{self.reading}"
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    @functools.cached_property
    def id(self) -> str:
        """Return the submission's id."""
        return f"{self.base}.r{self.revision}" + (f".f{self.force}" if self.force else "")
