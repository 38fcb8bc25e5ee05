"""A door that requests wait at: a server lets in one at a time, in whatever order a test chooses."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import threading
from collections.abc import Callable
from typing import Self

from starlette.types import ASGIApp, Receive, Scope, Send


@dataclasses.dataclass(frozen=True)
class Request:
    """A request that waits to be let in, as far as its order matters."""

    verb: str
    about: str
    reads: bool

    @classmethod
    def of(cls, verb: str, path: str, *, lag: bool) -> Self:
        """What ``verb`` and ``path`` ask for. Where lists lag, reading one counts, and so is no mere reading."""
        about = re.sub(r"\b(db|con)_\w+", r"\1", re.sub(r"^/v1|^/github(/repos/[^/]+/[^/]+)?", "", path))
        return cls(verb, about, reads=verb == "GET" and not (lag and about == "/databases"))

    @property
    def never_matters(self) -> bool:
        """Whether it is about what no run changes: the project, the regions, the repository."""
        return self.reads and not self._of_databases and not self.about.startswith("/pulls")

    def commutes_with(self, other: Request) -> bool:
        """Whether neither can tell which of the two came first."""
        if (self.reads and other.reads) or self._of_databases != other._of_databases:
            return True
        return self.verb == other.verb == "POST" and self.about == other.about == "/connections"

    def __str__(self) -> str:
        return f"{self.verb} {self.about}"

    @property
    def _of_databases(self) -> bool:
        return self.about.startswith(("/databases", "/connections"))


@dataclasses.dataclass(frozen=True)
class _Waiting:
    request: Request
    let_in: Callable[[], object]


class Door:
    """Where every request waits until it is let in. The first part of a path says whose it is: ``/A/v1/databases``."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None
        self._lag = False
        self._changed = threading.Condition()
        self._waiting: dict[str, _Waiting] = {}
        self._ended: list[str] = []
        self._runs = 0

    def begin(self, app: ASGIApp, runs: int, *, lag: bool) -> None:
        """From here on ``app`` is what is behind the door, and so many runs come to it."""
        with self._changed:
            self._app, self._lag = app, lag
            self._waiting, self._ended, self._runs = {}, [], runs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        run, slash, rest = scope["path"][1:].partition("/")
        path, loop, let_in = slash + rest, asyncio.get_running_loop(), asyncio.Event()
        self._add(run, Request.of(scope["method"], path, lag=self._lag), lambda: loop.call_soon_threadsafe(let_in.set))
        await let_in.wait()
        assert self._app is not None
        await self._app({**scope, "path": path, "raw_path": path.encode()}, receive, send)

    def wait(self, run: str, request: Request) -> None:
        """Waits in this thread until it is let in."""
        let_in = threading.Event()
        self._add(run, request, let_in.set)
        let_in.wait()

    def ended(self, run: str) -> None:
        """Nothing more comes of ``run``."""
        with self._changed:
            self._ended.append(run)
            self._changed.notify_all()

    @property
    def ends(self) -> list[str]:
        """Who has ended, first to last."""
        return list(self._ended)

    def requests(self) -> dict[str, Request]:
        """What waits, by run, once each run either waits or has ended; nothing once all have ended."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._waiting) + len(self._ended) == self._runs, timeout=60):
                raise TimeoutError(f"a run neither asks nor ends: {sorted(self._waiting)} wait, {self._ended} have ended")
            return {run: self._waiting[run].request for run in sorted(self._waiting)}

    def let_in(self, run: str) -> None:
        with self._changed:
            waiting = self._waiting.pop(run)
        waiting.let_in()

    def _add(self, run: str, request: Request, let_in: Callable[[], object]) -> None:
        with self._changed:
            assert run not in self._waiting, f"{run} asks twice at once: {self._waiting[run].request} and {request}"
            self._waiting[run] = _Waiting(request, let_in)
            self._changed.notify_all()
