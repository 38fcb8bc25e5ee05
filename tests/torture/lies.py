"""What a server may answer instead of the truth, and what holds of a run all the same."""

from __future__ import annotations

import functools
import gzip
import zlib
from collections.abc import Callable
from typing import Any

from preview_db.planning import identity
from preview_db.planning.model import Kind, Repository, Scope
from preview_db_emulator.runner.runner import Run
from tests.drivers.lying_server import Answer, Lie, in_data, lying
from tests.drivers.workflow import PullRequest, Workflow
from tests.torture.claims import check_manners, check_promise, hold

MEMORY = 300 * 1024 * 1024
"""Bytes a run may take at most, with an answer of the largest size that is read. In fair weather it is about 75 MB."""


class Neighbours:
    """What else is in the project, and must be there unchanged in the end."""

    def __init__(self, workflow: Workflow) -> None:
        self._world = workflow
        other = Scope(Repository(workflow.repository.id + 1, "acme/other"), Kind.PULL_REQUEST, "1")
        rows = [{"name": name, "project": workflow.project} for name in ("production", identity.name(other))]
        self.production, self.others_preview = workflow.emulator.control("POST", "databases", rows)
        self._before = self._all()

    def check(self) -> None:
        assert self._all() == self._before

    def _all(self) -> list[Any]:
        ours = {one["id"] for one in self._world.databases()} - {self.production["id"], self.others_preview["id"]}
        shown = [one for one in self._world.emulator.control("GET", "databases") if one["project"]["id"] == self._world.project]
        return sorted(
            (one["id"], one["name"], one["logicalId"], one["isDefault"], str(one["connections"])) for one in shown if one["id"] not in ours
        )


def prepare(pull: PullRequest) -> None:
    """The pull request has its preview. That takes what time it takes: it is the run after it that has little."""
    run = pull.opened(timeout="60s")
    hold(run.succeeded, "the preview is there", run)


def endured(workflow: Workflow, lie: Lie, act: Callable[[PullRequest], Run], *, prepared: bool = False) -> tuple[Run, PullRequest]:
    """A run that is lied to: either an error and nothing handed out, or all it says is true. The neighbours are untouched."""
    pull = workflow.pull()
    neighbours = Neighbours(workflow)
    if prepared:
        prepare(pull)
    with lying(workflow.emulator, lie) as liar:
        workflow.environ = liar.environ
        run = act(pull)
        workflow.environ = {}
    neighbours.check()
    check_manners(run)
    assert "database_url" not in run.outputs or run.exit_code == 0
    check_promise(pull, run)
    return run, pull


def opened(pull: PullRequest) -> Run:
    return pull.opened()


def pushed(pull: PullRequest) -> Run:
    return pull.pushed()


def closed(pull: PullRequest) -> Run:
    return pull.closed()


CREATED = r"POST /v1/databases$"
MINTED = r"POST /v1/connections$"


def put(*path: str | int, value: Any) -> Lie:
    """Sets one field of `data`."""

    def change(item: Any) -> None:
        for step in path[:-1]:
            item = item[step]
        item[path[-1]] = value

    return in_data(change)


def drop(*path: str | int) -> Lie:
    def change(item: Any) -> None:
        for step in path[:-1]:
            item = item[step]
        item.pop(path[-1], None)

    return in_data(change)


def string(change: Callable[[str], str]) -> Lie:
    """Rewrites every connection string that comes with a database."""

    def lie(item: Any) -> None:
        for connection in item.get("connections", [item]):
            for end in connection["endpoints"].values():
                end["connectionString"] = change(end["connectionString"])

    return in_data(lie)


def at(host: str) -> Lie:
    """Another host, in the string and beside it."""

    def lie(item: Any) -> None:
        for connection in item.get("connections", [item]):
            for end in connection["endpoints"].values():
                end["connectionString"] = end["connectionString"].replace("@127.0.0.1:", f"@{host}:")
                end["host"] = host

    return in_data(lie)


def body(content: bytes, times: int = 1, **headers: str) -> Lie:
    def lie(answer: Answer) -> None:
        answer.body, answer.times = content, times
        answer.headers = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}

    return lie


def bomb(*, twice: bool = False) -> Lie:
    """200 MB of zeros in 200 kB, or in 1 kB. They are packed when they are told: not in every process that reads the tables of lies."""

    def lie(answer: Answer) -> None:
        packed = _packed_zeros()
        told = body(gzip.compress(packed), Content_Encoding="gzip, gzip") if twice else body(packed, Content_Encoding="gzip")
        told(answer)

    return lie


@functools.cache
def _packed_zeros() -> bytes:
    compressor = zlib.compressobj(wbits=31)
    return b"".join([*(compressor.compress(bytes(1_000_000)) for _ in range(200)), compressor.flush()])


def refusal(content: bytes) -> Lie:
    def lie(answer: Answer) -> None:
        body(content)(answer)
        answer.status = 403

    return lie


def status(number: int) -> Lie:
    def lie(answer: Answer) -> None:
        answer.status = number

    return lie
