"""Faults on demand, and the record of what was served.

Every request to a stand-in is recorded and delayed here, and fails here if a rule says so. The control surface is spared.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import random
import re
import socket
import struct
import time
import zlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HTML = "<!doctype html><html><head><title>Just a moment...</title></head><body><h1>Checking your browser</h1></body></html>"
LONGEST_RECORD = 200_000  # requests; the oldest are forgotten, so that long runs stay small


@dataclass(slots=True)
class Served:
    """One request. ``status`` is 0 while there is no answer, and stays so if there never is one; ``time`` is Unix seconds.

    carried_out: whether the stand-in has done its work on it; a fault may still keep the answer back.
    """

    method: str
    path: str
    query: str
    host: str
    status: int
    time: float
    carried_out: bool = False


@dataclass(slots=True)
class Rule:
    """Which requests fail, how, and how often.

    rate: the probability of each; operations: regular expressions on ``METHOD /path`` (or with ``?query``), none meaning all;
    after: how many matching requests pass first; count: how many fail at most; silence_s: how long ``silence`` lasts, and how late
    the answer of ``late`` is; retry_after: how many seconds the rate limits ask to wait, None to have a secondary one say nothing of it;
    permission: what ``403-permission`` says is missing, as GitHub writes it.
    """

    rate: float = 1.0
    seed: int = 0
    kinds: Sequence[str] = ("500",)
    operations: Sequence[str] = ()
    after: int = 0
    count: int | None = None
    silence_s: float = 30.0
    retry_after: int | None = 1
    permission: str = "pull_requests=write"
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if unknown := set(self.kinds) - set(KINDS):
            raise ValueError(f"unknown kinds {sorted(unknown)}; there are {', '.join(KINDS)}")
        for operation in self.operations:
            re.compile(operation)
        self._random = random.Random(self.seed)

    def draw(self, operation: str, query: str) -> str | None:
        """Return the kind of fault for this request, or None."""
        full = f"{operation}?{query}" if query else operation
        if self.operations and not any(re.search(o, operation) or re.search(o, full) for o in self.operations):
            return None
        if self.after > 0:
            self.after -= 1
            return None
        if self.count == 0 or self._random.random() >= self.rate:
            return None
        if self.count is not None:
            self.count -= 1
        return self._random.choice(list(self.kinds))


class FaultInjector:
    """ASGI middleware around all stand-ins."""

    def __init__(self, app: ASGIApp, *, latency_s: float, rules: list[Rule]) -> None:
        self._app = app
        self.latency_s = latency_s
        self.jitter_s = 0.0
        self.rules = rules
        self._jitter = random.Random(0)
        self.record: deque[Served] = deque(maxlen=LONGEST_RECORD)

    def served(self) -> list[dict[str, object]]:
        return [asdict(request) for request in self.record]

    def restart_jitter(self, seed: int) -> None:
        """Start the random delays of up to ``jitter_s`` anew; with the same seed the n-th request's is the same."""
        self._jitter = random.Random(seed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        query = scope["query_string"].decode()
        served = Served(scope["method"], scope["path"], query, headers.get(b"host", b"").decode(), 0, time.time())
        self.record.append(served)

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                served.status = message["status"]
            await send(message)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await self._app(scope, receive, send)
            served.carried_out = True

        if delay := self.latency_s + (self._jitter.random() * self.jitter_s if self.jitter_s else 0.0):
            await asyncio.sleep(delay)
        for rule in self.rules:
            if kind := rule.draw(f"{served.method} {served.path}", query):
                await KINDS[kind](Exchange(app, scope, receive, note, rule))
                return
        await app(scope, receive, note)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that is about to go wrong."""

    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send
    rule: Rule

    @property
    def of_github(self) -> bool:
        """Whether it was meant for GitHub's stand-in, rather than for the Management API's."""
        return str(self.scope["path"]).startswith("/github/")

    async def answer(self, response: Response) -> None:
        await response(self.scope, self.receive, self.send)

    async def refuse(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        """Answer an error in the shape of the API that was asked; GitHub's has no ``code``."""
        body: dict[str, object] = {"error": {"code": code, "message": message}}
        if self.of_github:
            body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
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
        """Say nothing for as long as the rule has it; false as soon as the client has gone."""
        leaving = asyncio.create_task(self._until_gone())
        try:
            await asyncio.wait([leaving], timeout=self.rule.silence_s)
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
    await _too_many(exchange, {"Retry-After": str(exchange.rule.retry_after)})


async def _bad_credentials(exchange: Exchange) -> None:
    if exchange.of_github:
        await exchange.refuse(401, "", "Bad credentials")
    else:
        await exchange.refuse(401, "authentication-failed", "Invalid or missing authorization token")


async def _missing_permission(exchange: Exchange) -> None:
    if exchange.of_github:
        headers = {"X-Accepted-GitHub-Permissions": exchange.rule.permission}
        await exchange.refuse(403, "", "Resource not accessible by integration", headers)
    else:
        await exchange.refuse(403, "permission-denied", "This token may not do this")


async def _primary_limit(exchange: Exchange, status: int) -> None:
    """GitHub's hourly limit: nothing remains until ``x-ratelimit-reset``, in Unix seconds."""
    wait_s = exchange.rule.retry_after or 0
    headers = {
        "X-RateLimit-Limit": "1000",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Used": "1000",
        "X-RateLimit-Reset": str(math.ceil(time.time() + wait_s)),
        "X-RateLimit-Resource": "core",
    }
    await exchange.refuse(status, "rate-limit-exceeded", "API rate limit exceeded for installation.", headers)


async def _secondary_limit(exchange: Exchange, status: int) -> None:
    """GitHub's limit on bursts: much of the hour's allowance remains; ``Retry-After`` may say for how long to stop."""
    headers = {
        "X-RateLimit-Limit": "1000",
        "X-RateLimit-Remaining": "900",
        "X-RateLimit-Used": "100",
        "X-RateLimit-Reset": str(math.ceil(time.time() + 3600)),
        "X-RateLimit-Resource": "core",
    }
    if exchange.rule.retry_after is not None:
        headers["Retry-After"] = str(exchange.rule.retry_after)
    message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    await exchange.refuse(status, "rate-limit-exceeded", message, headers)


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
WEATHER = ("500", "502", "429", "429-retry-after", "reset", "lost", "truncated", "html", "silence")
"""What ``--fault-rate`` draws from."""
