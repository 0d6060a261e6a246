"""Sends to an outside system by HTTP: tries again while it is away, and says why when it refuses.

    Unavailable: the receiver, the way to it, or our permission is missing (no answer, a certificate that is refused,
                 401, 403, 404, 429, 5xx …)
    Refused:     the receiver read the message and does not take it (400, 409 and 422 with its reason; 413)

Only the second may reject a record. A wrong token, or a proxy on the way, is the first: it says nothing about the
records, which are sent again.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import tenacity

from catalogue.errors import HubError, SinkUnavailable
from connectors.tls import ClientTls, tls_problem
from monitoring.addresses import shown_address

log = logging.getLogger(__name__)

_OF_THE_MESSAGE = frozenset((400, 409, 422))
# A proxy's limit of size is as real as the receiver's.
_TOO_LARGE = 413
_OF_OUR_SETTINGS = frozenset((401, 403, 404, 405, 407))
# What the sender's caller may wait without its own peers taking it for dead.
_LONGEST_RETRY_AFTER_S = 120.0
_LONGEST_REASON_CHARS = 500
_TLS_SETTINGS = "The settings are CREDITHUB_UPSTREAM_CA, _CERT and _KEY; the sink reads the files when it starts."
# Some twenty times what the receipts of the largest batch come to.
MOST_ANSWER_BYTES = 32 << 20


class Refused(HubError):
    """The receiver does not take this message, however often it is sent; ``status`` is HTTP's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential with jitter, in seconds; after ``give_up_after_s`` the caller decides."""

    first_wait_s: float
    longest_wait_s: float
    give_up_after_s: float


class HttpOut:
    """One receiver. Safe to use from several threads; ``stop`` ends every wait."""

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout_s: float,
        backoff: Backoff,
        stop: threading.Event,
        on_refusal: Callable[[str], None] = lambda status: None,
        tls: ClientTls | None = None,
    ) -> None:
        """``on_refusal`` is told the status of each request that was not taken; ``none``: there was no answer.

        Raises UsageError when a file of ``tls`` is missing or wrong.
        """
        context = (tls or ClientTls()).context()
        # The environment's proxies are for the internet; platforms lie in closed networks and are named exactly.
        self._client = httpx.Client(
            base_url=url, headers=dict(headers), timeout=timeout_s, trust_env=False, verify=context
        )
        self._shown, self._is_https = shown_address(url), url.startswith("https:")
        self._backoff, self._stop, self._on_refusal = backoff, stop, on_refusal
        self.problem = ""
        """What is wrong with the receiver, as the last request found it; empty: it answers. From any thread."""

    def close(self) -> None:
        """Close the connections; the receiver cannot be used afterwards."""
        self._client.close()

    def put(
        self, path: str, content: bytes, headers: Mapping[str, str], on_retry: Callable[[], None] = lambda: None
    ) -> Any:
        """Send and return the JSON answer; ``on_retry`` is called before every further attempt.

        Raises Refused when the message can never be taken, SinkUnavailable when the receiver stayed away for
        ``give_up_after_s`` or ``stop`` was set meanwhile.
        """

        def note_retry(state: tenacity.RetryCallState) -> None:
            on_retry()
            log.warning("trying again in %.1f s: %s", state.upcoming_sleep, _cause(state))

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(SinkUnavailable),
            wait=self._wait,
            stop=tenacity.stop_any(
                tenacity.stop_before_delay(self._backoff.give_up_after_s), tenacity.stop_when_event_set(self._stop)
            ),
            sleep=tenacity.sleep_using_event(self._stop),
            before_sleep=note_retry,
            reraise=True,
        )
        return retrying(self._once, path, content, headers)

    def _once(self, path: str, content: bytes, headers: Mapping[str, str]) -> Any:
        try:
            with self._client.stream("PUT", path, content=content, headers=dict(headers)) as response:
                status, answer = response.status_code, _answer(response)
        except httpx.TransportError as exc:
            self._on_refusal("none")
            what, remedy = (tls_problem(exc) if self._is_https else None) or ("", "")
            self.problem = (
                f"{self._shown}: {what}." if what else f"{self._shown} does not answer ({type(exc).__name__})."
            )
            raise SinkUnavailable(
                self.problem, remedy=f"{remedy} {_TLS_SETTINGS}" if remedy else "", retry_after_s=0.0
            ) from exc
        reason = _reason(response, answer)
        self.problem = "" if response.is_success else f"{self._shown} answers {status}."
        if not response.is_success:
            self._on_refusal(str(status))
        if status == _TOO_LARGE or (status in _OF_THE_MESSAGE and reason is not None):
            raise Refused(reason or f"HTTP {status}", status)
        if not response.is_success:
            raise SinkUnavailable(
                f"{self._shown} answers {status}.",
                remedy=_remedy(status),
                retry_after_s=retry_after_s(response.headers.get("retry-after", ""), _LONGEST_RETRY_AFTER_S),
            )
        if answer is None:
            raise SinkUnavailable(f"{self._shown} answers no JSON, or more than is read of it.", retry_after_s=0.0)
        return answer

    def _wait(self, state: tenacity.RetryCallState) -> float:
        backoff_s = tenacity.wait_random_exponential(self._backoff.first_wait_s, self._backoff.longest_wait_s)(state)
        cause = _cause(state)
        return max(backoff_s, cause.retry_after_s if isinstance(cause, SinkUnavailable) else 0.0)


def _cause(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def retry_after_s(said: str, most_s: float) -> float:
    """Read Retry-After, which is seconds or a date (RFC 9110, 10.2.3), up to a limit; 0 without one."""
    text = said.strip()
    if not text:
        return 0.0
    try:
        seconds = float(text) if text.isdigit() else (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return 0.0
    return min(max(seconds, 0.0), most_s)


def _remedy(status: int) -> str:
    if status in _OF_OUR_SETTINGS:
        return "Check CREDITHUB_UPSTREAM_URL, _PROFILE and _TOKEN."
    if status in _OF_THE_MESSAGE:
        return "It gives no reason, as its interface would: look for a proxy or a firewall on the way."
    return ""


def _answer(response: httpx.Response) -> Any:
    """Return the JSON that a receiver answers; None for what is none, or would take the memory."""
    content = bytearray()
    try:
        for piece in response.iter_bytes():
            content += piece
            if len(content) > MOST_ANSWER_BYTES:
                return None
        return json.loads(content)
    except (httpx.DecodingError, ValueError, RecursionError):
        return None


def _reason(response: httpx.Response, answer: Any) -> str | None:
    """Return what the receiver itself says of a message; None when this is not the answer of its interface."""
    if response.is_success:
        return None
    reason = answer.get("reason") if isinstance(answer, dict) else None
    return reason[:_LONGEST_REASON_CHARS] if isinstance(reason, str) and reason else None
