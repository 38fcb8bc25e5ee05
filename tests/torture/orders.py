"""Every order: the requests of two runs or three let in one at a time, in each order that can make a difference.

Runs are threads in this process, and all that they share is a server whose door lets in one request at a time. Where several wait, each is
let in first once: everything is run again from the beginning, with the same choices up to there and another one then. Two requests of which
neither can tell which came first (two reads, say) are tried in one order only: *sleep sets*, as in Godefroid's "Partial-Order Methods for
the Verification of Concurrent Systems".

An order is a string of the runs' letters, ``ABbAB``, by who is let in next, with small ones for what is asked of GitHub, which a run may
do while it asks Prisma; the same string gives the same order again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
import multiprocessing
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Self

import uvicorn

from preview_db_emulator.app import SERVER_URL
from preview_db_emulator.github import payloads
from preview_db_emulator.runner.runner import Run, Runner
from tests.drivers.workflow import ACTION, call

from .claims import check_manners, hold
from .door import Door, Request
from .house import GITHUB_TOKEN, NUMBER, SERVICE_TOKEN, House
from .pairs import EVENTS, Event, Setting
from .states import States

MOST_CHOICES = 100
"""In one order: more than any runs need that come to an end."""

HANDED_OUT = ("created", "reused", "reset", "connected")

_STATE = f"/pulls/{NUMBER}"


@dataclasses.dataclass
class Choice:
    """A point at which runs wait.

    Attributes:
        asleep: who need not be let in here, as the order would be one that was tried already.
        chosen: who is let in.
        tried: who was, this time or before.
        lagging: whether there is a database that the next list leaves out.
    """

    requests: dict[str, Request]
    asleep: dict[str, Request]
    chosen: str
    tried: set[str]
    lagging: bool

    def asleep_next(self) -> dict[str, Request]:
        """Who is asleep once the chosen one was let in: whoever was or could be before, and can't tell the difference."""
        before = {**self.asleep, **{run: self.requests[run] for run in self.tried}}
        mine = self.requests[self.chosen]
        return {run: request for run, request in before.items() if run != self.chosen and request.commutes_with(mine, lagging=self.lagging)}

    def turn(self) -> bool:
        """Chooses somebody else, if there is anybody left."""
        left = [run for run in self.requests if run not in self.asleep and run not in self.tried]
        if left:
            self.chosen = left[0]
            self.tried.add(left[0])
        return bool(left)


@dataclasses.dataclass
class Replay:
    """The runs of a setting, run once in one order.

    Attributes:
        trace: what was let in, a line a request: who, and what for.
        is_new: whether the order had not been tried already.
        ends: who ended, first to last.
    """

    setting: Setting
    house: House
    runs: dict[str, Run] = dataclasses.field(default_factory=dict)
    trace: list[str] = dataclasses.field(default_factory=list)
    is_new: bool = True
    ends: Sequence[str] = ()

    def said(self) -> str:
        """All of it, for a person."""
        logs = [f"--- {name}: {kind}\n" + "\n".join(self.runs[name].log) for name, kind in self.setting.runs.items()]
        return "\n".join([*self.trace, *logs])

    @property
    def was_reopened_too_late(self) -> bool:
        """Whether a sweep deleted the preview that had last looked at the pull request before it was reopened."""
        kinds = {name: kind for name, kind in self.setting.runs.items() if kind in ("sweep", "reopen")}
        reopened = [at for at, line in enumerate(self.trace) if line[2:] == f"PUT {_STATE}" and kinds.get(line[0].upper()) == "reopen"]
        for name in kinds:
            deletions = [at for at, line in enumerate(self.trace) if line.startswith(f"{name} DELETE /databases")]
            looks = [
                at for at, line in enumerate(self.trace) if line.startswith(f"{name.lower()} GET /pulls") and at < max(deletions, default=0)
            ]
            if looks and any(looks[-1] < at < deletions[-1] for at in reopened):
                return True
        return False


@dataclasses.dataclass
class Counted:
    """What the orders of a setting came to.

    Attributes:
        replays: times that everything was run, those included that turned out to be an order tried already.
        failed: runs that ended with 1.
        left: orders after which a database too many was there, since lists lag, which the next sweep took.
        late: orders after which a preview that is wanted was not there, since its pull request was reopened between a sweep's last look
            at it and the deletion, and which the next run put right. There is no request that deletes on a condition.
        complete: whether every order was tried.
        broken: what does not hold, with the order.
    """

    orders: int = 0
    replays: int = 0
    failed: int = 0
    left: int = 0
    late: int = 0
    complete: bool = True
    broken: list[str] = dataclasses.field(default_factory=list)


class Orders:
    """A server in this process, and the runs that come to its door."""

    def __init__(self, root: Path, url: str, door: Door) -> None:
        self._root = root
        self._url = url
        self._door = door
        self._ids = itertools.count(1)
        self._left: dict[Hashable, set[str]] = {}
        """Of each point that was come to, who has not been let in there yet."""

    @classmethod
    @contextlib.contextmanager
    def served(cls) -> Iterator[Self]:
        """Started, and stopped on leaving. Meanwhile the runs of this process lose no time."""
        door = Door()
        # Said in full, or asyncio doesn't see that it is TCP and leaves Nagle's 40 ms in.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        config = uvicorn.Config(door, ws="none", lifespan="off", log_config=None, log_level="critical", access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        with tempfile.TemporaryDirectory(prefix="preview-db-orders-") as root, _hasty(), door.watching():
            thread.start()
            try:
                yield cls(Path(root), f"http://127.0.0.1:{listener.getsockname()[1]}", door)
            finally:
                server.should_exit = True
                thread.join(10)

    def every(self, setting: Setting, *, most: int, seconds: float = math.inf) -> Counted:
        """Every order of the setting's runs, or the first ``most``, or those of so many seconds."""
        counted, until = Counted(), time.monotonic() + seconds
        path: list[Choice] = []
        self._left = {}
        while True:
            replay = self._replay(setting, path)
            counted.replays += 1
            if replay.is_new:
                counted.orders += 1
                try:
                    self._check(replay, counted)
                except AssertionError as error:
                    order = "".join(choice.chosen for choice in path)
                    counted.broken.append(f"{setting}, order {order}: {error}\n{replay.said()}")
            while path and not path[-1].turn():
                path.pop()
            if not path:
                return counted
            if counted.orders >= most or time.monotonic() > until:
                counted.complete = False
                return counted

    def again(self, setting: Setting, order: str) -> list[str]:
        """One order, by its string: what was let in, a line a request. Raises :class:`AssertionError` for what does not hold of it."""
        replay = self._replay(setting, [], order)
        try:
            self._check(replay, Counted())
        except AssertionError as error:
            raise AssertionError(f"{error}\n{replay.said()}") from None
        return replay.trace

    def _replay(self, setting: Setting, path: list[Choice], order: str = "") -> Replay:
        """Lets the runs in by the choices of ``path``, then by ``order``, then as it comes, and adds to ``path`` what was chosen."""
        house = House(
            self._url,
            knows_logical_id=setting.mode == "known",
            lag=setting.lag,
            has_preview=setting.has_preview,
            is_open=setting.is_open,
        )
        replay = Replay(setting, house)
        states = States(house.ids(), setting.lag)
        choices = iter(list(path))
        with self._running(setting.runs, replay, states):
            while requests := self._door.requests():
                free = next((run for run, request in requests.items() if self._door.never_matters(request)), None)
                if free is not None or not replay.is_new:
                    self._door.let_in(free or next(iter(requests)))
                    continue
                choice = next(choices, None)
                if choice is None:
                    asleep = path[-1].asleep_next() if path and not order else {}
                    if not order:
                        point = states.now(house.state(), requests)
                        left = self._left.get(point, set(requests))
                        self._left[point] = left & set(asleep)
                        asleep.update((run, request) for run, request in requests.items() if run not in left)
                    awake = [run for run in requests if run not in asleep]
                    if not awake:
                        replay.is_new = False
                        self._door.turn_away()
                        continue
                    hold(len(path) < MOST_CHOICES, f"{setting} has no end: {replay.trace}")
                    asked_for = order[len(path) : len(path) + 1]
                    chosen = asked_for if asked_for in awake else awake[0]
                    choice = Choice(requests, asleep, chosen, {chosen}, states.lagging)
                    path.append(choice)
                hold(choice.requests == requests, f"{setting} goes the same way again: {choice.requests}, not {requests}")
                replay.trace.append(f"{choice.chosen} {requests[choice.chosen]}")
                self._door.let_in(choice.chosen)
        return replay

    @contextlib.contextmanager
    def _running(self, kinds: Mapping[str, str], replay: Replay, states: States, *, first_id: int = 1) -> Iterator[None]:
        """The runs, as threads; all have ended on leaving."""
        changes = sum(EVENTS[kind].state is not None for kind in kinds.values())
        self._door.begin(replay.house.app, list(kinds), answered=states.answered, named=states.named, changes=changes)
        threads = [
            threading.Thread(target=self._run, args=(name, id_, EVENTS[kind], replay.house, replay.runs), name=name, daemon=True)
            for id_, (name, kind) in enumerate(kinds.items(), first_id)
        ]
        for thread in threads:
            thread.start()
        yield
        for thread in threads:
            thread.join()
        replay.ends = self._door.ends

    def _run(self, name: str, id_: int, event: Event, house: House, runs: dict[str, Run]) -> None:
        try:
            if event.state is not None:
                self._door.wait(name, Request("PUT", _STATE))
                house.happens(event.state)
            runs[name] = self._step(name, id_, event, house)
        finally:
            self._door.ended(name)

    def _step(self, name: str, id_: int, event: Event, house: House) -> Run:
        if event.name == "schedule":
            payload = payloads.schedule_event(schedule="0 3 * * *", repository=house.where()["repository"])
        elif event.name == "workflow_dispatch":
            payload = payloads.workflow_dispatch_event(ref="refs/heads/main", **house.where())
        else:
            payload = house.event(event.action)
        url, root = f"{self._url}/{name}", self._root / str(next(self._ids))
        runner = Runner(
            root=root, api_url=f"{url}/github", server_url=SERVER_URL, token=GITHUB_TOKEN, secrets=(SERVICE_TOKEN,), action=ACTION
        )
        inputs = {"service_token": SERVICE_TOKEN, "project": f"proj_{house.project.id}", "wait": "ready", "comment": "false"}
        environ = {"PRISMA_MANAGEMENT_API_URL": url}
        try:
            return runner.call(call, event=event.name, payload=payload, inputs={**inputs, **event.inputs}, env=environ, run_id=id_)
        finally:
            shutil.rmtree(root, ignore_errors=True)

    def _alone(self, kind: str, replay: Replay) -> Run:
        """One more run once the others have ended."""
        after = Replay(replay.setting, replay.house)
        with self._running({"A": kind}, after, States(replay.house.ids(), replay.setting.lag), first_id=100):
            while requests := self._door.requests():
                self._door.let_in(next(iter(requests)))
        return after.runs["A"]

    def _check(self, replay: Replay, counted: Counted) -> None:
        """Raises :class:`AssertionError` for what does not hold."""
        kinds, house = replay.setting.runs, replay.house
        for run in replay.runs.values():
            check_manners(run)
            counted.failed += run.exit_code
        hold(house.others_are_untouched(), "nothing of anyone else's is touched")
        most = int(house.is_open)
        fewest = 0 if "delete" in kinds.values() else most
        left = house.previews()
        last = replay.runs[replay.ends[-1]]
        # A reset's successor takes the place of what was handed out before, which is what a reset is for.
        replaced = any(kinds[name] in ("reset", "delete") for name in replay.ends[:-1])
        if left and most and not replaced and last.exit_code == 0 and last.outputs.get("outcome") in HANDED_OUT:
            hold(house.postgres.opens(last.outputs["database_url"]), "the string that was handed out last opens the database")
        if len(left) < fewest and replay.was_reopened_too_late:
            counted.late += 1
            told = [annotation.title for run in replay.runs.values() for annotation in run.annotations]
            hold("Reopened meanwhile" in told, f"the sweep says what was reopened too late: {told}")
            run = self._alone("push", replay)
            hold(run.exit_code == 0 and len(house.previews()) == 1, "the next run puts right what was reopened too late", run)
            return
        if len(left) > most and replay.setting.lag:
            counted.left += 1
            run = self._alone("sweep", replay)
            hold(run.exit_code == 0, "the next sweep succeeds", run)
            left = house.previews()
        hold(len(left) <= most, f"at most {most} databases for the preview, not {[database.name for database in left]}")
        hold(len(left) >= fewest, "a preview that is wanted is there")


def every(settings: Sequence[Setting], *, most: int, seconds: float, workers: int) -> Iterator[tuple[Setting, Counted]]:
    """The orders of many settings, in so many processes."""
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from zip(settings, pool.map(_every, settings, itertools.repeat(most), itertools.repeat(seconds)), strict=True)


def _every(setting: Setting, most: int, seconds: float) -> Counted:
    with Orders.served() as orders:
        return orders.every(setting, most=most, seconds=seconds)


@contextlib.contextmanager
def _hasty() -> Iterator[None]:
    """Pauses between two attempts are short."""
    before = os.environ.get("PREVIEW_DB_PACE")
    os.environ["PREVIEW_DB_PACE"] = "0.01"
    try:
        yield
    finally:
        os.environ.pop("PREVIEW_DB_PACE")
        if before is not None:
            os.environ["PREVIEW_DB_PACE"] = before
