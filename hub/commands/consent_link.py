"""``credithub consent link``: a link that works once lets an enterprise see its consents and withdraw them."""

import json
from contextlib import closing
from datetime import datetime
from typing import Annotated

import typer

from hub.terminal import echo


def link(
    subject: Annotated[str, typer.Argument(metavar="USCC", help="统一社会信用代码 of the enterprise.")],
    check: Annotated[
        str,
        typer.Option(help="What you looked at: LEGAL_REPRESENTATIVE (营业执照, his 身份证件) or AGENT (委托书, too)."),
    ],
    by: Annotated[str, typer.Option("--by", help="工号 of who does it: letters and digits, no person's name.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Issue a link to the enterprise's own page: it works once, within 30 minutes. Check first who asks for it.

    Who has the link sees every consent of the enterprise and can revoke it: hand it to nobody else.
    """
    from urllib.parse import quote

    from catalogue.times import SHANGHAI
    from hub.portal_client import PortalClient
    from hub.settings import load_settings

    with closing(PortalClient(load_settings())) as portal:
        found = portal.post(f"/v1/subjects/{quote(subject, safe='')}/links", {"actor": by, "check": check})
    if as_json:
        echo(json.dumps(found, ensure_ascii=False))
        return
    until = datetime.fromisoformat(found["until"]).astimezone(SHANGHAI)
    echo(
        f"{found['enterprise'] or '（没有授权的企业）'} {found['subject']}：{found['consents']}份授权；{found['check']}"
    )
    echo(f"链接只能用一次，{until:%H:%M} 以前有效，只交给办理人本人：")
    echo(found["url"])


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(link)
