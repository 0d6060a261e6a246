"""Anchors for whoever keeps them: the newest, or that of a moment."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel
from starlette.exceptions import HTTPException

from portal.audit.anchors import AnchorBook, SignedAnchor
from rules.audit.entry import AuditAct


class HeadView(BaseModel):
    """The newest link of one chain; ``digest`` in hex."""

    topic: str
    partition: int
    number: int
    digest: str


class AnchorView(BaseModel):
    """The heads of all chains at a moment; what is signed is the artefact (compact JWS)."""

    number: int
    moment: datetime
    alg: str
    kid: str
    artefact: str
    heads: list[HeadView]


def anchors_router(book: AnchorBook, base_path: str) -> APIRouter:
    """Return the route; ``at``: the newest anchor that was published at that moment or before it."""
    router = APIRouter(prefix=base_path)

    @router.get("/anchors", name=AuditAct.ANCHOR_SHOW)
    def show(at: AwareDatetime | None = None) -> AnchorView:
        found = book.newest() if at is None else book.at(at)
        if found is None:
            raise HTTPException(404, "当时还没有签署过审计锚点" if at else "还没有签署过审计锚点")
        return _view(found)

    return router


def _view(signed: SignedAnchor) -> AnchorView:
    """Return an anchor as it is served."""
    heads = [HeadView(**{**head._asdict(), "digest": head.digest.hex()}) for head in signed.anchor.heads]
    return AnchorView(
        number=signed.anchor.number, moment=signed.anchor.moment, alg=signed.alg, kid=signed.kid,
        artefact=signed.artefact, heads=heads,
    )  # fmt: skip
