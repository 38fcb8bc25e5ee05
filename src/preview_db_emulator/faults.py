"""Faults on demand, and the record of what was served.

Every request to a stand-in is recorded and delayed here, and fails here if a rule says so. The control surface is spared.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .fault_kinds import KINDS, Exchange, FaultOptions

RANDOM_KINDS = ("500", "502", "429", "429-retry-after", "reset", "lost", "truncated", "html", "silence")
"""What ``--fault-rate`` draws from."""
LONGEST_RECORD = 200_000  # requests; the oldest are forgotten, so that long runs stay small


@dataclass(slots=True)
class Served:
    """One request. ``status`` is 0 while there is no answer, and stays so if there never is one.

    time, ended: when it came, and when it was answered or given up, in Unix seconds; 0 until then.
    carried_out: whether the stand-in has done its work on it; a fault may still keep the answer back.
    """

    method: str
    path: str
    query: str
    host: str
    status: int
    time: float
    ended: float = 0.0
    carried_out: bool = False


@dataclass(slots=True)
class Rule(FaultOptions):
    """Which requests fail, how, and how often.

    rate: the probability of each; operations: regular expressions on ``METHOD /path`` (or with ``?query``), none meaning all;
    after: how many matching requests pass first; count: how many fail at most.
    """

    rate: float = 1.0
    seed: int = 0
    kinds: Sequence[str] = ("500",)
    operations: Sequence[str] = ()
    after: int = 0
    count: int | None = None
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
        """Start the random delays of up to ``jitter_s`` again; with the same seed the n-th request's is the same."""
        self._jitter = random.Random(seed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        query = scope["query_string"].decode()
        served = Served(scope["method"], scope["path"], query, headers.get(b"host", b"").decode(), 0, time.time())
        self.record.append(served)

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                served.status, served.ended = message["status"], time.time()
            await send(message)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await self._app(scope, receive, send)
            served.carried_out = True

        try:
            await self._answer(scope, receive, note, served, app)
        finally:
            served.ended = served.ended or time.time()

    async def _answer(self, scope: Scope, receive: Receive, send: Send, served: Served, app: ASGIApp) -> None:
        if delay := self.latency_s + (self._jitter.random() * self.jitter_s if self.jitter_s else 0.0):
            await asyncio.sleep(delay)
        for rule in self.rules:
            if kind := rule.draw(f"{served.method} {served.path}", served.query):
                await KINDS[kind](Exchange(app, scope, receive, send, rule))
                return
        await app(scope, receive, send)
