"""GitHub's primary rate limits: in every answer, and counted only once the control surface has set one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOUR_S = 3600
UNCOUNTED = ("/rate_limit",)


@dataclass(slots=True)
class RateLimit:
    """How many requests the token may make in an hour, and how many it has made. ``reset`` is in Unix seconds.

    GraphQL has a limit of its own, the resource ``graphql``.
    """

    limit: int = 1000  # of a job's token, per repository
    used: int = 0
    reset: float = 0
    enforced: bool = False
    resource: str = "core"
    clock: Callable[[], float] = time.time

    @property
    def remaining(self) -> int:
        return max(self.limit - self.used, 0)

    def set(self, *, remaining: int, reset_in_s: float) -> None:
        self.used, self.reset, self.enforced = max(self.limit - remaining, 0), self.clock() + reset_in_s, True

    def clear(self) -> None:
        self.used, self.reset, self.enforced = 0, 0, False

    def count(self) -> bool:
        """Count a request; whether it is within the limit."""
        if self.clock() >= self.reset:
            self.used, self.reset, self.enforced = 0, self.clock() + HOUR_S, False
        if self.enforced and self.remaining == 0:
            return False
        self.used += self.enforced
        return True

    def as_json(self) -> dict[str, int]:
        return {"limit": self.limit, "used": self.used, "remaining": self.remaining, "reset": int(self.reset)}

    def headers(self) -> dict[str, str]:
        return {
            **{f"X-RateLimit-{name.title()}": str(value) for name, value in self.as_json().items()},
            "X-RateLimit-Resource": self.resource,
        }


def limited(app: ASGIApp, core: RateLimit, graphql: RateLimit) -> ASGIApp:
    """Put the limits before an application: their headers are in every answer, and they are counted except where they are asked for."""

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        limit = graphql if str(scope["path"]).endswith("/graphql") else core
        within = str(scope["path"]).endswith(UNCOUNTED) or limit.count()

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(limit.headers())
            await send(message)

        if within:
            await app(scope, receive, with_headers)
        else:
            message = "API rate limit exceeded for installation."
            body = {"message": message, "documentation_url": "https://docs.github.com/rest", "status": "403"}
            await JSONResponse(body, 403)(scope, receive, with_headers)

    return handle
