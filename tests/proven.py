"""What the process `proof` of a running hub says."""

import re

import httpx

import hub.stack
from hub.settings import Settings
from monitoring.health import HealthState

_SERIES = re.compile(r'^credithub_reconcile_(difference|pending)\{arrow="([^"]+)"\} (\S+)$', re.MULTILINE)
# The proof rests up to four minutes after a pass that took it long, and one may have begun before the question.
PROVEN_S = 420
_ANSWER_S = 10
_LOOKED_AT_ALL = (HealthState.CURRENT, HealthState.DIFFERENT)


def differences(settings: Settings) -> dict[str, float] | None:
    """Return the differences that are told, by arrow, once every arrow was looked at and nothing waits; else None."""
    processes = hub.stack.status(settings).processes
    address = next(one.address for one in processes if one.name == "proof").removesuffix("/metrics")
    try:
        if httpx.get(f"{address}/readyz", timeout=_ANSWER_S).json()["state"] not in _LOOKED_AT_ALL:
            return None
        series = _SERIES.findall(httpx.get(f"{address}/metrics", timeout=_ANSWER_S).text)
    except httpx.TransportError:
        return None
    if any(float(value) for name, _, value in series if name == "pending"):
        return None
    return {arrow: float(value) for name, arrow, value in series if name == "difference"}
