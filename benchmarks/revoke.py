"""``python -m benchmarks.revoke``: how soon nothing comes out any more, once an enterprise has pressed the button.

All of the hub runs as ``credithub up`` runs it, and events flow at half of the rate that merge and release take. One
enterprise after the other enters its own page and withdraws its consent. A bank looks without end wherever content by
that consent may come out: its topic, the pull, its webhook, questions and scores. Measured is, for each place, the time
from the page's answer to the last content. Before that, another bank's webhook is dead in every second run, and the
delay of the bank's own is compared.

It writes ``docs/benchmarks.md`` and ``results/revoke.json``, but for trials of another size.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import report, revoke_dead
from benchmarks.measured import discard, machine, own_settings
from benchmarks.revoke_content import LastContent, RevokedChannel, channel_of
from benchmarks.revoke_dead import WebhookRun
from benchmarks.revoke_hub import OBSERVED, RevokeHub, revoke_hub
from benchmarks.revoke_receiver import log_of, read_log
from benchmarks.revoke_watch import TopicLog, Watched, questions_answered, reading_topic, watching
from hub.demo.enterprise_page import EnterprisePage

_WARM_UP = 3_000
# Questions are answered a few times before; what comes out later than this after one is seen when all is over, too.
_BEFORE_S, _AFTER_S, _END_S = 0.5, 1.5, 15.0

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True, slots=True)
class RevokeSize:
    """How much is measured: enterprises that consent, those that revoke, events at once, seconds of a run."""

    subjects: int = 300
    revocations: int = 120
    burst: int = 20_000
    run_s: float = 20.0


FULL = RevokeSize()


@dataclass(frozen=True, slots=True)
class _Found:
    top_per_s: float
    rate_per_s: float
    channels: list[RevokedChannel]
    webhooks: list[WebhookRun]

    def lines(self) -> list[str]:
        """Return the Markdown of all of it."""
        heads = ("place", "revocations", "any content after", "p50 s", "p99 s", "most s")
        lines = [
            f"The top rate was {self.top_per_s:,.0f} events/s; events flowed at {self.rate_per_s:,.0f}.", "",
            f"| {' | '.join(heads)} |", "|---|" + "---:|" * (len(heads) - 1),
        ]  # fmt: skip
        lines += [
            f"| {one.channel} | {one.revocations} | {one.after} | {one.p50_s:.2f} | {one.p99_s:.2f} |"
            f" {one.most_s:.2f} |"
            for one in self.channels
        ]
        lines += ["", "| another webhook | messages/s | p50 s | p99 s |", "|---|---:|---:|---:|"]
        lines += [
            f"| {'dead' if one.is_dead else 'alive'} | {one.messages_per_s:,.0f} | {one.p50_s:.3f} | {one.p99_s:.3f} |"
            for one in self.webhooks
        ]
        change = (revoke_dead.ratio(self.webhooks) - 1) * 100
        return [*lines, "", f"Beside a dead webhook the median p99 changes by {change:+.0f} %."]


@app.command()
def main(
    subjects: Annotated[int, typer.Option(min=10, help="Enterprises that consent.")] = FULL.subjects,
    revocations: Annotated[int, typer.Option(min=1, help="Those of them that revoke.")] = FULL.revocations,
    burst: Annotated[int, typer.Option(min=1000, help="Events by which the top rate is measured.")] = FULL.burst,
    run_s: Annotated[float, typer.Option(min=1, help="Seconds of each run beside a webhook.")] = FULL.run_s,
) -> None:
    """Measure revocations, and a dead webhook. Another size than the default is only printed."""
    console, size = Console(soft_wrap=True), RevokeSize(subjects, min(revocations, subjects), burst, run_s)

    def say(text: str) -> None:
        console.print(text, highlight=False)

    where = machine()
    say(where)
    settings = own_settings()
    try:
        with revoke_hub(settings, size.subjects, say) as hub:
            found = _measured(hub, size, say)
    finally:
        discard(settings)
    lines = found.lines()
    console.print("\n".join(lines), markup=False, highlight=False)
    if size != FULL:
        say("a trial: nothing was written")
        return
    report.keep("revoke", where, asdict(found), lines)


def _measured(hub: RevokeHub, size: RevokeSize, say: Callable[[str], None]) -> _Found:
    hub.send(_WARM_UP)
    top = _top(hub, size.burst)
    rate = top / 2
    say(f"the top rate is {top:,.0f} events/s; a dead webhook at {rate:,.0f}")
    webhooks = list(revoke_dead.compare(hub, rate, size.run_s, say))
    say(f"{size.revocations} revocations at {rate:,.0f} events/s")
    return _Found(top, rate, _channels(hub, size.revocations, rate, say), webhooks)


def _top(hub: RevokeHub, events: int) -> float:
    """Return how many events a second come to the bank's topic of so many that are sent at once."""
    log = TopicLog()
    with reading_topic(hub, log):
        begun_s = hub.send(events)
    return events / (log.last_content_s - begun_s)


def _channels(hub: RevokeHub, count: int, rate: float, say: Callable[[str], None]) -> list[RevokedChannel]:
    watched, revoked = Watched(), dict[str, float]()
    with watching(hub, watched), hub.flowing(rate):
        time.sleep(_END_S)
        for place, (subject, number) in enumerate(hub.consents[:count], 1):
            revoked[number] = _revoke(hub, watched, subject, number)
            if place % 20 == 0:
                say(f"  {place}")
        time.sleep(_END_S)
    hub.settle()
    hub.bank.enter()
    if wrong := questions_answered(hub.bank, [subject for subject, _ in hub.consents[:count]]):
        raise RuntimeError(f"{wrong} questions are answered although the consent was revoked")
    hooked = LastContent()
    for one in read_log(log_of(hub.folder, OBSERVED)):
        hooked.note(one.consents, one.at_s)
    places: Mapping[str, LastContent] = {
        "topic": watched.topic.last, "pull": watched.pull, "webhook": hooked,
        "verify": watched.verify, "score": watched.score,
    }  # fmt: skip
    return [channel_of(name, last.seconds_after(revoked)) for name, last in places.items()]


def _revoke(hub: RevokeHub, watched: Watched, subject: str, number: str) -> float:
    """Have an enterprise press the button; return when its page answered, by the monotonic clock."""
    watched.subject = subject
    with closing(EnterprisePage(hub.operator.link(subject))) as page:
        time.sleep(_BEFORE_S)
        answered_s = page.revoke(number)
    time.sleep(_AFTER_S)
    return answered_s


if __name__ == "__main__":
    app()
