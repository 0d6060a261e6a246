"""What an operator keeps of each recipient's webhook: its secrets, and what was ordered (``<folder>/<id>.json``).

A secret signs, so it is in no topic and no setting: its file is for the hub's user alone, beside the other keys. The
commands write these files, and the process that sends reads them.
"""

import base64
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bus.crypto.private_files import folder_alone, private_text, written_beside, written_for_owner
from catalogue.errors import UsageError

_WHAT = "The file of a webhook"
# Standard Webhooks takes 24 to 64.
_SECRET_BYTES = 32
_PREFIX = "whsec_"
MOST_OVERLAP = timedelta(days=7)
# What is older was carried out long ago.
_MOST_ORDERS = 20


class OrderKind(StrEnum):
    """What an operator orders."""

    RESUME = "RESUME"
    """Send on from where it was suspended."""
    REPLAY = "REPLAY"
    """Send again what came since a moment."""


@dataclass(frozen=True, slots=True)
class WebhookOrder:
    """One order; ``number`` counts 1…n for each recipient. ``since``: of a replay; None: all that is kept."""

    number: int
    kind: OrderKind
    at: datetime
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """What signs; ``until``: a former one, which signs beside the newest until then."""

    secret: str = field(repr=False)
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class WebhookRegistration:
    """What is kept of a recipient; the newest secret is the last."""

    secrets: tuple[WebhookSecret, ...]
    orders: tuple[WebhookOrder, ...] = ()

    def signing(self, now: datetime) -> list[str]:
        """Return the secrets that sign now, the newest first."""
        return [one.secret for one in reversed(self.secrets) if one.until is None or one.until > now]

    @property
    def last_order(self) -> int:
        """The number of the newest order; 0: there was none."""
        return self.orders[-1].number if self.orders else 0


_REGISTRATION = TypeAdapter(WebhookRegistration)


class WebhookRegistrations:
    """The files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, recipient: str) -> WebhookRegistration | None:
        """Return what is kept; None: nothing. Raises UsageError for a file that others can read, or that is damaged."""
        path = self._path(recipient)
        try:
            text = private_text(path, what=_WHAT, exposed=f"`credithub bank webhook rotate {recipient}`")
            return _REGISTRATION.validate_json(text)
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as exc:
            # The library's message would show what the file holds.
            raise UsageError(
                f"{_WHAT} {path} cannot be read ({type(exc).__name__}).", remedy="Restore it from its backup."
            ) from None

    def register(self, recipient: str) -> str | None:
        """Give a recipient its first secret, and return it; None: it has one."""
        with self._alone(recipient):
            if self.of(recipient) is not None:
                return None
            secret = _new_secret()
            self._write(recipient, WebhookRegistration((WebhookSecret(secret),)))
        return secret

    def rotate(self, recipient: str, now: datetime, overlap: timedelta) -> str:
        """Return another secret, beside which the former ones sign until ``overlap`` is over; raises UsageError."""
        if not timedelta() <= overlap <= MOST_OVERLAP:
            raise UsageError("The former secret cannot sign for so long.", remedy="Give 0 to 168 hours.")
        with self._alone(recipient):
            known, secret, until = self._registered(recipient), _new_secret(), now + overlap
            former = [
                replace(one, until=min(one.until or until, until))
                for one in known.secrets
                if one.until is None or one.until > now
            ]
            self._write(recipient, replace(known, secrets=(*former, WebhookSecret(secret))))
        return secret

    def order(self, recipient: str, kind: OrderKind, now: datetime, since: datetime | None = None) -> WebhookOrder:
        """Order something of the process that sends; it does so within seconds. Raises UsageError."""
        with self._alone(recipient):
            known = self._registered(recipient)
            order = WebhookOrder(known.last_order + 1, kind, now, since)
            self._write(recipient, replace(known, orders=(*known.orders, order)[-_MOST_ORDERS:]))
        return order

    def _path(self, recipient: str) -> Path:
        return self._folder / f"{recipient}.json"

    @contextmanager
    def _alone(self, recipient: str) -> Iterator[None]:
        with written_for_owner(self._path(recipient), _WHAT):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with folder_alone(self._folder):
            yield

    def _registered(self, recipient: str) -> WebhookRegistration:
        known = self.of(recipient)
        if known is None:
            raise UsageError(
                f"{recipient} has no webhook.", remedy="Write `webhook` into its file, and `credithub bank apply` it."
            )
        return known

    def _write(self, recipient: str, registration: WebhookRegistration) -> None:
        path = self._path(recipient)
        text = json.dumps(_REGISTRATION.dump_python(registration, mode="json"), indent=2) + "\n"
        with written_for_owner(path, _WHAT), written_beside(path, text) as fresh:
            os.replace(fresh, path)


def _new_secret() -> str:
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
