"""The ways in which a request can fail, each a function of the exchange that is about to."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import socket
import struct
import time
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HTML = "<!doctype html><html><head><title>Just a moment...</title></head><body><h1>Checking your browser</h1></body></html>"


@dataclass(slots=True)
class FaultOptions:
    """What a kind of fault can be told.

    silence_s: how long ``silence`` lasts, and how late the answer of ``late`` is; retry_after: how many seconds the rate limits ask to
    wait, None to have a secondary one say nothing of it; permission: what ``403-permission`` says is missing, as GitHub writes it.
    """

    silence_s: float = 30.0
    retry_after: int | None = 1
    permission: str = "pull_requests=write"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that is about to go wrong."""

    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send
    options: FaultOptions

    @property
    def of_github(self) -> bool:
        """Whether it was meant for GitHub's stand-in, rather than for the Management API's."""
        return str(self.scope["path"]).startswith("/github/")

    @property
    def of_cloudflare(self) -> bool:
        """Whether it was meant for Cloudflare's."""
        return str(self.scope["path"]).startswith("/cloudflare/")

    async def answer(self, response: Response) -> None:
        await response(self.scope, self.receive, self.send)

    async def refuse(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        """Answer an error in the shape of the API that was asked: GitHub's has no ``code``, Cloudflare's a number."""
        body: dict[str, object] = {"error": {"code": code, "message": message}}
        if self.of_github:
            body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
        if self.of_cloudflare:
            body = {"success": False, "errors": [{"code": status, "message": message}], "messages": [], "result": None}
        await self.answer(JSONResponse(body, status, headers))

    async def hang_up(self) -> None:
        """Reset the connection, and wait until the server has noticed, so that it doesn't answer in our place."""
        transport: asyncio.Transport = self.scope["state"]["transport"]
        with contextlib.suppress(OSError):
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        await self._until_gone()

    async def hold(self) -> bool:
        """Say nothing for as long as the options say; false as soon as the client has gone."""
        leaving = asyncio.create_task(self._until_gone())
        try:
            await asyncio.wait([leaving], timeout=self.options.silence_s)
            return not leaving.done()
        finally:
            leaving.cancel()

    async def _until_gone(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def commit(self) -> list[Message]:
        """Let the stand-in do its work, and keep its answer."""
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self.app(self.scope, self.receive, keep)
        return answer


async def _server_error(exchange: Exchange) -> None:
    await exchange.refuse(500, "internal-server-error", "Something went wrong on our side")


async def _bad_gateway(exchange: Exchange) -> None:
    await exchange.answer(HTMLResponse("<html><body><h1>502 Bad Gateway</h1></body></html>", 502))


async def _too_many(exchange: Exchange, headers: dict[str, str] | None = None) -> None:
    await exchange.refuse(429, "rate-limit-exceeded", "Too many requests", headers)


async def _too_many_for_a_while(exchange: Exchange) -> None:
    await _too_many(exchange, {"Retry-After": str(exchange.options.retry_after)})


async def _bad_credentials(exchange: Exchange) -> None:
    if exchange.of_github:
        await exchange.refuse(401, "", "Bad credentials")
    else:
        await exchange.refuse(401, "authentication-failed", "Invalid or missing authorization token")


async def _missing_permission(exchange: Exchange) -> None:
    if exchange.of_github:
        headers = {"X-Accepted-GitHub-Permissions": exchange.options.permission, **_allowance(900, reset_in_s=3600)}
        await exchange.refuse(403, "", "Resource not accessible by integration", headers)
    else:
        await exchange.refuse(403, "permission-denied", "This token may not do this")


async def _primary_limit(exchange: Exchange, status: int) -> None:
    """GitHub's hourly limit: nothing remains until the reset."""
    headers = _allowance(0, reset_in_s=exchange.options.retry_after or 0)
    await exchange.refuse(status, "rate-limit-exceeded", "API rate limit exceeded for installation.", headers)


async def _secondary_limit(exchange: Exchange, status: int) -> None:
    """GitHub's limit on bursts: much of the hour's allowance remains; ``Retry-After`` may say for how long to stop."""
    headers = _allowance(900, reset_in_s=3600)
    if exchange.options.retry_after is not None:
        headers["Retry-After"] = str(exchange.options.retry_after)
    message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    await exchange.refuse(status, "rate-limit-exceeded", message, headers)


def _allowance(remaining: int, *, reset_in_s: int) -> dict[str, str]:
    """The headers that say how much of an hour's 1,000 requests remains, and when they begin again."""
    return {
        "X-RateLimit-Limit": "1000",
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Used": str(1000 - remaining),
        "X-RateLimit-Reset": str(math.ceil(time.time() + reset_in_s)),
        "X-RateLimit-Resource": "core",
    }


async def _reset(exchange: Exchange) -> None:
    await exchange.hang_up()


async def _lost(exchange: Exchange) -> None:
    await exchange.commit()
    await exchange.hang_up()


async def _truncated(exchange: Exchange) -> None:
    start, *bodies = await exchange.commit()
    whole = b"".join(message.get("body", b"") for message in bodies)
    if not whole:
        await exchange.hang_up()
        return
    await exchange.send(start)
    await exchange.send({"type": "http.response.body", "body": whole[: len(whole) // 2], "more_body": True})
    exchange.scope["state"]["transport"].close()
    while (await exchange.receive())["type"] != "http.disconnect":
        pass


async def _html(exchange: Exchange) -> None:
    await exchange.answer(HTMLResponse(HTML))


async def _silence(exchange: Exchange) -> None:
    if await exchange.hold():
        await exchange.hang_up()


async def _late(exchange: Exchange) -> None:
    answer = await exchange.commit()
    if await exchange.hold():
        for message in answer:
            await exchange.send(message)


async def _redirect(exchange: Exchange) -> None:
    port = exchange.scope["server"][1]
    await exchange.answer(RedirectResponse(f"http://localhost:{port}{exchange.scope['path']}", 307))


async def _bomb(exchange: Exchange) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    await exchange.answer(Response(_compressed_zeros(), headers=headers))


@functools.cache
def _compressed_zeros() -> bytes:
    """200 MB of zeros in 200 kB."""
    compressor = zlib.compressobj(wbits=31)
    zeros = bytes(1_000_000)
    return b"".join([*(compressor.compress(zeros) for _ in range(200)), compressor.flush()])


KINDS: dict[str, Callable[[Exchange], Awaitable[None]]] = {
    "500": _server_error,
    "502": _bad_gateway,
    "429": _too_many,
    "429-retry-after": _too_many_for_a_while,
    "401": _bad_credentials,
    "403-permission": _missing_permission,
    "403-primary-limit": functools.partial(_primary_limit, status=403),
    "429-primary-limit": functools.partial(_primary_limit, status=429),
    "403-secondary-limit": functools.partial(_secondary_limit, status=403),
    "429-secondary-limit": functools.partial(_secondary_limit, status=429),
    "reset": _reset,
    "lost": _lost,
    "truncated": _truncated,
    "html": _html,
    "silence": _silence,
    "late": _late,
    "redirect": _redirect,
    "bomb": _bomb,
}
