"""``credithub bank webhook``: how the delivery to a recipient's URL stands, its secrets, and what is sent again."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from catalogue.errors import UsageError
from hub.terminal import echo

if TYPE_CHECKING:
    from sinks.webhooks.lane import Lane
    from sinks.webhooks.registration import WebhookRegistrations

app = typer.Typer(
    no_args_is_help=True,
    help="The webhook of a recipient: what its file names as `webhook`, and `credithub bank apply` registers.",
)

_Id = Annotated[str, typer.Argument(metavar="ID", help="The recipient's id (`credithub bank list`).")]
_BEGINNING = "beginning"


@app.command()
def show(recipient: _Id, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show where a webhook is registered, and how its partitions stand: up to where, failing since when, suspended."""
    from hub.known_recipients import known_recipient

    webhook = known_recipient(recipient).definition.webhook
    registration = _registrations().of(recipient)
    if webhook is None or registration is None:
        raise UsageError(
            f"{recipient} has no webhook.", remedy="Write `webhook` into its file, and `credithub bank apply` it."
        )
    now, lanes = datetime.now(UTC), _lanes(recipient, registration.last_order)
    if as_json:
        said = {
            "url": webhook.url, "networks": webhook.networks, "signing_secrets": len(registration.signing(now)),
            "orders_waiting": any(lane.state.order < registration.last_order for lane in lanes),
            "partitions": [_lane_json(lane) for lane in lanes],
        }  # fmt: skip
        echo(json.dumps(said, ensure_ascii=False))
        return
    networks, secrets = "、".join(webhook.networks), len(registration.signing(now))
    echo(f"{recipient} → {webhook.url}（网段 {networks}；生效密钥 {secrets} 个）")
    for lane in lanes:
        echo(f"分区 {lane.partition}：已送达至 {lane.position}；{_standing(lane)}")


@app.command()
def rotate(
    recipient: _Id,
    overlap_h: Annotated[
        int, typer.Option("--overlap", help="Hours for which the former secret signs, too.", min=0, max=168)
    ] = 24,
) -> None:
    """Give a webhook another secret, and print it, once. Until the overlap is over each message has both signatures."""
    from hub.known_recipients import present_recipient

    present_recipient(recipient)
    secret = _registrations().rotate(recipient, datetime.now(UTC), timedelta(hours=overlap_h))
    echo(f"{recipient} 的新 Webhook 密钥（只显示这一次）：{secret}")
    echo(f"旧密钥在 {overlap_h} 小时内仍一并签名" if overlap_h else "旧密钥立即失效")


@app.command()
def resume(recipient: _Id) -> None:
    """Send on from where a webhook was suspended, or try at once what failed; within seconds."""
    from hub.known_recipients import present_recipient
    from sinks.webhooks.registration import OrderKind

    present_recipient(recipient)
    order = _registrations().order(recipient, OrderKind.RESUME, datetime.now(UTC))
    echo(f"{recipient} 将从中断处继续推送（第 {order.number} 号指令）")


@app.command()
def replay(
    recipient: _Id,
    since: Annotated[
        str, typer.Option("--from", help="A moment (ISO 8601, with its zone), or `beginning`: all that is kept.")
    ],
) -> None:
    """Send again what came since a moment, and resume what was suspended; the recipient drops what it has already."""
    from hub.known_recipients import present_recipient
    from sinks.webhooks.registration import OrderKind

    moment = None if since == _BEGINNING else _moment(since)
    present_recipient(recipient)
    order = _registrations().order(recipient, OrderKind.REPLAY, datetime.now(UTC), moment)
    echo(f"{recipient} 将从{'头' if moment is None else f' {since} '}重新推送（第 {order.number} 号指令）")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(
            f"--from is {text!r}, which is no moment with its zone.",
            remedy=f"Write one as in 2026-03-02T09:00:00+08:00, or `{_BEGINNING}`.",
        )
    return moment


def _registrations() -> "WebhookRegistrations":
    from hub.settings import load_settings
    from sinks.webhooks.registration import WebhookRegistrations

    return WebhookRegistrations(load_settings().webhook_files)


def _lanes(recipient: str, last_order: int) -> "list[Lane]":
    from contextlib import closing

    from bus import clients
    from bus.users import SINK_WEBHOOKS
    from hub.settings import bus_config, load_settings
    from sinks.webhooks.positions import lanes_of

    config = bus_config(load_settings())
    with closing(clients.consumer(config, SINK_WEBHOOKS)) as consumer:
        return lanes_of(config, consumer, recipient, last_order)


def _lane_json(lane: "Lane") -> dict[str, object]:
    state = lane.state
    return {
        "partition": lane.partition, "position": lane.position, "failures": state.failures,
        "failing_since": state.failing_since and datetime.fromtimestamp(state.failing_since, UTC).isoformat(),
        "suspended": state.suspended,
    }  # fmt: skip


def _standing(lane: "Lane") -> str:
    from catalogue.plain_values import moment

    state = lane.state
    if state.suspended is not None:
        return f"已中止（{state.suspended}）"
    if state.failing_since is None:
        return "正常"
    since, retry = (moment(datetime.fromtimestamp(at, UTC)) for at in (state.failing_since, state.retry_at))
    return f"自 {since} 起失败 {state.failures} 次，{retry} 后重试"
