"""``credithub consent``: asks for, records and shows consents (授权). The portal writes them; this speaks to it."""

import json
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from catalogue.errors import UsageError
from hub.commands import consent_deletions, consent_link, consent_verify
from hub.terminal import echo

app = typer.Typer(no_args_is_help=True, help="Ask for, record, show and verify consents (授权) of enterprises.")

_Number = Annotated[str, typer.Argument(metavar="NUMBER", help="授权书编号, as `consent request` gave it.")]
_By = Annotated[str, typer.Option("--by", help="工号 of who does it: letters and digits, no person's name.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Reason = Annotated[str | None, typer.Option("--reason", help="A code; a wrong one is answered with those there are.")]
_Evidence = Annotated[Path | None, typer.Option("--evidence", help="PDF of what was signed, at most 10 MB.")]
_Authority = Annotated[Path | None, typer.Option("--authority", help="PDF of the 委托书, where an agent signed.")]
_Signed = Annotated[
    Path | None,
    typer.Option(
        "--signed",
        help="JSON of who signed: representative, and of an agent agent, agent_id_number, mobile; -: stdin. Unset: you"
        " are asked. No option of its own, for others see a command line.",
    ),
]


@app.command()
def request(
    subject: Annotated[str, typer.Option(help="统一社会信用代码 of the enterprise.")],
    enterprise: Annotated[str, typer.Option(help="企业名称.")],
    recipient: Annotated[str, typer.Option(help="被授权机构: the id of a bank of this hub.")],
    item: Annotated[list[str], typer.Option(help="信息项: number, id or Chinese name; given once for each.")],
    mode: Annotated[str, typer.Option(help="授权方式: QUERY, VIEW, STORE or STREAM; each allows those before it.")],
    application: Annotated[str, typer.Option(help="贷款申请编号.")],
    template: Annotated[Path, typer.Option(help="The text that is to be signed: its SHA-256 goes into the consent.")],
    template_version: Annotated[str, typer.Option(help="授权书模板版本.")],
    by: _By,
    purpose: Annotated[str, typer.Option(help="授权用途: LOAN, GUARANTEE or INSURANCE.")] = "LOAN",
    start: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day; unset: from now on.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day; unset: the city's term, 90 days.")
    ] = None,
    post_loan: Annotated[
        bool, typer.Option("--post-loan", help="贷后使用 is ticked: until the loan is settled.")
    ] = False,
    disposal: Annotated[str, typer.Option(help="到期处置: DELETE or RETAIN_BY_LAW.")] = "DELETE",
    department: Annotated[list[str] | None, typer.Option(help="数据来源部门; unset: those of the items.")] = None,
    as_json: _Json = False,
) -> None:
    """Record what an institution asks an enterprise for. Nothing is shown to anybody before it is granted."""
    import hashlib

    body: dict[str, Any] = {
        "subject": subject, "enterprise": enterprise, "recipient": recipient, "items": item, "mode": mode,
        "application": application, "template_version": template_version, "purpose": purpose, "post_loan": post_loan,
        "template_hash": hashlib.sha256(_content(template)).hexdigest(), "disposal": disposal, "actor": by,
        "departments": department or [], "start": start and start.date().isoformat(),
        "until": until and until.date().isoformat(),
    }  # fmt: skip
    _done(_posted("/v1/consents", {k: v for k, v in body.items() if v is not None}), as_json)


@app.command()
def grant(
    number: _Number,
    by: _By,
    evidence: _Evidence = None,
    signed: _Signed = None,
    authority: _Authority = None,
    as_json: _Json = False,
) -> None:
    """Record that the enterprise signed: from its first day on the consent is in force."""
    if evidence is None:
        raise UsageError("缺少授权书原件", remedy="用 --evidence 指定签署后的授权书PDF。")
    _done(_acted(number, "grant", by, None, evidence, signed, authority), as_json)


@app.command()
def reject(number: _Number, by: _By, reason: _Reason = None, as_json: _Json = False) -> None:
    """Record that a request came to nothing: DECLINED by the enterprise, WITHDRAWN by the institution, or INVALID."""
    _done(_acted(number, "reject", by, reason), as_json)


@app.command()
def pause(number: _Number, by: _By, reason: _Reason = None, as_json: _Json = False) -> None:
    """Pause a consent: BY_ENTERPRISE, or DISPUTED. It can be resumed."""
    _done(_acted(number, "pause", by, reason), as_json)


@app.command()
def resume(
    number: _Number,
    by: _By,
    reason: _Reason = None,
    evidence: _Evidence = None,
    signed: _Signed = None,
    authority: _Authority = None,
    as_json: _Json = False,
) -> None:
    """Let a paused consent go on. After another legal representative came, he has to sign: --evidence."""
    if evidence is not None and reason is None:
        reason = "CONFIRMED"
    _done(_acted(number, "resume", by, reason, evidence, signed, authority), as_json)


@app.command()
def revoke(number: _Number, by: _By, reason: _Reason = None, as_json: _Json = False) -> None:
    """Revoke a consent, for good: BY_ENTERPRISE, or INVALID."""
    _done(_acted(number, "revoke", by, reason), as_json)


@app.command()
def settle(number: _Number, by: _By, reason: _Reason = None, as_json: _Json = False) -> None:
    """Record that the loan is settled (LOAN_SETTLED), or was NOT_GRANTED: every use ends, post-loan use too."""
    _done(_acted(number, "settle", by, reason), as_json)


@app.command("list")
def list_command(
    subject: Annotated[
        str | None,
        typer.Option("--subject", metavar="USCC", help="Of an enterprise: what who may see now, and why not."),
    ] = None,
    state: Annotated[str | None, typer.Option(help="REQUESTED, ACTIVE, PAUSED, REVOKED, EXPIRED or REJECTED.")] = None,
    recipient: Annotated[str | None, typer.Option(help="被授权机构.")] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, max=1000, help="At most so many.")] = 100,
    as_json: _Json = False,
) -> None:
    """List consents, those that changed last first; of one enterprise, what each institution may see at this moment."""
    from catalogue.load import load_catalogue
    from hub.consent_printing import print_list, print_scope
    from hub.portal_client import PortalClient
    from hub.printing import terminal
    from hub.settings import load_settings

    with closing(PortalClient(load_settings())) as portal:
        if subject is not None:
            if state is not None or recipient is not None:
                raise UsageError("--subject goes with neither --state nor --recipient.", remedy="Give one of them.")
            found = portal.get(f"/v1/subjects/{_part(subject)}/scope")
        else:
            query = {"state": state, "recipient": recipient, "limit": limit}
            found = portal.get("/v1/consents", **{k: v for k, v in query.items() if v is not None})
    if as_json:
        echo(json.dumps(found, ensure_ascii=False))
    elif subject is not None:
        print_scope(terminal(), found, load_catalogue())
    else:
        print_list(terminal(), found)


@app.command()
def show(
    number: _Number,
    export: Annotated[
        Path | None, typer.Option("--export", help="Write its signed artefacts there, for `consent verify`.")
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", help="Write the signed PDF there, in clear, for you alone.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Show a consent; write out its artefacts, or what was signed."""
    from bus.crypto.private_files import write_sealed
    from catalogue.load import load_catalogue
    from hub.consent_printing import print_consent
    from hub.portal_client import PortalClient
    from hub.printing import terminal
    from hub.settings import load_settings

    with closing(PortalClient(load_settings())) as portal:
        found = portal.get(f"/v1/consents/{_part(number)}")
        if export is not None:
            lines = portal.get(f"/v1/consents/{_part(number)}/artefacts")
            _written(export, lambda file: file.write_text("".join(f"{line}\n" for line in lines), "utf-8"))
        if evidence is not None:
            if not found["evidence"]:
                raise UsageError("该授权尚未签署，没有授权书原件", remedy="签署后用 `credithub consent grant` 上传。")
            content = portal.evidence(found["evidence"])
            _written(evidence, lambda file: write_sealed(file, content))
    if as_json:
        echo(json.dumps(found, ensure_ascii=False))
    else:
        print_consent(terminal(), found, load_catalogue())


def _acted(
    number: str,
    act: str,
    by: str,
    reason: str | None,
    evidence: Path | None = None,
    signed: Path | None = None,
    authority: Path | None = None,
) -> Any:
    from hub.portal_client import PortalClient
    from hub.settings import load_settings

    body: dict[str, Any] = {"actor": by} | ({} if reason is None else {"reason": reason})
    if evidence is None and (signed is not None or authority is not None):
        raise UsageError("填写了签署人或委托书，但缺少签署后的原件", remedy="用 --evidence 指定PDF。")
    with closing(PortalClient(load_settings())) as portal:
        if evidence is not None:
            who = _signatory(signed, by_agent=authority is not None)
            who["evidence"] = portal.upload(_content(evidence))
            if authority is not None:
                who |= {"capacity": "AGENT", "authority": portal.upload(_content(authority))}
            body["signing"] = who
        return portal.post(f"/v1/consents/{_part(number)}/{act}", body)


def _signatory(signed: Path | None, *, by_agent: bool) -> dict[str, Any]:
    """Return who signed: from a file, or asked for at the terminal."""
    if signed is not None:
        try:
            text = sys.stdin.read() if str(signed) == "-" else _content(signed).decode()
            said = json.loads(text)
        except ValueError as exc:
            raise UsageError(
                "签署人文件不是JSON", remedy='应为 {"representative": "姓名"}，代理人另填 agent 等。'
            ) from exc
        if not isinstance(said, dict):
            raise UsageError("签署人文件不是JSON对象", remedy='应为 {"representative": "姓名"}。')
        return said
    if not sys.stdin.isatty():
        raise UsageError("缺少签署人", remedy="用 --signed 指定签署人的JSON文件，或在终端中运行并按提示填写。")
    who = {"representative": typer.prompt("法定代表人姓名")}
    if by_agent:
        who |= {"agent": typer.prompt("代理人姓名"), "agent_id_number": typer.prompt("代理人身份证件号码")}
    return who


def _posted(path: str, body: dict[str, Any]) -> Any:
    from hub.portal_client import PortalClient
    from hub.settings import load_settings

    with closing(PortalClient(load_settings())) as portal:
        return portal.post(path, body)


def _done(found: dict[str, Any], as_json: bool) -> None:
    from hub.consent_printing import state_text
    from portal.words import REASON_TEXTS
    from rules.release.consent.lifecycle import ActReason

    if as_json:
        echo(json.dumps(found, ensure_ascii=False))
        return
    echo(
        f"{found['number']}：{state_text(found)}（{REASON_TEXTS[ActReason(found['reason'])]}），至 {found['last_day']}"
    )


def _part(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


def _content(file: Path) -> bytes:
    from hub.consent_verification import read_content

    return read_content(file)


def _written(file: Path, write: Any) -> None:
    try:
        write(file)
    except OSError as exc:
        raise UsageError(f"{file} cannot be written: {exc.strerror}.", remedy="Name another file.") from exc


def register(parent: typer.Typer) -> None:
    """Add the commands."""
    consent_deletions.register(app)
    consent_link.register(app)
    consent_verify.register(app)
    parent.add_typer(app, name="consent")
