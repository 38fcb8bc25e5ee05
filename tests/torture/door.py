"""A door that requests wait at: a server lets in one at a time, in whatever order a test chooses.

A run may ask Prisma and GitHub at the same time. Its requests to one of the two come one after the other, but for those that never matter.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import re
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from typing import Any, Self
from unittest import mock

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Answered = Callable[[str, str, str, int, bytes], None]
"""Takes the strand of a run, the method and the path that it asked for, the status of the answer, and its body."""

Named = Callable[[str, str], str]
"""Takes a path and the strand that asks for it; returns the path with names for the ids that are the same in each replay."""

_unauthorised = JSONResponse({"error": {"code": "unauthorized", "message": "no more"}, "message": "no more"}, 401)


@dataclasses.dataclass(frozen=True)
class Request:
    """A request that waits to be let in, as far as its order matters."""

    verb: str
    about: str

    @classmethod
    def of(cls, verb: str, path: str) -> Self:
        """What ``verb`` and ``path`` ask for; ids in it are the same in each replay."""
        return cls(verb, re.sub(r"^/v1|^/github(/repos/[^/]+/[^/]+)?", "", path))

    def reads_what_stays(self, *, pulls_change: bool) -> bool:
        """Whether it is about what no run changes from here on: the project, the regions, the repository; pull requests, if that is so."""
        return self._reads and not self._of_databases and not (pulls_change and self.about.startswith("/pulls"))

    def commutes_with(self, other: Request, *, lagging: bool) -> bool:
        """Whether neither can tell which of the two came first.

        Args:
            lagging: whether there is a database that the next list leaves out. Each list counts then, and so is no mere reading.
        """
        if self._reads and other._reads:
            return not (lagging and self == other == _LIST)
        if self._of_databases != other._of_databases:
            return True
        either = {self, other}
        if _CONNECT in either:  # a list shows connections, too, but a run looks through those for what is hours old, and so is nothing here
            return either <= {_CONNECT, _CREATE, _LIST}
        if self._of_one and other._of_one:  # a change may give one of them the `logicalId` that the other loses
            verbs = {self.verb, other.verb}
            return self.about != other.about and ("PATCH" not in verbs or "GET" in verbs)
        # Nobody asks for a database by its id before it has been created.
        return _CREATE in either and any(one._of_one and one._reads for one in either)

    def __str__(self) -> str:
        return f"{self.verb} {self.about}"

    @property
    def _reads(self) -> bool:
        return self.verb == "GET"

    @property
    def _of_one(self) -> bool:
        return self.about.startswith("/databases/")

    @property
    def _of_databases(self) -> bool:
        return self.about.startswith(("/databases", "/connections"))


_LIST, _CREATE, _CONNECT = Request("GET", "/databases"), Request("POST", "/databases"), Request("POST", "/connections")


@dataclasses.dataclass(frozen=True)
class _Waiting:
    request: Request
    let_in: Callable[[], object]


class Door:
    """Where every request waits until it is let in. The first part of a path says which run's it is: ``/A/v1/databases``."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None
        self._changed = threading.Condition()
        self._waiting: dict[str, _Waiting] = {}
        self._ended: list[str] = []
        self._runs: list[str] = []
        self._awaited: dict[int, Future[Any]] = {}
        self._answered: Answered = lambda *_: None
        self._named: Named = lambda path, _: path
        self._changes = 0

    def begin(self, app: ASGIApp, runs: Collection[str], *, answered: Answered, named: Named, changes: int) -> None:
        """From here on ``app`` is what is behind the door, and ``runs`` come to it, each in a thread that bears its name.

        Args:
            answered: is told each answer before its run is, but for those that never matter.
            changes: how often pull requests will be closed or reopened.
        """
        with self._changed:
            self._changes = changes
            self._app, self._answered, self._named = app, answered, named
            self._waiting, self._ended, self._runs = {}, [], list(runs)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        run, slash, rest = scope["path"][1:].partition("/")
        path, loop, let_in = slash + rest, asyncio.get_running_loop(), asyncio.Event()
        strand = run.lower() if rest.startswith("github/") else run
        request = Request.of(scope["method"], self._named(path, strand))
        self._add(strand, request, lambda: loop.call_soon_threadsafe(let_in.set))
        await let_in.wait()
        assert self._app is not None
        status, body = 0, b""

        async def sent(message: Message) -> None:
            nonlocal status, body
            status = message.get("status", status)
            body += message.get("body", b"")
            if message["type"] == "http.response.body" and not message.get("more_body") and not self.never_matters(request):
                self._answered(strand, scope["method"], path, status, body)
            await send(message)

        await self._app({**scope, "path": path, "raw_path": path.encode()}, receive, sent)

    def turn_away(self) -> None:
        """Whoever comes from here on is told that its token is not good any more, so that all runs end soon."""
        self._app = _unauthorised
        self._answered = lambda *_: None

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
        """What waits, once nothing more comes before one is let in; nothing once all runs have ended.

        By the letter of the run: a small one for what it asks of GitHub, which it may do while it asks something of Prisma.
        """
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with self._changed:
                if all(self._comes_no_further(run) for run in self._runs):
                    return {strand: self._waiting[strand].request for strand in sorted(self._waiting)}
                self._changed.wait(0.001)  # that a thread begins to wait for another is announced to nobody
        raise TimeoutError(f"a run neither asks nor ends: {sorted(self._waiting)} wait, {self._ended} have ended")

    def _comes_no_further(self, run: str) -> bool:
        """Whether the run has ended, or each of its threads waits here, or waits for one that does."""
        here = sum(strand[0].upper() == run for strand in self._waiting)
        threads = [thread for thread in threading.enumerate() if thread.name.partition(",")[0] == run]
        if not threads:
            return run in self._ended
        return here > 0 and here == len(threads) - sum(self._waits_for_another(thread) for thread in threads)

    def _waits_for_another(self, thread: threading.Thread) -> bool:
        """Whether it waits for what is read in the background, and will do nothing else until that has been read."""
        awaited = self._awaited.get(thread.ident or 0)
        return awaited is not None and not awaited.done()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Notes which thread waits for which of the standard library's futures: there is no other way to know that it asks nothing now."""
        result = Future.result

        def noted(future: Future[Any], timeout: float | None = None) -> Any:
            thread = threading.get_ident()
            self._awaited[thread] = future
            try:
                return result(future, timeout)
            finally:
                del self._awaited[thread]

        with mock.patch.object(Future, "result", noted):
            yield

    def never_matters(self, request: Request) -> bool:
        """Whether it makes no difference when it is let in."""
        return request.reads_what_stays(pulls_change=self._changes > 0)

    def let_in(self, strand: str) -> None:
        with self._changed:
            waiting = self._waiting.pop(strand)
            self._changes -= waiting.request.verb == "PUT"
        waiting.let_in()

    def _add(self, strand: str, request: Request, let_in: Callable[[], object]) -> None:
        with self._changed:
            while self.never_matters(request) and (len(strand) == 1 or strand in self._waiting):
                strand += "'"
            assert strand not in self._waiting, f"{strand} asks twice at once: {self._waiting[strand].request} and {request}"
            self._waiting[strand] = _Waiting(request, let_in)
            self._changed.notify_all()
