"""Races: runs for one pull request side by side, each request delayed at random by the schedule's seed.

A seed gives the same runs, beginnings and delays each time. The operating system's part of the interleaving it does not fix.
"""

from __future__ import annotations

import collections
import dataclasses
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from preview_db_emulator.client import Emulator
from preview_db_emulator.github import payloads
from preview_db_emulator.runner.runner import Run
from tests.drivers.workflow import Json, PullRequest, Workflow, can_log_in
from tests.torture.claims import check_manners, hold

JITTER_MS = 40
MODES = ("known", "ignored")
"""Whether the server knows `logicalId`, or ignores it."""

HANDED_OUT = ("created", "reused", "reset", "connected")


@dataclasses.dataclass(frozen=True)
class Start:
    """A run that has not begun: its event, its inputs, and whether it fails by what it is told to do."""

    event: str
    payload: Json
    inputs: dict[str, str] = dataclasses.field(default_factory=dict)
    fails: bool = False


@dataclasses.dataclass
class Race:
    """What runs against what, and how many databases the pull request should have once all have ended."""

    starts: Sequence[Start]
    left: int


Scenario = Callable[[PullRequest, random.Random], Race]


def _creates(pull: PullRequest, chance: random.Random) -> Race:
    opened = pull.event("opened", state="open")
    return Race([Start("pull_request", opened)] * chance.choice([2, 2, 3, 4, 6]), 1)


def _twenty_creates(pull: PullRequest, _: random.Random) -> Race:
    return Race([Start("pull_request", pull.event("opened", state="open"))] * 20, 1)


def _create_against_close(pull: PullRequest, chance: random.Random) -> Race:
    opened = Start("pull_request", pull.event("opened", state="open"))
    if chance.random() < 0.5:
        pull.pushed()
    closed = Start("pull_request", pull.event("closed", state="closed"))
    return Race([opened] * chance.choice([1, 1, 2, 3]) + [closed], 0)


def _close_against_reopen(pull: PullRequest, chance: random.Random) -> Race:
    """The close comes late: by now the pull request is open again."""
    pull.opened()
    closed = Start("pull_request", pull.event("closed", state="closed"))
    reopened = Start("pull_request", pull.event("reopened", state="open"))
    return Race([closed, reopened], 1)


def _sweep_start(pull: PullRequest) -> Start:
    payload = payloads.schedule_event(schedule="0 3 * * *", repository=pull.workflow.where["repository"])
    return Start("schedule", payload, {"max_deletions": "1000", "comment": "false"})


def _sweep_against_create(pull: PullRequest, chance: random.Random) -> Race:
    opened = Start("pull_request", pull.event("opened", state="open"))
    return Race([opened] * chance.choice([1, 2, 3]) + [_sweep_start(pull)] * chance.choice([1, 2]), 1)


def _two_sweeps(pull: PullRequest, chance: random.Random) -> Race:
    pull.opened()
    for _ in range(chance.randrange(1, 4)):
        other = pull.workflow.pull()
        other.opened()
        other.event("closed", state="closed")
    return Race([_sweep_start(pull)] * 2, 1)


def _sweep_against_close(pull: PullRequest, chance: random.Random) -> Race:
    pull.opened()
    closed = Start("pull_request", pull.event("closed", state="closed"))
    return Race([closed, _sweep_start(pull), closed], 0)


def _reset_against_create(pull: PullRequest, chance: random.Random) -> Race:
    pull.opened()
    pushed = pull.event("synchronize")
    resets = [Start("pull_request", pushed, {"on_push": "reset"})] * chance.choice([1, 1, 2])
    return Race([*resets, *[Start("pull_request", pushed)] * chance.choice([1, 2])], 1)


def _reset_against_close(pull: PullRequest, chance: random.Random) -> Race:
    pull.opened()
    reset = Start("pull_request", pull.event("synchronize"), {"on_push": "reset"})
    return Race([reset, Start("pull_request", pull.event("closed", state="closed"))], 0)


def _sweep_against_reset(pull: PullRequest, chance: random.Random) -> Race:
    pull.opened()
    reset = Start("pull_request", pull.event("synchronize"), {"on_push": "reset"})
    return Race([reset] + [_sweep_start(pull)] * chance.choice([1, 2]), 1)


def _failing_reset_start(pull: PullRequest) -> Start:
    """A reset whose seed ends in an error."""
    folder = pull.workflow.root / f"checkout-{pull.number}"
    folder.mkdir()
    (folder / "seed.sql").write_text("SELECT pg_sleep(0.1); SELECT 1 / 0;")
    pull.workflow.environ["GITHUB_WORKSPACE"] = str(folder)
    return Start("pull_request", pull.event("synchronize"), {"on_push": "reset", "seed": "seed.sql"}, fails=True)


def _sweep_against_failing_reset(pull: PullRequest, chance: random.Random) -> Race:
    pull.opened()
    return Race([_failing_reset_start(pull)] + [_sweep_start(pull)] * chance.choice([1, 2]), 1)


def _push_against_failing_reset(pull: PullRequest, chance: random.Random) -> Race:
    pull.opened()
    pushed = Start("pull_request", pull.event("synchronize"))
    return Race([_failing_reset_start(pull)] + [pushed] * chance.choice([1, 2]), 1)


SCENARIOS: dict[str, Scenario] = {
    "creates": _creates,
    "create against close": _create_against_close,
    "close against reopen": _close_against_reopen,
    "sweep against create": _sweep_against_create,
    "two sweeps": _two_sweeps,
    "sweep against close": _sweep_against_close,
    "reset against create": _reset_against_create,
    "reset against close": _reset_against_close,
    "sweep against reset": _sweep_against_reset,
    "sweep against a reset that fails": _sweep_against_failing_reset,
    "push against a reset that fails": _push_against_failing_reset,
}
REPLACING = ("reset against create", "push against a reset that fails")
"""Where a database may be replaced that another run has handed out, which is what a reset is for: the string is of no use then."""

TWENTY = "20 creates"
ALL = {**SCENARIOS, TWENTY: _twenty_creates}


@dataclasses.dataclass
class EventState:
    """What the schedules of one scenario came to.

    `off`: schedules after which more or fewer databases were left than there should be; `dead`: strings a run handed out that opened
    nothing once all had ended; `failed`: runs that failed and should not have, or the other way round; `left`: databases too many
    or too few after the final sweep.
    """

    schedules: int = 0
    runs: int = 0
    failed: int = 0
    off: int = 0
    dead: int = 0
    left: int = 0
    seeds: list[int] = dataclasses.field(default_factory=list)
    said: list[str] = dataclasses.field(default_factory=list)

    def __iadd__(self, other: EventState) -> Self:
        for field in dataclasses.fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        return self


def schedule(workflow: Workflow, name: str, seed: int) -> EventState:
    """One race, by its seed."""
    chance = random.Random(f"{name}/{seed}")
    workflow.emulator.control("PUT", "settings", {"jitter_ms": 0, "provisioning_s": 0})
    pull = workflow.pull()
    race = ALL[name](pull, chance)
    workflow.emulator.control(
        "PUT", "settings", {"jitter_ms": JITTER_MS, "jitter_seed": seed, "provisioning_s": chance.choice([0, 0, 0.1, 0.3])}
    )
    begin = [chance.random() * 0.15 for _ in race.starts]

    def run(start: Start, after: float) -> Run:
        time.sleep(after)
        return workflow.within(start.event, start.payload, start.inputs)

    with ThreadPoolExecutor(len(race.starts)) as pool:
        runs = list(pool.map(run, race.starts, begin))
    workflow.emulator.control("PUT", "settings", {"jitter_ms": 0, "provisioning_s": 0})
    for one in runs:
        check_manners(one)
    handed_out = [one for one in runs if one.exit_code == 0 and one.outputs.get("outcome") in HANDED_OUT]
    seen = EventState(schedules=1, runs=len(runs))
    seen.failed = sum(bool(one.exit_code) is not start.fails for one, start in zip(runs, race.starts, strict=True))
    seen.off = int(len(pull.databases()) != race.left)
    if race.left:
        seen.dead = sum(not can_log_in(one.outputs["database_url"]) for one in handed_out)
    swept = workflow.sweep(max_deletions="1000", comment="false")
    hold(swept.exit_code == 0, "the final sweep succeeds", swept)
    seen.left = abs(len(pull.databases()) - race.left)
    comments = [one for one in pull.comments() if "preview-db" in one["body"]]
    hold(len(comments) <= 1, f"at most one comment: {len(comments)}")
    if seen.failed or seen.off or seen.dead or seen.left:
        seen.seeds = [seed]
        seen.said = ["\n".join(one.log) for one in runs]
    return seen


def schedules(running: Sequence[Emulator], root: Path, *, seeds: Sequence[tuple[str, str, int]]) -> dict[tuple[str, str], EventState]:
    """Races by mode, scenario and seed, one after the other on each emulator."""
    found: dict[tuple[str, str], EventState] = collections.defaultdict(EventState)

    def share(index: int) -> list[tuple[tuple[str, str], EventState]]:
        emulator = running[index]
        done = []
        for mode, name, seed in seeds[index :: len(running)]:
            emulator.control("PUT", "settings", {"logical_id": mode})
            done.append(((mode, name), schedule(Workflow.new(emulator, root), name, seed)))
        emulator.control("PUT", "settings", {"logical_id": "known"})
        return done

    with ThreadPoolExecutor(len(running)) as pool:
        for done in pool.map(share, range(len(running))):
            for key, seen in done:
                found[key] += seen
    return found


def plan(count: int, first: int, *, twenty: int = 0) -> list[tuple[str, str, int]]:
    """`count` schedules over all scenarios and modes, from the seed `first` on, and `twenty` of 20 runs at once."""
    pairs = [(mode, name) for name in SCENARIOS for mode in MODES]
    listed = [(*pairs[index % len(pairs)], first + index) for index in range(count - twenty)]
    return listed + [(MODES[index % 2], TWENTY, first + count + index) for index in range(twenty)]


def claims(found: dict[tuple[str, str], EventState]) -> list[str]:
    """What of the claims does not hold in what was found."""
    broken: list[Any] = []
    for (mode, name), seen in found.items():
        if seen.left:
            broken.append((mode, name, "databases too many or too few after the sweep", seen))
        if seen.off:
            broken.append((mode, name, "databases too many or too few once all runs have ended", seen))
        if seen.failed:
            broken.append((mode, name, "a run failed that should not have, or the other way round", seen))
        if seen.dead and mode == "known" and name not in REPLACING:
            broken.append((mode, name, "a string that was handed out opens nothing", seen))
    return [f"{name} ({mode}): {what}, seeds {seen.seeds}\n" + "\n---\n".join(seen.said[:8]) for mode, name, what, seen in broken]
