"""What a decision says, word for word: it is the reason a log, a comment and a summary give."""

from __future__ import annotations

import json
from typing import Any

import pytest

from preview_db.errors import UnsupportedEvent
from preview_db.planning import events
from preview_db.planning.decide import decide
from preview_db.planning.decision import MEANS, Decision, Task
from preview_db.planning.lookups import EventState, Lookups, needed
from preview_db.planning.model import Kind, Scope
from preview_db.planning.settings import Inputs

from .test_decide import REPOSITORY, TOKEN, TWELVE, decided, event, payload

NAME = "pull request #12"
WHERE = {"repository": {"id": 42, "full_name": "acme/web", "default_branch": "main"}, "sender": {"login": "octocat", "type": "User"}}


def happened(name: str, content: dict[str, Any]) -> events.Event:
    return events.parse(name, json.dumps({**WHERE, **content}))


REASONS = [
    ("opened", {}, {}, Task.ENSURE, f"{NAME} was opened"),
    ("reopened", {}, {}, Task.ENSURE, f"{NAME} was reopened"),
    ("synchronize", {}, {}, Task.ENSURE, f"{NAME} got new commits"),
    ("synchronize", {}, {"on_push": "reset"}, Task.RESET, f"{NAME} got new commits"),
    ("ready_for_review", {}, {}, Task.ENSURE, f"{NAME} is ready for review"),
    (
        "converted_to_draft",
        {"draft": True},
        {"drafts": "false"},
        Task.REMOVE,
        f"{NAME} became a draft, and it is a draft, and drafts is false",
    ),
    ("labeled", {"labels": ["preview"]}, {"label": "preview"}, Task.ENSURE, f"{NAME} got a label"),
    ("unlabeled", {}, {"label": "preview"}, Task.REMOVE, f"{NAME} lost a label, and it does not bear the label preview"),
    ("labeled", {}, {}, Task.NOTHING, f"{NAME} was labeled, which is no reason to do anything"),
    ("edited", {}, {}, Task.NOTHING, f"{NAME} was edited, which is no reason to do anything"),
    ("closed", {"state": "closed"}, {}, Task.REMOVE, f"{NAME} was closed"),
    ("closed", {"state": "closed", "merged": True}, {}, Task.REMOVE, f"{NAME} was merged"),
    ("opened", {"head": 43}, {}, Task.NOTHING, f"{NAME} comes from a fork, and allow_forks is false"),
    ("opened", {"draft": True}, {"drafts": "false"}, Task.NOTHING, f"{NAME} is a draft, and drafts is false"),
    ("opened", {}, {"command": "reset"}, Task.RESET, f"'reset' was asked for, of the preview of {NAME}"),
    ("opened", {}, {"command": "connect"}, Task.CONNECT, f"'connect' was asked for, of the preview of {NAME}"),
    ("opened", {}, {"command": "delete"}, Task.REMOVE, f"'delete' was asked for, of the preview of {NAME}"),
    ("opened", {}, {"command": "create", "key": "e2e"}, Task.ENSURE, f"'create' was asked for, of the preview of {NAME} (e2e)"),
    ("opened", {}, {"command": "sweep"}, Task.SWEEP, "a sweep was asked for"),
]


@pytest.mark.parametrize(("action", "changes", "inputs", "task", "reason"), REASONS)
def test_a_decision_on_a_pull_request_says_why(
    action: str, changes: dict[str, Any], inputs: dict[str, str], task: Task, reason: str
) -> None:
    decision = decided(event("pull_request_target", action=action, **changes), **inputs)
    assert (decision.task, decision.reason) == (task, reason)


def test_a_handle_is_named_instead_of_a_preview() -> None:
    decision = decided(happened("push", {"ref": "refs/heads/main"}), command="connect", database_id="db_1")
    assert (decision.task, decision.reason, decision.scope) == (Task.CONNECT, "'connect' was asked for, of the database db_1", None)


def test_a_close_that_comes_late_says_so() -> None:
    opened = event(action="opened").pull_request
    late = decided(event("pull_request_target", action="closed", state="closed"), EventState(pull_request=opened))
    assert (late.task, late.reason, late.scope) == (Task.NOTHING, f"{NAME} was closed, and is open again by now", TWELVE)


BRANCHES = [
    ("push", {"ref": "refs/heads/feat/x"}, {}, Task.ENSURE, "the branch feat/x was pushed"),
    ("push", {"ref": "refs/heads/feat/x", "deleted": True}, {}, Task.REMOVE, "the branch feat/x was deleted"),
    ("create", {"ref": "feat/x", "ref_type": "branch"}, {}, Task.ENSURE, "the branch feat/x was created"),
    ("delete", {"ref": "feat/x", "ref_type": "branch"}, {}, Task.REMOVE, "the branch feat/x was deleted"),
    ("push", {"ref": "refs/tags/v1"}, {}, Task.NOTHING, "a tag has no preview"),
    ("push", {"ref": "refs/heads/main"}, {}, Task.NOTHING, "main is the default branch"),
    ("push", {"ref": "refs/heads/main"}, {"branch": "main"}, Task.ENSURE, "the branch main was pushed"),
    (
        "push",
        {"ref": "refs/heads/gh-readonly-queue/main/pr-1-abc"},
        {},
        Task.NOTHING,
        "a merge queue's branch is served by the event merge_group",
    ),
]


@pytest.mark.parametrize(("name", "content", "inputs", "task", "reason"), BRANCHES)
def test_a_decision_on_a_branch_says_why(name: str, content: dict[str, Any], inputs: dict[str, str], task: Task, reason: str) -> None:
    decision = decided(happened(name, content), **inputs)
    assert (decision.task, decision.reason) == (task, reason)
    if task in (Task.ENSURE, Task.REMOVE):
        branch = "main" if inputs else "feat/x"
        assert decision.scope == Scope(REPOSITORY, Kind.BRANCH, branch)


def test_the_default_branch_is_told_how_to_have_one() -> None:
    decision = decided(happened("push", {"ref": "refs/heads/main"}))
    assert decision.advice == "Set 'branch: main' if it should have a preview all the same"
    assert decision.scope == Scope(REPOSITORY, Kind.BRANCH, "main")


QUEUE = "refs/heads/gh-readonly-queue/main/pr-12-" + "a" * 40
LATER = "refs/heads/gh-readonly-queue/main/pr-12-" + "b" * 40


@pytest.mark.parametrize(
    ("action", "queue", "task", "reason"),
    [
        ("checks_requested", set(), Task.ENSURE, f"{NAME} entered the merge queue"),
        ("destroyed", set(), Task.REMOVE, f"{NAME} left the merge queue"),
        ("destroyed", {QUEUE}, Task.REMOVE, f"{NAME} left the merge queue"),
        ("destroyed", {LATER}, Task.NOTHING, f"{NAME} is in the merge queue again"),
        ("paused", set(), Task.NOTHING, "the merge group was paused, which is no reason to do anything"),
    ],
)
def test_a_decision_on_a_queue_entry_says_why(action: str, queue: set[str], task: Task, reason: str) -> None:
    group = {"head_ref": QUEUE, "head_sha": "a" * 40, "base_ref": "refs/heads/main", "base_sha": "c" * 40}
    decision = decided(happened("merge_group", {"action": action, "merge_group": group}), EventState(queue=frozenset(queue)))
    assert (decision.task, decision.reason) == (task, reason)
    assert decision.scope == Scope(REPOSITORY, Kind.MERGE_QUEUE, "12")


@pytest.mark.parametrize("task", Task)
def test_what_a_task_comes_to_is_said_of_no_other(task: Task) -> None:
    assert [other for other in Task if MEANS[other] == MEANS[task]] == [task]


def test_what_is_looked_up_first() -> None:
    def asked(happened: events.Event, **inputs: str) -> Lookups:
        return needed(Inputs.read({**TOKEN, **{f"INPUT_{name.upper()}": value for name, value in inputs.items()}}), happened)

    assert asked(event(action="closed")) == Lookups(pull_request=12, only_if_possible=True)
    assert asked(event("pull_request_target", action="closed")) == Lookups(pull_request=12, only_if_possible=True)
    assert asked(event(action="opened")) == Lookups()
    group = {"head_ref": QUEUE, "head_sha": "a" * 40, "base_ref": "refs/heads/main", "base_sha": "c" * 40}
    assert asked(happened("merge_group", {"action": "destroyed", "merge_group": group})) == Lookups(queue=True)
    assert asked(happened("merge_group", {"action": "checks_requested", "merge_group": group})) == Lookups()
    assert asked(happened("workflow_dispatch", {}), pr="12") == Lookups(pull_request=12)
    assert asked(happened("workflow_dispatch", {}), branch="feat/x") == Lookups(branch="feat/x")
    assert asked(happened("schedule", {})) == Lookups()


def test_who_gets_no_secrets_is_told_how_to_serve_them() -> None:
    fork = event(action="opened", head=43)
    decision = decided_without_token(fork)
    assert (decision.task, decision.reason) == (Task.NOTHING, "GitHub gives no secrets to a run for a fork")
    assert decision.advice == (
        "To serve forks, run the step with allow_forks: true in a job of a workflow on: pull_request_target that checks nothing of "
        "the pull request out"
    )
    bot = decided_without_token(event(action="opened", sender="dependabot[bot]"))
    assert (bot.task, bot.reason) == (Task.NOTHING, "GitHub gives no secrets to a run for Dependabot")
    assert bot.advice == (
        "To serve Dependabot, store the token among the repository's Dependabot secrets, too, or run the step in a job of a "
        "workflow on: pull_request_target that checks nothing of the pull request out"
    )


def decided_without_token(happened: events.Event) -> Decision:
    return decide(Inputs.read({}), happened, REPOSITORY, EventState())


def test_the_repositorys_id_is_the_events_where_the_runner_says_none() -> None:
    assert event().repository_id("Acme/Web") == 42
    with pytest.raises(UnsupportedEvent) as refused:
        event().repository_id("acme/other")
    assert refused.value.what == "The id of the repository acme/other is not known."
    assert refused.value.cause == "The runner sets no GITHUB_REPOSITORY_ID, and the event's payload does not say it of this repository."
    assert refused.value.remedy == 'With act, give an event file (--eventpath) that has {"repository": {"id": ..., "full_name": ...}}.'


@pytest.mark.parametrize(
    ("name", "text", "where"),
    [
        ("push", "[]", ": it is not a JSON object"),
        ("push", "{", ": it is not a JSON object"),
        ("push", json.dumps({"repository": WHERE["repository"]}), ": ref is missing"),
        ("create", json.dumps({**WHERE, "ref": "x"}), ": ref_type is missing"),
        ("pull_request", json.dumps({**payload(), "pull_request": {}}), ": pull_request.number is missing or of another kind"),
    ],
)
def test_a_payload_that_is_not_one_says_what_is_wrong(name: str, text: str, where: str) -> None:
    with pytest.raises(UnsupportedEvent) as refused:
        events.parse(name, text)
    assert refused.value.what == f"The payload of the event {name!r} can't be read{where}."
    assert refused.value.cause == "The file GITHUB_EVENT_PATH points at is not what GitHub documents for this event."
    assert refused.value.remedy == "Check that nothing in the job rewrites that file, and run the workflow again."
