"""An operator at the portal, over HTTP: asks enterprises for consents, writes down who signed, and gives out links."""

import hashlib
from collections.abc import Sequence
from typing import Any

from hub.portal_client import PortalClient
from hub.recipients_folder import name_of
from hub.settings import Settings

ACTOR = "xn-03"
_TEXT = "授权书（虚构样例）：{name} 授权 {bank}，用于贷款审查。"
# What was signed is a PDF; of this one nobody could tell whose it is.
_SIGNED = b"%PDF-1.4\n% a fictitious consent, signed by nobody\n%%EOF\n"


class PortalOperator:
    """One operator; closed by its caller. Every method raises as ``PortalClient`` does."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._portal = settings, PortalClient(settings)
        self._evidence = ""

    def close(self) -> None:
        """Leave the portal."""
        self._portal.close()

    def request(self, subject: str, name: str, bank: str, items: Sequence[str], mode: str) -> Any:
        """Ask an enterprise for a consent in favour of a bank; return the consent."""
        text = _TEXT.format(name=name, bank=name_of(self._settings, bank))
        return self._portal.post(
            "/v1/consents",
            {
                "subject": subject, "enterprise": name, "recipient": bank, "items": items,
                "mode": mode, "application": "DK-2026-0012", "template_version": "2026-1", "actor": ACTOR,
                "template_hash": hashlib.sha256(text.encode()).hexdigest(),
            },
        )  # fmt: skip

    def grant(self, number: str, representative: str) -> Any:
        """Write down that the legal representative signed; return the consent."""
        self._evidence = self._evidence or self._portal.upload(_SIGNED)
        signing = {"representative": representative, "evidence": self._evidence}
        return self._portal.post(f"/v1/consents/{number}/grant", {"actor": ACTOR, "signing": signing})

    def link(self, subject: str) -> str:
        """Return a link by which an enterprise enters its page, once."""
        said = self._portal.post(f"/v1/subjects/{subject}/links", {"actor": ACTOR, "check": "LEGAL_REPRESENTATIVE"})
        return str(said["url"])
