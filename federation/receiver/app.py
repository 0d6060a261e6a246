"""The node's HTTP interface (FastAPI): batches in, receipts out, and views of what the node holds."""

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.authentication import AuthenticationMiddleware

from catalogue.model import Catalogue
from connectors.http_in.authentication import HEALTH, TokenAuthentication, refused
from federation.protocol import BatchAnswer, BatchView, NodeHealth, NodeSummary, RecordInForce, Refusal, UploadBatch
from federation.receiver.requests import GzipRoute
from federation.receiver.under_way import BatchesUnderWay
from federation.receiver.validation import Validator
from federation.store import NodeStore
from monitoring.health import HealthCheck
from monitoring.metrics import DELIVERIES, begin_stage

BASE_PATH = "/v1"
# A file of this name beside the store holds the seconds of Retry-After; while it is there, nothing is taken.
MAINTENANCE = "maintenance"
_MAINTENANCE_S = 30
_OUTCOMES = ("ACCEPTED", "REJECTED")
# Batches worked on at once; one more is sent away for a second.
_AT_ONCE = 8
# For the description of the interface alone: who comes this far carried the token.
_TOLD_OF_THE_TOKEN = [Depends(HTTPBearer(auto_error=False))]

BatchId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="批次号, derived from the keys in the batch")]
_ANSWERS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "the body cannot be read"},
    401: {"model": Refusal, "description": "the token is missing or wrong"},
    413: {"model": Refusal, "description": "the body is too large: send fewer records"},
    422: {"model": Refusal, "description": "the request is not what this interface says; nothing of it was taken"},
    429: {"model": Refusal, "description": "too many batches at once: again after Retry-After"},
    503: {"model": Refusal, "description": "under maintenance: again after Retry-After"},
}


def _answers(*codes: int) -> dict[int | str, dict[str, Any]]:
    return {code: _ANSWERS[code] for code in codes}


class _Node:
    """What the routes need, made when the server starts."""

    def __init__(self, path: FilePath, catalogue: Catalogue) -> None:
        self.path = path
        self.validator = Validator(catalogue)
        self.slots = threading.BoundedSemaphore(_AT_ONCE)
        self.under_way = BatchesUnderWay()
        self._store: NodeStore | None = None

    @property
    def store(self) -> NodeStore:
        assert self._store is not None, "the server has not started"
        return self._store

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        self._store = NodeStore(self.path)
        yield
        self._store.close()

    def retry_after_s(self) -> int | None:
        """Return for how long the node is closed; None when it is open."""
        try:
            text = (self.path.parent / MAINTENANCE).read_text("utf-8").strip()
        except FileNotFoundError:
            return None
        return int(text) if text.isdigit() else _MAINTENANCE_S


def create_app(
    store: FilePath,
    catalogue: Catalogue,
    token: str,
    on_started: Callable[[HealthCheck], None] = lambda health: None,
) -> FastAPI:
    """Return the node as an ASGI application; ``store`` is opened when it starts, and its health told ``on_started``.

    Every request but /health must carry the ``token``.
    """
    node = _Node(store, catalogue)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with node.lifespan(app):
            on_started(node.under_way)
            yield

    app = FastAPI(
        title="信用信息上传接口 (upstream node)",
        version="1.0.0",
        description="Takes batches of credit records from the nodes below and answers each record with a receipt. "
        "Sending anything again is safe: a record's key is taken once, and the answer is the first one's.",
        lifespan=lifespan,
        # The interface is written down in docs/upstream-openapi.yaml; the node tells strangers nothing of it.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.add_middleware(AuthenticationMiddleware, backend=TokenAuthentication(token), on_error=refused)
    begin_stage("upstream.node", (), (), (outcome.lower() for outcome in _OUTCOMES))
    app.include_router(_batches(node))
    app.include_router(_views(node))
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(StarletteHTTPException, _refused)

    @app.get(HEALTH, summary="Whether the node works", response_model=NodeHealth, responses=_answers(503))
    def health() -> Response:
        seconds = node.retry_after_s()
        if seconds is not None:
            return _closed(seconds)
        node.store.ping()
        return JSONResponse({"status": "ok"})

    return app


def _batches(node: _Node) -> APIRouter:
    router = APIRouter(prefix=BASE_PATH, route_class=GzipRoute, dependencies=_TOLD_OF_THE_TOKEN)

    def slot() -> Iterator[None]:
        seconds = node.retry_after_s()
        if seconds is not None:
            raise HTTPException(503, "维护中，请稍后再试", {"Retry-After": str(seconds)})
        if not node.slots.acquire(blocking=False):
            raise HTTPException(429, "同时报送的批次过多，请稍后再试", {"Retry-After": "1"})
        try:
            with node.under_way.one():
                yield
        finally:
            node.slots.release()

    @router.put(
        "/batches/{batch_id}",
        summary="Send a batch, as often as need be",
        description="The body may be gzipped (Content-Encoding: gzip). Records are judged one by one: those that are "
        "rejected do not hold up the others.",
        response_model=BatchAnswer,
        responses=_answers(400, 401, 413, 422, 429, 503),
        dependencies=[Depends(slot)],
    )
    def put_batch(batch_id: BatchId, batch: UploadBatch) -> Response:
        repeated, receipts = node.store.take(batch_id, batch, node.validator.reasons)
        for outcome in _OUTCOMES:
            count = sum(r.status == outcome for r in receipts)
            DELIVERIES.labels("upstream.node", outcome.lower()).inc(count)
        answer = BatchAnswer.model_construct(batch_id=batch_id, repeated=repeated, receipts=receipts)
        return Response(answer.model_dump_json(), media_type="application/json")

    return router


def _views(node: _Node) -> APIRouter:
    router = APIRouter(prefix=BASE_PATH, dependencies=_TOLD_OF_THE_TOKEN, responses=_answers(401, 422))

    @router.get("/batches/{batch_id}", summary="A batch and its receipts", responses={404: {"model": Refusal}})
    def get_batch(batch_id: BatchId) -> BatchView:
        batch = node.store.batch(batch_id)
        if batch is None:
            raise HTTPException(404, "没有这个批次")
        return batch

    @router.get("/records", summary="What is held of one subject")
    def get_records(subject: Annotated[str, Query(description="统一社会信用代码")]) -> list[RecordInForce]:
        return node.store.records(subject)

    @router.get("/summary", summary="Counts by item and status")
    def get_summary() -> NodeSummary:
        return node.store.summary()

    return router


def _closed(seconds: int) -> JSONResponse:
    return JSONResponse({"reason": "维护中，请稍后再试"}, 503, {"Retry-After": str(seconds)})


def _refused(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, StarletteHTTPException)
    return JSONResponse({"reason": str(exc.detail)}, exc.status_code, dict(exc.headers or {}))


def _malformed(_: Request, exc: Exception) -> Response:
    """Say where the batch departs from the interface, without the values."""
    assert isinstance(exc, RequestValidationError)
    problems = [f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in exc.errors()[:5]]
    return JSONResponse({"reason": "报文不符合接口：" + "；".join(problems)}, 422)
