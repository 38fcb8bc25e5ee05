"""Bad weather: a share of all requests fails, in every way a network and a service know, over the lives of pull requests."""

from __future__ import annotations

import collections
import dataclasses
import random
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from preview_db_emulator.faults import RANDOM_KINDS
from preview_db_emulator.runner.runner import Run
from tests.drivers.workflow import PullRequest, Workflow
from tests.torture.claims import check_manners, check_promise, hold


@dataclasses.dataclass
class Tally:
    """What came of the runs of one command, each the first and only try."""

    succeeded: int = 0
    failed: int = 0
    seconds: list[float] = dataclasses.field(default_factory=list)
    errors: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    def add(self, run: Run) -> None:
        self.succeeded += run.exit_code == 0
        self.failed += run.exit_code != 0
        self.seconds.append(run.seconds)
        self.errors.update(one.title for one in run.annotations if one.level == "error")

    @property
    def share(self) -> float:
        return self.succeeded / max(1, self.succeeded + self.failed)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds) if self.seconds else 0.0

    @property
    def longest(self) -> float:
        return max(self.seconds, default=0.0)


@dataclasses.dataclass
class Figures:
    lives: int
    rate: float
    seed: int
    tallies: dict[str, Tally]
    requests: int = 0
    left_before_sweep: int = 0
    took: float = 0.0


def rule(rate: float, seed: int, **changes: Any) -> dict[str, Any]:
    return {"rate": rate, "seed": seed, "kinds": list(RANDOM_KINDS), **changes}


def lives(
    workflow: Workflow,
    *,
    count: int,
    rate: float,
    seed: int,
    at_once: int,
    timeout: str = "120s",
    processes: int = 0,
    sweeps: int = 3,
    **changes: Any,
) -> Figures:
    """Lives `count` pull requests from opened to closed, each in its own order by `seed`; of each tenth, no run for its end ever comes.

    Then sweeps: `sweeps` times in the same weather, once in fair weather. `processes` of the lives are led as processes; `changes` are to
    the fault rule.
    """
    began = time.monotonic()
    tallies: dict[str, Tally] = collections.defaultdict(Tally)
    lock = threading.Lock()
    workflow.inputs |= {"timeout": timeout}

    def note(command: str, run: Run) -> None:
        with lock:
            tallies[command].add(run)

    def live(index: int) -> None:
        _live(workflow.pull(), random.Random(f"{seed}/{index}"), note, as_process=index < processes)

    workflow.emulator.control("DELETE", "requests")
    workflow.emulator.control("PUT", "faults", rule(rate, seed, **changes))
    with ThreadPoolExecutor(at_once) as pool:
        for done in [pool.submit(live, index) for index in range(count)]:
            done.result()
    requests = len(workflow.emulator.control("GET", "requests"))
    for _ in range(sweeps):
        stormy = workflow.sweep(max_deletions="10000")
        check_manners(stormy)
        note("sweep", stormy)
    workflow.emulator.control("DELETE", "faults")
    left = len(workflow.databases())
    swept = workflow.sweep(max_deletions="10000", comment="false")
    hold(swept.exit_code == 0, "the sweep in fair weather succeeds", swept)
    hold(workflow.databases() == [], f"no orphan after the sweep: {workflow.databases()}", swept)
    succeeded, failed = (sum(getattr(tally, came) for tally in tallies.values()) for came in ("succeeded", "failed"))
    hold(succeeded > failed, f"most runs succeed: {succeeded} did, {failed} did not")
    return Figures(count, rate, seed, dict(tallies), requests, left, time.monotonic() - began)


def _live(pull: PullRequest, chance: random.Random, note: Any, *, as_process: bool) -> None:
    """One life. A run that failed is not run again: the next event comes, as it does where nobody watches."""

    def run(what: str, action: str, fields: dict[str, Any], **inputs: str) -> None:
        done = pull.starts(action, fields, **inputs).finish(timeout=600) if as_process else pull.happens(action, fields, **inputs)
        note(what, done)
        try:
            check_promise(pull, done)
            # A reset has two for a moment; one that failed may not have been able to take the second back.
            most = 1 if what != "reset" else 2
            hold(len(pull.databases()) <= most or (done.exit_code == 1 and had > 1), "no duplicate", done)
        except AssertionError as error:
            raise AssertionError(f"{what} of {pull.scope}: {error}") from error

    had = 0
    run("create", "opened", {"state": "open"})
    for _ in range(chance.randrange(3)):
        had = len(pull.databases())
        what = chance.choices(["synchronize", "reset", "connect"], [4, 2, 2])[0]
        if what == "connect":
            if had:
                run(what, "synchronize", {}, command="connect")
        else:
            run(what, "synchronize", {}, on_push="reset" if what == "reset" else "keep")
    had = len(pull.databases())
    if chance.random() < 0.1:
        pull.event("closed", state="closed")
        return
    run("close", "closed", {"state": "closed", "merged": chance.random() < 0.5})
