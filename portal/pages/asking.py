"""Who asks for a page, and what a form brings; both are refused where they are not what this site gave out."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from portal.audit.middleware import audited
from portal.pages.identity import Identified
from portal.pages.problems import PageRefused, PageTrouble
from portal.pages.protection import is_of_another_site
from portal.pages.sessions import EnterpriseSession
from portal.pages.site import PageSite
from rules.audit.entry import ActorKind


async def _form(request: Request) -> Mapping[str, str]:
    if is_of_another_site(request.headers):
        raise PageRefused(PageTrouble.FORM_FOREIGN)
    try:
        return dict(parse_qsl((await request.body()).decode("ascii"), max_num_fields=8))
    except ValueError as exc:
        raise PageRefused(PageTrouble.FORM_FOREIGN) from exc


Form = Annotated[Mapping[str, str], Depends(_form)]
"""The fields of a form; one that another site sent is refused."""


def cookie_name(site: PageSite) -> str:
    """Return the name of the session's cookie."""
    # The prefix makes browsers take it by TLS and from this host alone, so that no neighbour's host plants one.
    return "__Host-credithub" if site.is_https else "credithub"


def session_of(site: PageSite, request: Request) -> EnterpriseSession:
    """Return the session of whoever asks, and say so to the audit log; raises PageRefused where there is none."""
    session = site.sessions.of(request.cookies.get(cookie_name(site), ""), site.now())
    if session is None:
        raise PageRefused(PageTrouble.SESSION_ENDED)
    say_who(request, session.who)
    return session


def say_who(request: Request, who: Identified) -> None:
    """Say to the audit log for which enterprise somebody asks."""
    audit = audited(request)
    audit.by(ActorKind.ENTERPRISE, who.reference)
    audit.about(subject=who.subject)
