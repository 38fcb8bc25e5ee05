"""Every decision, as a page to read: `decisions.txt` has what becomes of each event, by the inputs and by what GitHub was seen to say.

A change of any of them shows in that file's diff. Written again with `python -m tests.planning.test_golden_decisions`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from preview_db.errors import UnsupportedEvent
from preview_db.planning import events
from preview_db.planning.decide import decide
from preview_db.planning.lookups import EventState, Lookups, needed
from preview_db.planning.settings import Inputs
from preview_db_emulator.github import payloads

from .test_decide import REPOSITORY, TOKEN, event, parsed, pull, queue, said, where

PAGE = Path(__file__).with_name("decisions.txt")


def edited(body: str) -> events.Event:
    happened = said(body)
    return happened.model_copy(update={"action": "edited"})


ODD_GROUP = {"action": "destroyed", "merge_group": {"head_ref": "x", "head_sha": ""}}


def pushed(ref: str, after: str = "1" * 40) -> events.Event:
    return parsed("push", payloads.push_event(ref=ref, before="2" * 40, after=after, **where()))


EVENTS: dict[str, events.Event] = {
    "pull_request opened": event(),
    "pull_request synchronize": event(action="synchronize"),
    "pull_request closed": event(action="closed", state="closed"),
    "pull_request closed (merged)": event(action="closed", state="closed", merged=True),
    "pull_request labeled": event(action="labeled"),
    "pull_request converted_to_draft": event(action="converted_to_draft", draft=True),
    "pull_request edited": event(action="edited"),
    "pull_request_target opened (fork)": event("pull_request_target", head=43),
    "pull_request_target synchronize (fork)": event("pull_request_target", head=43, action="synchronize"),
    "pull_request_target closed (fork)": event("pull_request_target", head=43, action="closed", state="closed"),
    "push feat/x": pushed("refs/heads/feat/x"),
    "push main": pushed("refs/heads/main"),
    "push of a tag": pushed("refs/tags/v1"),
    "push that deletes": pushed("refs/heads/feat/x", "0" * 40),
    "create feat/x": parsed("create", payloads.create_event(ref="feat/x", **where())),
    "delete feat/x": parsed("delete", payloads.delete_event(ref="feat/x", **where())),
    "merge_group checks_requested": queue("checks_requested"),
    "merge_group destroyed": queue("destroyed"),
    "merge_group of another form": parsed("merge_group", ODD_GROUP | where()),
    "merge_group of another action": queue("postponed"),
    "issue_comment reset": said("/preview-db reset"),
    "issue_comment delete": said("/preview-db delete"),
    "issue_comment create": said("/preview-db create"),
    "issue_comment status": said("/preview-db status"),
    "issue_comment explode": said("/preview-db explode"),
    "issue_comment (edited)": edited("/preview-db reset"),
    "issue_comment by a bot": said("/preview-db reset", sender="helpful[bot]", kind="Bot"),
    "issue_comment on an issue": said("/preview-db reset", on_issue=True),
    "issue_comment nice": said("nice"),
    "workflow_dispatch": parsed("workflow_dispatch", payloads.workflow_dispatch_event(ref="refs/heads/main", **where())),
    "schedule": parsed("schedule", {"schedule": "0 3 * * *", **where()}),
}  # fmt: skip

INPUTS: tuple[dict[str, str], ...] = (
    {},
    {"key": "e2e"},
    {"pr": "12"},
    {"pr": "34"},
    {"branch": "feat/x"},
    {"branch": "main"},
    {"allow_forks": "true"},
    {"drafts": "false"},
    {"label": "preview"},
    {"on_push": "reset"},
    {"command": "plan"},
    {"command": "plan", "pr": "12"},
    {"command": "create"},
    {"command": "create", "pr": "34", "key": "e2e"},
    {"command": "create", "branch": "feat/x", "key": "e2e"},
    {"command": "connect"},
    {"command": "reset"},
    {"command": "reset", "pr": "12"},
    {"command": "delete"},
    {"command": "delete", "pr": "12"},
    {"command": "delete", "database_id": "db_1"},
    {"command": "sweep"},
    {"repositories": "acme/*"},
    {"repositories": "acme/*", "command": "plan"},
)

STATES: dict[str, EventState] = {
    "not asked": EventState(),
    "not there": EventState(branch_exists=False, checked=True, permission="read"),
    "open": EventState(pull(), branch_exists=True, checked=True, permission="write"),
    "closed": EventState(pull(state="closed"), branch_exists=False, checked=True, permission="admin"),
    "34 open": EventState(pull(number=34), branch_exists=True, checked=True, permission="write"),
    "fork": EventState(pull(head=43), branch_exists=True, checked=True, permission="write"),
    "queued again": EventState(queue=frozenset({"refs/heads/gh-readonly-queue/release/1/pr-3-" + "d" * 40}), checked=True),
}  # fmt: skip


def told(happened: events.Event, given: Inputs, seen: EventState) -> str:
    try:
        decision = decide(given, happened, REPOSITORY, seen)
    except UnsupportedEvent as error:
        return f"ERROR {error.what}"
    parts = [f"{decision.task.upper()} {decision.reason}"]
    parts += [f"scope {decision.scope.kind} {decision.scope.ref} {decision.scope.key}".rstrip()] if decision.scope else []
    parts += [f"advice {decision.advice}"] if decision.advice else []
    parts += [f"reaction {decision.reaction}"] if decision.reaction else []
    return " | ".join(parts)


def looked_up(lookups: Lookups) -> str:
    shown = {
        "pull request": lookups.pull_request,
        "branch": lookups.branch,
        "permission": lookups.permission_of,
        "queue": lookups.queue or None,
    }
    what = ", ".join(f"{name} {value}" for name, value in shown.items() if value is not None) or "nothing"
    return f"{what}{' (if possible)' if lookups.only_if_possible else ''}"


def lines() -> Iterator[str]:
    """Under each event, each set of inputs that changes what becomes of it; under these, by what was seen, where that changes it."""
    for name, happened in EVENTS.items():
        yield f"# {name}"
        usual = None
        for inputs in INPUTS:
            given = Inputs.read({**TOKEN, **{f"INPUT_{key.upper()}": value for key, value in inputs.items()}})
            by_state = {state: told(happened, given, seen) for state, seen in STATES.items()}
            found = (looked_up(needed(given, happened)), by_state)
            if found == usual:
                continue
            usual = usual or found
            yield f"  {' '.join(f'{key}={value}' for key, value in inputs.items()) or 'no inputs'}; looked up: {found[0]}"
            first = by_state["not asked"]
            yield f"    {first}"
            yield from (f"    {state}: {text}" for state, text in by_state.items() if text != first)
    yield "# an error in full"
    with pytest.raises(UnsupportedEvent) as refused:
        decide(Inputs.read(TOKEN), EVENTS["workflow_dispatch"], REPOSITORY, EventState())
    yield from (f"  {text}" for text in (refused.value.what, refused.value.cause, refused.value.remedy))


def test_no_decision_is_another_than_it_was() -> None:
    assert list(lines()) == PAGE.read_text("utf-8").splitlines()


if __name__ == "__main__":
    PAGE.write_text("\n".join(lines()) + "\n", "utf-8")
    sys.stdout.write(f"{PAGE.name} is written\n")
