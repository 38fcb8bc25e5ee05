"""One sweep of an organisation, whole and in eight parts: what it asks, how long it takes, and how much memory."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from preview_db.background import AT_ONCE
from preview_db.planning.model import Kind, Scope
from preview_db_emulator.client import Emulator
from tests.drivers.organisation import Organisation
from tests.drivers.workflow import Workflow

from .measure import Cost, measured

SHARDS = 8
EACH, STALE = 20, 2
"""Previews of a repository, and those of them whose pull request is closed."""

_SEEDED_AT_ONCE = 500


def rows(running: Emulator, begin: Callable[[], Workflow], repositories: int, latency: int) -> Iterator[str]:
    """A line of a table for the sweep in one run, and one for eight parts, of which the slowest counts."""
    for shards in (1, SHARDS):
        workflow = begin()
        organisation = Organisation(workflow)
        _fill(organisation, repositories)
        running.control("PUT", "settings", {"latency_ms": latency})
        costs, served = [], []
        for index in range(1, shards + 1):
            running.control("DELETE", "requests")
            given = organisation.inputs(shard=f"{index}/{shards}", max_deletions="10000", timeout="1h", comment="false")
            # One after the other: each has a machine of its own.
            costs.append(measured(functools.partial(workflow.sweeping, given))[1])
            served.append(running.control("GET", "requests"))
        running.control("PUT", "settings", {"latency_ms": 0})
        workflow.api("DELETE", f"/v1/projects/{workflow.project}").raise_for_status()
        yield _row(repositories, shards, costs, served, latency)


def _row(repositories: int, shards: int, costs: list[Cost], served: list[list[Mapping[str, Any]]], latency: int) -> str:
    bounds = [bound(requests, latency) for requests in served]
    slowest = max(range(shards), key=lambda index: costs[index].seconds)
    to_github = max(sum("/github/" in request["path"] for request in requests) for requests in served)
    deleted = sum(request["method"] == "DELETE" for requests in served for request in requests)
    seconds, least = costs[slowest].seconds, bounds[slowest]
    memory = max(cost.memory for cost in costs)
    cells = (
        f"{repositories:,}", f"{repositories * EACH:,}", f"{deleted:,}", str(shards), f"{sum(map(len, served)):,}", f"{to_github:,}",
        f"{least:.1f} s", f"{seconds:.1f} s, {seconds / least:.2f} ×", f"{memory:.0f} MB",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def bound(requests: Sequence[Mapping[str, Any]], latency: int) -> float:
    """Seconds that they need: the pages of the databases one after the other, since each names the next, all the rest side by side."""
    listed = sum(request["path"] in ("/v1/databases", "/v1/projects") for request in requests)
    return (listed + math.ceil((len(requests) - listed) / AT_ONCE)) * latency / 1000


def _fill(organisation: Organisation, repositories: int) -> None:
    control = organisation.workflow.emulator.control
    made = control("POST", "github/repositories", [{"full_name": f"{organisation.name}/r{number}"} for number in range(repositories)])
    scopes: list[Scope] = []
    for hosted in made:
        repository = organisation.repository(hosted["full_name"].partition("/")[2])
        pulls = [{"number": number, "state": "closed" if number <= STALE else "open"} for number in range(1, EACH + 1)]
        organisation.pulls(repository, *pulls)
        scopes += (Scope(repository, Kind.PULL_REQUEST, str(number)) for number in range(1, EACH + 1))
    for begin in range(0, len(scopes), _SEEDED_AT_ONCE):
        organisation.workflow.seed(*scopes[begin : begin + _SEEDED_AT_ONCE])
