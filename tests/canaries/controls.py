"""What must have been found: else the search is blind, and finding nothing else says nothing."""

from collections.abc import Collection, Iterator
from pathlib import Path

from bus.config import bank_topic
from tests.canaries.canary import Canary, Fate, Phase, Secrecy
from tests.canaries.places import Kind, Ledger
from tests.canaries.plan import CONSENTS, HOOKED
from tests.canaries.rights import Channel, World
from tests.canaries.search import Finder

FEWEST = 500
_MOST_NAMED = 3
# Where some have to be, whoever has which right.
_HOLDING = (
    Kind.EVENTS, Kind.OTHER_TOPICS, Kind.BANK_TOPICS, Kind.UPSTREAM, Kind.TABLES, Kind.FILES, Kind.WEBHOOKS,
    Kind.PULLED, Kind.COMMANDS, Kind.RETURNED,
)  # fmt: skip


def failed_controls(canaries: Collection[Canary], ledger: Ledger, world: World) -> Iterator[str]:
    """Yield what was to be found and was not."""
    if len(canaries) < FEWEST:
        yield f"there are {len(canaries)} canaries, fewer than {FEWEST}"
    for kind, tally in ledger.tallies.items():
        if not tally.places or not tally.size:
            yield f"nothing was looked at: {kind}"
    kept = {one for one in canaries if one.fate is Fate.TAKEN and one.secrecy is not Secrecy.PERSONAL}
    yield from _missing("the topics with records", kept, ledger.tallies[Kind.EVENTS].rightly)
    yield from _missing(
        "the tables", {one for one in kept if one.came is Phase.SECOND}, ledger.tallies[Kind.TABLES].rightly
    )
    for kind in _HOLDING:
        if not ledger.tallies[kind].rightly:
            yield f"no canary at all was found: {kind}"
    refused = {one for one in ledger.tallies[Kind.RETURNED].rightly if one.fate is Fate.REFUSED}
    if not refused:
        yield "no row that was given back has its canaries"
    for recipient in sorted({consent.recipient for consent in CONSENTS}):
        yield from _of_recipient(recipient, kept, ledger, world)


def unplanted(folder: Path, canaries: Collection[Canary], finder: Finder) -> Iterator[str]:
    """Yield what the departments' files do not hold, though it was to be written there."""
    found = {one.canary for file in folder.rglob("*.*") if file.is_file() for one in finder.find(file.read_bytes())}
    yield from _missing(
        "the departments' files", {one for one in canaries if one.file and one.item != "consent"}, found
    )


def _of_recipient(recipient: str, kept: Collection[Canary], ledger: Ledger, world: World) -> Iterator[str]:
    """Yield what a recipient's consents open and its topic, its webhook or what it viewed does not hold."""
    commercial = [one for one in kept if one.secrecy is Secrecy.COMMERCIAL]

    def opened(channel: Channel, phase: Phase) -> set[Canary]:
        return {one for one in commercial if world.may_be_told(recipient, one, channel, phase)}

    in_topic = opened(Channel.TOPIC, Phase.CLOSED)
    yield from _missing(f"the topic of {recipient}", in_topic, ledger.held[bank_topic(recipient)])
    viewed = opened(Channel.VIEW, Phase.ASKED)
    yield from _missing(
        f"what {recipient} views",
        {one for one in viewed if one.came is Phase.SECOND},
        ledger.held[f"{recipient}: {Channel.VIEW} in {Phase.ASKED.name}"],
    )
    pulled = opened(Channel.PULL, Phase.ASKED)
    yield from _missing(
        f"what {recipient} pulls", pulled, ledger.held[f"{recipient}: {Channel.PULL} in {Phase.ASKED.name}"]
    )
    if recipient == HOOKED[0]:
        sent = opened(Channel.WEBHOOK, Phase.SECOND)
        late = {one for one in sent if one.came is Phase.SECOND}
        yield from _missing(f"the webhook of {recipient}", late, ledger.held[f"{recipient} in {Phase.SECOND.name}"])


def _missing(where: str, wanted: Collection[Canary], found: Collection[Canary]) -> Iterator[str]:
    if not wanted:
        yield f"nothing was to be found in {where}"
    elif missing := [one for one in wanted if one not in found]:
        named = "; ".join(map(str, missing[:_MOST_NAMED]))
        yield f"{where}: {len(missing)} of {len(wanted)} canaries are not there: {named}"
