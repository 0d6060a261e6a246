"""What the routes of the pages share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from portal.office import ConsentOffice
from portal.pages.identity import IdentityProof
from portal.pages.limits import WrongSecrets
from portal.pages.links import OneTimeLinks
from portal.pages.rendering import PATH
from portal.pages.sessions import Sessions
from portal.pages.shown import ConsentWording
from rules.release.receipts import DeletionReceipt


@dataclass(frozen=True)
class PageSite:
    """The pages of one portal, and what they remember."""

    office: Callable[[], ConsentOffice]
    """Raises OfficeLost while there is none."""
    wording: ConsentWording
    url: str
    """Scheme and host by which enterprises reach them, as in https://credit.example."""
    receipt_of: Callable[[str], DeletionReceipt | None] = lambda _: None
    """Returns the last receipt of deletion for a consent."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    links: OneTimeLinks = field(default_factory=OneTimeLinks)
    sessions: Sessions = field(default_factory=Sessions)
    wrong_secrets: WrongSecrets = field(default_factory=WrongSecrets)

    @property
    def proof(self) -> IdentityProof:
        """What says whom somebody at the entrance acts for."""
        return self.links

    @property
    def is_https(self) -> bool:
        """Whether browsers come by TLS, so that the cookie is for TLS alone."""
        return self.url.startswith("https:")

    def link(self, secret: str) -> str:
        """Return the address that a one-time link is."""
        return f"{self.url.rstrip('/')}{PATH}/enter/{secret}"
