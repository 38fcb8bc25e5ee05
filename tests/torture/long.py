"""Long runs: an hour's worth of lives, and a sweep of ten thousand databases; what they take of memory, descriptors, threads, processes."""

from __future__ import annotations

import dataclasses
import gc
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from preview_db.planning import identity
from preview_db.planning.model import Kind, Scope
from preview_db_emulator.github import payloads
from tests.drivers.workflow import PullRequest, Workflow
from tests.torture.claims import check_promise, hold


@dataclasses.dataclass(frozen=True)
class Taken:
    """What a process and its children have at a moment: memory in bytes, and how many of the rest."""

    memory: int
    descriptors: int
    threads: int
    processes: int


def taken(pid: int) -> Taken:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines() if ":" in line)
    return Taken(
        memory=int(status["VmRSS"].split()[0]) * 1024,
        descriptors=len(os.listdir(f"/proc/{pid}/fd")),
        threads=int(status["Threads"]),
        processes=len(_descendants(pid)),
    )


def _descendants(pid: int) -> list[int]:
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        listed = (task / "children").read_text("ascii").split()
        children += [int(one) for one in listed]
    return children + [below for child in children if Path(f"/proc/{child}").exists() for below in _descendants(child)]


@dataclasses.dataclass(frozen=True)
class Hour:
    lives: int
    runs: int
    seconds: float
    action_before: Taken
    action_after: Taken
    emulator_before: Taken
    emulator_after: Taken


def lives(workflow: Workflow, *, count: int, at_once: int = 4) -> Hour:
    """Lives so many pull requests, after a tenth as many to warm up; then looks at what is left over."""

    def live(pull: PullRequest) -> None:
        for run in (pull.opened(), pull.pushed(), pull.closed()):
            hold(run.exit_code == 0, "every run in fair weather succeeds", run)
        hold(pull.databases() == [], "nothing is left")

    def some(number: int) -> None:
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(live, [workflow.pull() for _ in range(number)]))
        workflow.emulator.control("DELETE", "requests")
        gc.collect()
        time.sleep(0.5)  # what is being closed may close

    some(max(at_once, count // 10))
    emulator = workflow.emulator.process.pid
    before = taken(os.getpid()), taken(emulator)
    began = time.monotonic()
    some(count)
    seconds = time.monotonic() - began
    after = taken(os.getpid()), taken(emulator)
    found = Hour(count, 3 * count, seconds, before[0], after[0], before[1], after[1])
    check(found)
    return found


def check(hour: Hour) -> None:
    """No more descriptors, threads and processes than before; memory by no more than what a life leaves behind on GitHub's side."""
    for who, before, after in (
        ("the action", hour.action_before, hour.action_after),
        ("the emulator", hour.emulator_before, hour.emulator_after),
    ):
        # The client of the control surface keeps up to ten connections open, each of which is one at either end.
        hold(after.descriptors <= before.descriptors + 10, f"{who} leaks no descriptors: {before} {after}")
        hold(after.threads <= before.threads + 2, f"{who} leaks no threads: {before} {after}")
        hold(after.processes <= before.processes + 4, f"{who} leaks no processes: {before} {after}")
        hold(after.memory - before.memory < 16e6 + 30e3 * hour.lives, f"{who}'s memory is bounded: {before} {after}")
    hold(threading.active_count() < 40, f"no threads are left: {threading.enumerate()}")


@dataclasses.dataclass(frozen=True)
class BigSweep:
    databases: int
    deleted: int
    seconds: float
    requests: int
    peak: int


def sweep(workflow: Workflow, *, count: int, limit: int) -> BigSweep:
    """A sweep over `count` databases on paper, half of them of closed pull requests, as a process whose memory is watched."""
    first = workflow.pull().number
    for number in range(first, first + 20):
        workflow.emulator.control("PUT", f"github/pulls/{number}", {"state": "open"})
    kept = workflow.pull()
    check_promise(kept, kept.opened())
    scopes = [Scope(workflow.repository, Kind.PULL_REQUEST, str(first + 1_000_000 + index)) for index in range(count // 2)]
    long_ago = time.time() - 30 * 86400
    for scope in scopes:  # a number that GitHub does not know would be doubt, not a closed pull request
        workflow.emulator.control("PUT", f"github/pulls/{scope.ref}", {"state": "closed", "closed_at": long_ago, "updated_at": long_ago})
    names = [*(identity.name(scope) for scope in scopes), *(f"somebody's {index}" for index in range(count - len(scopes)))]
    for start in range(0, count, 1000):
        rows = [{"name": name, "project": workflow.project, "createdAt": long_ago} for name in names[start : start + 1000]]
        workflow.emulator.control("POST", "databases", rows)
    workflow.emulator.control("DELETE", "requests")
    payload = payloads.schedule_event(schedule="0 3 * * *", repository=workflow.where["repository"])
    step = workflow.step("schedule", payload, {"max_deletions": str(limit), "comment": "false"})
    peak = 0
    while step.process.poll() is None:
        peak = max(peak, peak_of(step.process.pid))
        time.sleep(0.05)
    run = step.finish(timeout=1800)
    left = workflow.databases()
    hold(run.outputs.get("outcome") == "swept", "it was a sweep", run)
    hold(run.exit_code == (0 if limit >= len(scopes) else 1), "it says whether something is left to do", run)
    hold(len(left) == count + 1 - min(limit, len(scopes)), f"it deleted what was stale and nothing else: {len(left)} left", run)
    hold(len(kept.databases()) == 1, "the open one's is there")
    requests = len(workflow.emulator.control("GET", "requests"))
    return BigSweep(count, min(limit, len(scopes)), run.seconds, requests, peak)


def peak_of(pid: int) -> int:
    """The most memory a process has had so far, in bytes; 0 if it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
