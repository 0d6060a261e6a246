"""``credithub bank scorecard``: the scorecards by which the portal scores for a recipient."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalogue.errors import UsageError
from hub.terminal import echo

if TYPE_CHECKING:
    from portal.recipients.cards import CardVersion

app = typer.Typer(
    no_args_is_help=True,
    help="Scorecards of a recipient: points for the bands of indicators, added up in the hub (可用不可见).",
)

_Id = Annotated[str, typer.Argument(metavar="ID", help="The recipient's id (`credithub bank list`).")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def apply(
    recipient: _Id,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False, help="Scorecards (JSON).")
    ],
    as_json: _Json = False,
) -> None:
    """Register scorecards of a recipient, or other versions of them, as its files say.

    All files are read first; if one is wrong, none is registered. Bins end on the limits of bands alone, which
    `credithub indicators show ID` names. What was registered is scored by from then on; what says the same changes
    nothing.
    """
    from bus.users import OFFICE
    from hub.known_recipients import present_recipient
    from hub.settings import bus_config, load_settings
    from portal.recipients.cards import publish_card
    from rules.release.askable import askable_indicators
    from rules.release.predicate import BadQuestion
    from rules.release.scorecards import MOST_BYTES, check_card, read_card

    present_recipient(recipient)
    cards = []
    for file in files:
        try:
            with file.open("rb") as opened:
                card = read_card(opened.read(MOST_BYTES + 1).decode("utf-8"))
            check_card(card, askable_indicators())
        except UnicodeDecodeError as wrong:
            raise UsageError(f"{file.name} is no text in UTF-8.", remedy="Nothing was registered.") from wrong
        except BadQuestion as wrong:
            raise UsageError(
                f"{file.name}: {wrong.message}.", remedy=f"{wrong.remedy} Nothing was registered."
            ) from wrong
        cards.append(card)
    config = bus_config(load_settings(), OFFICE)
    published = {card.id: publish_card(config, OFFICE, recipient, card) for card in cards}
    if as_json:
        echo(json.dumps([{"card": name, "published_version": one and one.version} for name, one in published.items()]))
        return
    for name, one in published.items():
        said = "与已登记的相同，无变化" if one is None else f"已登记为第 {one.version} 版"
        echo(f"{recipient} 的评分卡 {name} {said}")


@app.command("list")
def list_command(recipient: _Id, as_json: _Json = False) -> None:
    """List the scorecards of a recipient, with the versions that count."""
    own = [one for one in _published(recipient).values() if not one.is_removed]
    if as_json:
        echo(json.dumps([_json(one) for one in own], ensure_ascii=False))
        return
    for one in own:
        echo(f"{one.card.id}  第 {one.version} 版  {one.card.zh}（{len(one.card.variables)} 个变量）")


@app.command()
def remove(
    recipient: _Id, card: Annotated[str, typer.Argument(metavar="CARD", help="The card's id (`scorecard list`).")]
) -> None:
    """Remove a scorecard: nothing is scored by it any more. `apply` takes it back, as another version."""
    from bus.users import OFFICE
    from hub.settings import bus_config, load_settings
    from portal.recipients.cards import publish_card

    known = _published(recipient).get(card)
    if known is None or known.is_removed:
        raise UsageError(
            f"{recipient} has no scorecard {card!r}.", remedy=f"See `credithub bank scorecard list {recipient}`."
        )
    version = publish_card(bus_config(load_settings(), OFFICE), OFFICE, recipient, known.card, is_removed=True)
    echo(f"{recipient} 的评分卡 {card} 已停用（第 {version.version if version else known.version} 版）")


def _published(recipient: str) -> "dict[str, CardVersion]":
    from contextlib import closing

    from bus.avro.registry import Registry
    from hub.known_recipients import known_recipient
    from hub.settings import bus_config, load_settings
    from portal.recipients.cards import published_cards

    known_recipient(recipient)
    config = bus_config(load_settings())
    with closing(Registry(config)) as registry:
        found = published_cards(config, registry)
    return {card: one for (owner, card), one in sorted(found.items()) if owner == recipient}


def _json(version: "CardVersion") -> dict[str, object]:
    return {"version": version.version, "definition": json.loads(version.card.text())}
