"""``credithub bank``: who is told what: recipients, the enterprises on their lists, and their passwords."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalogue.errors import UsageError
from hub.commands import bank_loss, bank_scorecard, bank_webhook
from hub.terminal import echo

if TYPE_CHECKING:
    from rules.release.recipient_messages import RecipientVersion

app = typer.Typer(
    no_args_is_help=True,
    help="Recipients: banks, insurers, guarantors, credit services; of whom they are told, and what.",
)

app.add_typer(bank_scorecard.app, name="scorecard")
app.add_typer(bank_webhook.app, name="webhook")
app.command()(bank_loss.lost)

_Id = Annotated[str, typer.Argument(metavar="ID", help="The recipient's id (`credithub bank list`).")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Codes = Annotated[list[str] | None, typer.Argument(metavar="[USCC]...", help="统一社会信用代码.")]
_File = Annotated[
    Path | None,
    typer.Option("--file", exists=True, dir_okay=False, help="A text file with one USCC a line; # begins a note."),
]


class Change(StrEnum):
    """What is done to a recipient's list."""

    ADD = "add"
    REMOVE = "remove"
    LIST = "list"


@app.command()
def apply(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Recipients' definitions (YAML).")],
    as_json: _Json = False,
) -> None:
    """Add recipients, or change those that there are, as their files say.

    All files are read first; if one is wrong, none is applied. Then each is laid into the recipients' folder
    (CREDITHUB_RECIPIENTS), gets its topic, user, rights and schemas, and is published, as `credithub prepare` does for
    all. A file that says what was published already changes nothing. Of a webhook that is new the secret is printed,
    once: give it to the recipient on a way that nobody else reads.
    """
    from hub.preparation import prepare_recipients, refuse_without_client_file
    from hub.recipients_folder import lay
    from hub.settings import load_settings
    from rules.release.recipient_files import load_recipient
    from sinks.webhooks.registration import WebhookRegistrations

    settings = load_settings()
    found = [(load_recipient(file), file.read_text("utf-8")) for file in files]
    ids = [definition.id for definition, _ in found]
    if twice := sorted({one for one in ids if ids.count(one) > 1}):
        raise UsageError(f"Two files say who {twice[0]} is.", remedy="Give one of them.")
    for name in ids:
        refuse_without_client_file(settings, name)
    for definition, text in found:
        lay(settings, definition, text)
    published = {one.recipient: one for one in prepare_recipients(settings)}
    registrations = WebhookRegistrations(settings.webhook_files)
    secrets = {one.id: registrations.register(one.id) if one.webhook is not None else None for one, _ in found}
    if as_json:
        versions = {name: published[name].version if name in published else None for name in ids}
        rows = [{"id": name, "published_version": version} for name, version in versions.items()]
        told = [{"webhook_secret": secrets[name]} if secrets[name] else {} for name in ids]
        echo(json.dumps([row | more for row, more in zip(rows, told, strict=True)]))
        return
    for name in ids:
        said = f"已发布为第 {published[name].version} 版" if name in published else "与已发布的相同，无变化"
        echo(f"{name} {said}")
        if secret := secrets[name]:
            echo(f"{name} 的 Webhook 密钥（只显示这一次，请经安全途径交给该机构）：{secret}")


@app.command("list")
def list_command(as_json: _Json = False) -> None:
    """List the recipients as they were published, those that were removed included."""
    from hub.known_recipients import newest_recipients
    from hub.printing import terminal
    from hub.recipient_printing import print_recipients, recipient_json

    newest = newest_recipients()
    if as_json:
        echo(json.dumps([recipient_json(one) for one in newest.values()], ensure_ascii=False))
    else:
        print_recipients(terminal(), newest.values())


@app.command()
def show(recipient: _Id, as_json: _Json = False) -> None:
    """Show a recipient as it was published, as a file that `apply` takes, and what providers let it have."""
    from bus.business_date import today
    from hub.known_recipients import known_recipient
    from hub.recipient_printing import permitted_until, recipient_json, recipient_text

    version, day = known_recipient(recipient), today()
    if as_json:
        until = {item.id: last.isoformat() for item, last in permitted_until(version.definition, day)}
        echo(json.dumps(recipient_json(version) | {"permitted_until": until}, ensure_ascii=False))
    else:
        echo(recipient_text(version, day), nl=False)


@app.command()
def portfolio(
    recipient: _Id,
    change: Annotated[Change, typer.Argument(help="What to do.")],
    codes: _Codes = None,
    file: _File = None,
    as_json: _Json = False,
) -> None:
    """Put enterprises on a recipient's list or take them off, or list who is on it.

    A list counts where the portfolio of the recipient's definition says `list`.
    """
    from bus.users import OFFICE
    from hub.known_recipients import known_recipient, present_recipient
    from hub.named_enterprises import named_enterprises
    from hub.settings import bus_config, load_settings
    from sinks.banks.recording import record_entries

    version, settings = known_recipient(recipient), load_settings()
    subjects = named_enterprises(codes or [], file)
    if change is Change.LIST:
        if subjects:
            raise UsageError("`list` takes no USCC.", remedy=f"Use `credithub bank portfolio {recipient} list`.")
        _print_portfolio(recipient, as_json=as_json)
        return
    if not subjects:
        raise UsageError("No USCC was given.", remedy="Name some, or a file of them by --file.")
    if change is Change.ADD:
        present_recipient(recipient)
        if not version.definition.portfolio.is_list:
            raise UsageError(
                f"The portfolio of {recipient} has no list, so nobody can be put on it.",
                remedy=f"Write `list` into its portfolio (`credithub bank show {recipient}`), and apply that file.",
            )
    recorded = record_entries(bus_config(settings, OFFICE), OFFICE, recipient, subjects, is_in=change is Change.ADD)
    if as_json:
        echo(json.dumps({"changed": sorted(one.subject for one in recorded), "given": len(set(subjects))}))
    else:
        said = "已加入名单" if change is Change.ADD else "已移出名单"
        echo(f"{recipient} {said} {len(recorded)} 户，{len(set(subjects)) - len(recorded)} 户原已如此")


@app.command()
def rotate(
    recipient: _Id,
    keys: Annotated[
        list[Path] | None,
        typer.Option("--key", exists=True, dir_okay=False, help="A public key (JWK) that it asks the portal with."),
    ] = None,
) -> None:
    """Give a recipient another password at Kafka, as `credithub access rotate bank.ID` does; or other public keys.

    With --key the keys that are named take the place of those that it has, and its tokens by others end at once; to
    exchange one for another without a pause name both, and later the new one alone. The password then stays.
    Nothing else is rotated: the handles by which it knows records stay, so nothing is told anew. Connections that stand
    are not asked again; new ones are refused until the recipient was given its new file.
    """
    from bus.users import bank_user, file_of
    from hub.commands.access import rotate_passwords
    from hub.known_recipients import present_recipient
    from hub.settings import load_settings

    settings = load_settings()
    version = present_recipient(recipient)
    if keys:
        _replace_keys(version, keys)
        return
    (user,) = rotate_passwords(settings, [bank_user(recipient)])
    folder = settings.client_files
    echo(f"{user} 的 Kafka 口令已更换" + (f"，见 {file_of(folder, user)}" if folder else ""))


@app.command()
def remove(recipient: _Id) -> None:
    """Take a recipient away: its rights at Kafka at once, and what it was told is withdrawn (NOT_SUBSCRIBED).

    Its file moves to `removed` in the recipients' folder, and its topic stays. `apply` takes it back.
    """
    from bus.grants import has_admin
    from bus.users import bank_user
    from hub.known_recipients import known_recipient
    from hub.preparation import prepare_recipients
    from hub.recipients_folder import take_away
    from hub.settings import load_settings

    settings, version = load_settings(), known_recipient(recipient)
    # First the file: whoever is killed behind it has the next `prepare` remove it.
    take_away(settings, version.definition)
    published = {one.recipient: one for one in prepare_recipients(settings)}
    number = published[recipient].version if recipient in published else version.version
    folder = settings.client_files
    is_ours = folder is not None and has_admin(folder)
    rest = "其 Kafka 账号已停用" if is_ours else f"请 Kafka 管理员收回账号 {bank_user(recipient)} 的权限"
    echo(f"{recipient} 已移除（第 {number} 版），{rest}")


@app.command()
def resend(
    recipient: _Id,
    codes: _Codes = None,
    file: _File = None,
    everybody: Annotated[bool, typer.Option("--all", help="All of whom it was told anything.")] = False,
    as_json: _Json = False,
) -> None:
    """Ask that a recipient be told anew everything that it may know of enterprises: a snapshot, no history."""
    from bus.users import OFFICE
    from hub.known_recipients import present_recipient
    from hub.named_enterprises import named_enterprises, told_enterprises
    from hub.settings import bus_config, load_settings
    from sinks.banks.recording import record_resends

    subjects = named_enterprises(codes or [], file)
    if bool(subjects) is everybody:
        raise UsageError("It has to be said of whom.", remedy="Name USCCs, or a file of them by --file, or --all.")
    present_recipient(recipient)
    if everybody:
        subjects = told_enterprises(recipient)
    recorded = record_resends(bus_config(load_settings(), OFFICE), OFFICE, recipient, subjects)
    if as_json:
        echo(json.dumps({"asked": len(recorded)}))
    elif len(recorded) == 1:
        echo(f"{recipient} 将重新收到 {recorded[0].subject} 的快照（第 {recorded[0].version} 号请求）")
    else:
        echo(f"{recipient} 将重新收到 {len(recorded):,} 户企业的快照")


def _replace_keys(version: "RecipientVersion", files: list[Path]) -> None:
    from dataclasses import replace

    from hub.preparation import prepare_recipients
    from hub.recipients_folder import lay
    from hub.settings import load_settings
    from rules.release.recipient_files import load_key

    settings, name = load_settings(), version.recipient
    try:
        definition = replace(version.definition, keys=tuple(map(load_key, files)))
    except ValueError as wrong:
        raise UsageError(f"These keys cannot be taken: {wrong}.", remedy="Nothing was changed.") from wrong
    lay(settings, definition)
    published = {one.recipient: one for one in prepare_recipients(settings)}
    said = f"已发布为第 {published[name].version} 版" if name in published else "与已发布的相同，无变化"
    echo(f"{name} 的公钥：{'、'.join(key.kid for key in definition.keys)}；{said}")


def _print_portfolio(recipient: str, *, as_json: bool) -> None:
    from contextlib import closing

    from bus.avro.registry import Registry
    from hub.settings import bus_config, load_settings
    from sinks.banks.recording import portfolio_of

    config = bus_config(load_settings())
    with closing(Registry(config)) as registry:
        subjects = portfolio_of(config, registry, recipient)
    if as_json:
        echo(json.dumps(subjects))
        return
    for subject in subjects:
        echo(subject)


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    parent.add_typer(app, name="bank")
