"""Killed anywhere: at every boundary between two requests, before the next is carried out and before its answer arrives.

The boundaries are those of a run in fair weather, as the emulator recorded them, so that a new request is covered by itself.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import re
import signal
import time
from collections.abc import Callable, Iterator
from typing import Literal

from preview_db.planning import identity
from preview_db_emulator.github import payloads
from preview_db_emulator.runner.runner import Run, Step
from tests.drivers.workflow import Json, PullRequest, Workflow, until
from tests.torture import beside
from tests.torture.claims import check_manners, check_promise, hold

Phase = Literal["silence", "late"]
"""Kinds of fault: the request is never carried out; it is, and the answer is kept back."""

HELD_S = 60.0


@dataclasses.dataclass
class Scene:
    """A command, what there is before it, and what has to be so once it has been run again.

    `stage` answers what starts the command; `check` is asked once a run of it has succeeded. `promises` is whether its
    outcome is that of one preview; `stops_with` is its exit code if it is asked to stop.
    """

    name: str
    stage: Callable[[Workflow], tuple[PullRequest, Callable[[], Step]]]
    check: Callable[[PullRequest], None]
    promises: bool = True
    stops_with: int = 1


def _present(pull: PullRequest) -> None:
    hold(len(pull.databases()) == 1, f"exactly one database: {len(pull.databases())}")
    hold(len(pull.comments()) == 1, f"exactly one comment: {len(pull.comments())}")
    # The first run's, the killed one's, and the one's that put it right; each may have lost one answer and asked again.
    found = [one["name"] for one in pull.databases()[0]["connections"]]
    hold(len(found) <= 3, f"no more credentials than the policy allows: {found}")


def _absent(pull: PullRequest) -> None:
    hold(pull.databases() == [], "nothing is left")
    deployments = pull.workflow.emulator.control("GET", "github/deployments")
    left = [one for one in deployments if one["fields"]["task"].endswith(_tag(pull))]
    hold(left == [], f"no deployment is left: {left}")


def _tag(pull: PullRequest) -> str:
    return identity.tag(pull.scope)


def _create(workflow: Workflow) -> tuple[PullRequest, Callable[[], Step]]:
    pull = workflow.pull()
    payload = pull.event("opened", state="open")
    return pull, lambda: workflow.step("pull_request", payload)


def _push(workflow: Workflow, **inputs: str) -> tuple[PullRequest, Callable[[], Step]]:
    pull = workflow.pull()
    pull.opened()
    payload = pull.event("synchronize")
    return pull, lambda: workflow.step("pull_request", payload, inputs)


def _reset(workflow: Workflow) -> tuple[PullRequest, Callable[[], Step]]:
    return _push(workflow, on_push="reset")


def _connect(workflow: Workflow) -> tuple[PullRequest, Callable[[], Step]]:
    return _push(workflow, command="connect")


def _close(workflow: Workflow) -> tuple[PullRequest, Callable[[], Step]]:
    pull = workflow.pull()
    pull.opened()
    payload = pull.event("closed", state="closed")
    return pull, lambda: workflow.step("pull_request", payload)


def _delete(workflow: Workflow) -> tuple[PullRequest, Callable[[], Step]]:
    """By hand, and of a pull request that is open."""
    pull = workflow.pull()
    pull.opened()
    payload = payloads.workflow_dispatch_event(ref="refs/heads/main", workflow=".github/workflows/delete.yml", **workflow.where)
    return pull, lambda: workflow.step("workflow_dispatch", payload, {"command": "delete", "pr": str(pull.number)})


def _keyless(workflow: Workflow) -> tuple[PullRequest, Callable[[], Step]]:
    """Without a stored token: what signs the job in are requests, too."""
    addresses = workflow.emulator.addresses
    workflow.emulator.control("PUT", "oidc", {"project": workflow.project})
    workflow.inputs = {**workflow.inputs, "service_token": ""}
    workflow.environ = {
        "ACTIONS_ID_TOKEN_REQUEST_URL": addresses["oidc_request_url"],
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": addresses["oidc_request_token"],
    }
    return _create(workflow)


def _post(workflow: Workflow) -> tuple[PullRequest, Callable[[], Step]]:
    """The end of a job whose credentials end with it."""
    pull = workflow.pull()
    opened = pull.opened(ephemeral="true", connections="app\njobs")
    payload = pull.event("synchronize")
    return pull, lambda: workflow.step("pull_request", payload, {"ephemeral": "true"}, command="preview-db-post", state=opened.state)


def _sweep(workflow: Workflow) -> tuple[PullRequest, Callable[[], Step]]:
    """Three that were closed unseen, one that is open, with a database too many and credentials nobody needs."""
    kept, *gone = (workflow.pull() for _ in range(4))
    for pull in (kept, *gone):
        pull.event("opened", state="open")
    name = {pull.number: _name(pull) for pull in (kept, *gone)}
    long_ago = time.time() - 90_000
    credentials = [{"name": f"app-{run}-1", "createdAt": long_ago + run} for run in range(4)]
    workflow.emulator.control(
        "POST",
        "databases",
        [
            {"name": name[kept.number], "project": workflow.project, "createdAt": long_ago, "connections": credentials},
            {"name": name[kept.number], "project": workflow.project, "createdAt": long_ago + 60},
            *({"name": name[pull.number], "project": workflow.project, "createdAt": long_ago} for pull in gone),
        ],
    )
    for pull in gone:
        pull.event("closed", state="closed")
    payload = payloads.schedule_event(schedule="0 3 * * *", repository=workflow.where["repository"])
    return kept, lambda: workflow.step("schedule", payload)


def _name(pull: PullRequest) -> str:
    return identity.name(pull.scope)


def _swept(pull: PullRequest) -> None:
    """Of its project only the open one's oldest database is left, with the credentials of the two newest runs."""
    (left,) = pull.workflow.databases()
    hold(left["id"] == pull.databases()[0]["id"], "the open one's is the one that is left")
    hold({one["name"] for one in left["connections"]} == {"app-2-1", "app-3-1"}, f"two credentials are left: {left['connections']}")


def _connected(pull: PullRequest) -> None:
    hold(len(pull.databases()) == 1, "exactly one database")
    found = [one["name"] for one in pull.databases()[0]["connections"]]
    hold(len(found) <= 3, f"no more credentials than the policy allows: {found}")


def _revoked(pull: PullRequest) -> None:
    (left,) = pull.databases()
    found = [one["name"] for one in left["connections"] if one["name"].endswith("-once")]
    hold(found == [], f"no credential outlives its job: {found}")


SCENES = (
    Scene("create", _create, _present),
    Scene("synchronize", _push, _present),
    Scene("reset", _reset, _present),
    Scene("connect", _connect, _connected),
    Scene("close", _close, _absent),
    Scene("delete", _delete, _absent),
    Scene("create, keyless", _keyless, _present),
    Scene("end of a job", _post, _revoked, promises=False, stops_with=0),
    Scene("sweep", _sweep, _swept, promises=False),
    Scene("create, with all beside", beside.create, beside.check_present),
    Scene("reset, with all beside", beside.reset, beside.check_present),
    Scene("close, with all beside", beside.close, beside.check_absent),
    Scene("sweep, with all beside", beside.sweep, beside.check_swept, promises=False),
)


@dataclasses.dataclass(frozen=True)
class Boundary:
    """Before or after `request`, as it was in fair weather: the `turn`-th of its kind, for what goes out together comes in any order."""

    turn: int
    phase: Phase
    request: str

    @property
    def changes(self) -> bool:
        return not self.request.startswith("GET")

    def __str__(self) -> str:
        return f"{'before' if self.phase == 'silence' else 'after'} {self.request} (number {self.turn + 1} of its kind)"

    def is_about(self, served: Json) -> bool:
        """Whether a request on the emulator's record is of its kind."""
        return re.search(self.kind, f"{served['method']} {served['path']}") is not None

    @property
    def kind(self) -> str:
        """A pattern for requests like it: another run's have other ids and numbers in them."""
        return _kind(self.request)


def _kind(request: str) -> str:
    """What stands before and after ids is kept: `^GET /v1/databases/[0-9a-z_]+$`."""
    return f"^{re.sub(r'(?<=/)(?:[a-z]+_[0-9a-z]+|[0-9a-f]{32}|[0-9]+)(?=/|$)', '[0-9a-z_]+', request)}$"


def boundaries(workflow: Workflow, scene: Scene) -> list[Boundary]:
    """Those of a run in fair weather, which has to succeed."""
    pull, start = scene.stage(workflow)
    workflow.emulator.control("DELETE", "requests")
    run = start().finish()
    hold(run.exit_code == 0, f"{scene.name} succeeds in fair weather", run)
    served = [f"{one['method']} {one['path']}" for one in workflow.emulator.control("GET", "requests")]  # before a check asks for more
    scene.check(pull)
    phases: tuple[Phase, ...] = ("silence", "late")
    seen: collections.Counter[str] = collections.Counter()
    found = []
    for request in served:
        found += [Boundary(seen[_kind(request)], phase, request) for phase in phases]
        seen[_kind(request)] += 1
    return found


def held_at(workflow: Workflow, boundary: Boundary, start: Callable[[], Step], *, seconds: float = HELD_S) -> Step:
    """The command, started again and held exactly there: for as long as `seconds`, or until it is gone."""
    rule = {"kinds": [boundary.phase], "operations": [boundary.kind], "after": boundary.turn, "count": 1, "silence_s": seconds}
    workflow.emulator.control("PUT", "faults", rule)
    workflow.emulator.control("DELETE", "requests")
    step = start()
    for _ in range(3000):
        served = [one for one in _served(workflow) if boundary.is_about(one)]
        if len(served) > boundary.turn and (boundary.phase == "silence" or served[boundary.turn]["carried_out"]):
            return step
        if step.process.poll() is not None:
            break
        time.sleep(0.01)
    run = step.finish()
    hold(False, f"the run comes to where it will be stopped: {boundary}", run)
    raise AssertionError


def _served(workflow: Workflow) -> list[Json]:
    """The requests on the emulator's record, in the order in which they came."""
    return list(workflow.emulator.control("GET", "requests"))


def killed(fresh: Callable[[], Workflow], scene: Scene, boundary: Boundary) -> None:
    """Kills it there without warning, and runs it again."""
    workflow = fresh()
    pull, start = scene.stage(workflow)
    held_at(workflow, boundary, start).kill()
    # What it had sent beside that one comes to an end before anybody comes again, as it has by the time that a runner starts another job.
    until(lambda: all(one["ended"] or boundary.is_about(one) for one in _served(workflow)))
    workflow.emulator.control("DELETE", "faults")
    _put_right(pull, scene, start().finish(), f"killed {boundary}")


def stopped(fresh: Callable[[], Workflow], scene: Scene, boundary: Boundary, number: signal.Signals) -> None:
    """Asks it to stop there: it does, says where, with exit code 1; and runs it again."""
    workflow = fresh()
    pull, start = scene.stage(workflow)
    step = held_at(workflow, boundary, start, seconds=1.5 if boundary.changes else 30)  # a change is waited for
    asked = time.monotonic()
    step.process.send_signal(number)
    run = step.finish(timeout=20)
    took = time.monotonic() - asked
    workflow.emulator.control("DELETE", "faults")
    check_manners(run)
    hold(run.exit_code == scene.stops_with, f"{number.name} {boundary}: exit code {scene.stops_with}", run)
    told = [one.message for one in run.annotations if one.level == ("error" if scene.stops_with else "warning")]
    if told or run.exit_code:
        hold(any(f"stopped by {number.name}" in message for message in told), f"{number.name} {boundary}: it says where", run)
    else:
        scene.check(pull)  # there was nothing left to do
    hold(took < 5, f"{number.name} {boundary}: it stops before the runner loses patience, not after {took:.1f} s", run)
    _put_right(pull, scene, start().finish(), f"{number.name} {boundary}")


def _put_right(pull: PullRequest, scene: Scene, again: Run, what: str) -> None:
    hold(again.exit_code == 0, f"{what}: the next run succeeds", again)
    check_manners(again)
    if scene.promises:
        check_promise(pull, again)
    try:
        scene.check(pull)
    except AssertionError as error:
        hold(False, f"{what}: {error}", again)


def everywhere(fresh: Callable[[], Workflow], scene: Scene) -> Iterator[tuple[str, Callable[[], None]]]:
    """Every way to end this command early, with what it is called, each in a project of its own."""
    for boundary in boundaries(fresh(), scene):
        for way in WAYS:
            attempt = (
                functools.partial(killed, fresh, scene, boundary)
                if way == "SIGKILL"
                else functools.partial(stopped, fresh, scene, boundary, signal.Signals[way])
            )
            yield f"{scene.name}: {way} {boundary}", attempt


WAYS = ("SIGKILL", "SIGTERM", "SIGINT")
