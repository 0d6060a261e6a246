"""Bodies that come gzipped, unpacked with a limit before FastAPI reads them; nobody is waited for without end."""

import asyncio
import zlib
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from catalogue.errors import HubError

MAX_BODY_BYTES = 32 * 1024 * 1024
# A batch of the largest size comes in less over 5 Mbit/s.
BODY_WITHIN_S = 60.0
# What else comes is not read.
_CLOSE = {"Connection": "close"}


class _TooLarge(HubError):
    """The body holds more than the interface takes."""


class _Gzipped(Request):
    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            announced = self.headers.get("content-length", "")
            if announced.isdecimal() and int(announced) > MAX_BODY_BYTES:
                raise _TooLarge("The body is too large.")
            packed = bytearray()
            async with asyncio.timeout(BODY_WITHIN_S):
                async for piece in self.stream():
                    packed += piece
                    if len(packed) > MAX_BODY_BYTES:
                        raise _TooLarge("The body is too large.")
            self._body = _unpacked(bytes(packed)) if self.headers.get("content-encoding") == "gzip" else bytes(packed)
        return self._body


def _unpacked(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    plain = unpacker.decompress(packed, MAX_BODY_BYTES)
    if unpacker.unconsumed_tail:
        raise _TooLarge("The body is too large.")
    if not unpacker.eof:
        raise zlib.error("the body ends early")
    return plain


class GzipRoute(APIRoute):
    """A route whose request may come with ``Content-Encoding: gzip``.

    413 above ``MAX_BODY_BYTES`` unpacked, 408 for a body that is not there within ``BODY_WITHIN_S``.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        handle = super().get_route_handler()

        async def unpacking(request: Request) -> Response:
            wrapped = _Gzipped(request.scope, request.receive)
            try:
                await wrapped.body()
            except _TooLarge:
                return JSONResponse({"reason": f"报文解压后超过 {MAX_BODY_BYTES} 字节，请减少每批条数"}, 413, _CLOSE)
            except TimeoutError:
                return JSONResponse({"reason": f"报文在 {BODY_WITHIN_S:.0f} 秒内没有传完"}, 408, _CLOSE)
            except zlib.error:
                return JSONResponse({"reason": "报文不是完整的 gzip"}, 400)
            return await handle(wrapped)

        return unpacking
