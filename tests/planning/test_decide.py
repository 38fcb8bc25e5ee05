"""Settings and event in, decision out: as a table."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preview_db.errors import UnsupportedEvent
from preview_db.planning import events
from preview_db.planning.decide import decide
from preview_db.planning.decision import Decision, Task
from preview_db.planning.lookups import EventState, Lookups, needed
from preview_db.planning.model import Kind, Repository, Scope
from preview_db.planning.settings import Inputs
from preview_db_emulator.github import payloads

API, SERVER = "https://api.github.com", "https://github.com"
REPOSITORY = Repository(42, "acme/web")
TOKEN = {"INPUT_SERVICE_TOKEN": "token"}


def payload(action: str = "opened", *, head: int | None = 42, sender: str = "octocat", **changes: Any) -> dict[str, Any]:
    repository = payloads.repository("acme/web", id=42, api_url=API, server_url=SERVER)
    user = payloads.user(sender, id=7, api_url=API, server_url=SERVER)
    fields: dict[str, object] = {
        "number": 12, "repository": repository, "head_ref": "feat/x", "head_sha": "1" * 40, "base_ref": "main", "base_sha": "2" * 40,
        "head_repository": payloads.repository("acme/web", id=head, api_url=API, server_url=SERVER) if head else None,
        "state": "open", "merged": False, "draft": False, "labels": [], "title": "t", "body": None, "user": user,
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "closed_at": None, "merged_at": None,
    }  # fmt: skip
    pull_request = payloads.pull_request(**{**fields, **changes})
    return payloads.pull_request_event(action=action, pull_request=pull_request, repository=repository, sender=user)


def event(name: str = "pull_request", **content: Any) -> events.Event:
    return events.parse(name, json.dumps(payload(**content)))


def decided(happened: events.Event, seen: EventState | None = None, /, **inputs: str) -> Decision:
    given = Inputs.read({**TOKEN, **{f"INPUT_{name.upper()}": value for name, value in inputs.items()}})
    return decide(given, happened, REPOSITORY, seen or EventState())


TWELVE = Scope(REPOSITORY, Kind.PULL_REQUEST, "12")


@pytest.mark.parametrize(
    ("action", "state", "task", "says"),
    [
        ("opened", "open", Task.ENSURE, "opened"),
        ("reopened", "open", Task.ENSURE, "reopened"),
        ("synchronize", "open", Task.ENSURE, "new commits"),
        ("ready_for_review", "open", Task.ENSURE, "ready for review"),
        ("closed", "closed", Task.REMOVE, "closed"),
        ("labeled", "open", Task.NOTHING, "labeled"),
        ("converted_to_draft", "open", Task.ENSURE, "draft"),
        ("edited", "open", Task.NOTHING, "edited"),
        ("a_new_action_of_next_year", "open", Task.NOTHING, "no reason"),
    ],
)
def test_what_an_action_means(action: str, state: str, task: Task, says: str) -> None:
    for name in ("pull_request", "pull_request_target"):
        decision = decided(event(name, action=action, state=state))
        assert (decision.scope, decision.task) == (TWELVE, task)
        assert says in decision.reason


def test_a_closed_run_that_is_run_again_leaves_a_reopened_pull_request_alone() -> None:
    closed = event(action="closed", state="closed")
    assert needed(Inputs.read(TOKEN), closed) == Lookups(pull_request=12, only_if_possible=True)
    assert decided(closed, EventState(pull_request=pull())).task is Task.NOTHING
    assert decided(closed, EventState(pull_request=pull(state="closed"))).task is Task.REMOVE


def test_inputs_do_not_turn_an_event_on_something_else() -> None:
    closed = event(action="closed", state="closed")
    assert decided(closed, pr="7").scope == TWELVE
    assert decided(closed, branch="main").scope == TWELVE
    assert decided(said("/preview-db delete"), EventState(permission="admin"), branch="main").scope == TWELVE
    assert decided(queue("checks_requested"), branch="main").scope == Scope(REPOSITORY, Kind.MERGE_QUEUE, "3")


@pytest.mark.parametrize("command", ["create", "reset"])
def test_a_command_does_not_get_round_allow_forks(command: str) -> None:
    fork = event("pull_request_target", head=43)
    assert decided(fork, command=command).task is Task.NOTHING
    assert decided(fork, command=command, allow_forks="true").task is not Task.NOTHING
    assert decided(fork, command="delete").task is Task.REMOVE


def test_a_command_on_the_default_branch_has_to_name_it() -> None:
    push = parsed("push", payloads.push_event(ref="refs/heads/main", before="2" * 40, after="1" * 40, **where()))
    with pytest.raises(UnsupportedEvent):
        decided(push, command="create")
    assert decided(push, command="create", branch="main").scope == branch("main")


def test_a_comments_event_can_be_used_for_a_command_by_who_may_write() -> None:
    writer, stranger = EventState(permission="write", checked=True), EventState(permission="read", checked=True)
    assert decided(said("/preview-db reset"), writer, command="connect").task is Task.CONNECT
    assert decided(said("/preview-db reset"), stranger, command="connect").task is Task.NOTHING


def test_a_plan_of_nothing_in_particular_is_of_the_whole_repository() -> None:
    assert decided(parsed("workflow_dispatch", {}), command="plan").task is Task.SWEEP
    assert (
        needed(Inputs.read({"INPUT_COMMAND": "plan", "INPUT_PR": "12"}), parsed("push", {"ref": "x", "repository": where()["repository"]}))
        == Lookups()
    )


def test_a_number_that_does_not_exist_is_said_so() -> None:
    with pytest.raises(UnsupportedEvent, match="no pull request #99"):
        decided(parsed("workflow_dispatch", {}), pr="99")


def test_merging_is_closing_and_is_called_merged() -> None:
    decision = decided(event(action="closed", state="closed", merged=True))
    assert (decision.task, decision.reason) == (Task.REMOVE, "pull request #12 was merged")


def test_a_key_makes_another_preview_of_the_same_pull_request() -> None:
    assert decided(event(), key="docs").scope == Scope(REPOSITORY, Kind.PULL_REQUEST, "12", "docs")


LABEL = {"label": "preview"}


@pytest.mark.parametrize(
    ("action", "labels", "changed", "task"),
    [
        ("opened", [], None, Task.NOTHING),
        ("opened", ["preview"], None, Task.ENSURE),
        ("opened", ["Preview"], None, Task.ENSURE),
        ("synchronize", [], None, Task.REMOVE),
        ("labeled", ["preview"], "preview", Task.ENSURE),
        ("labeled", ["preview", "bug"], "bug", Task.ENSURE),
        ("labeled", ["bug"], "bug", Task.REMOVE),
        ("unlabeled", [], "preview", Task.REMOVE),
        ("unlabeled", ["preview"], "bug", Task.ENSURE),
        ("closed", [], None, Task.REMOVE),
    ],
)
def test_a_label_limits_previews_to_those_that_bear_it(action: str, labels: list[str], changed: str | None, task: Task) -> None:
    content = payload(action, labels=labels, state="closed" if action == "closed" else "open")
    if changed:
        content["label"] = payloads.label(changed, repository=content["repository"])
    assert decided(events.parse("pull_request", json.dumps(content)), **LABEL).task is task


@pytest.mark.parametrize(
    ("action", "draft", "task"),
    [
        ("opened", True, Task.NOTHING),
        ("synchronize", True, Task.REMOVE),
        ("ready_for_review", False, Task.ENSURE),
        ("converted_to_draft", True, Task.REMOVE),
        ("closed", True, Task.REMOVE),
    ],
)
def test_drafts_can_be_left_out(action: str, draft: bool, task: Task) -> None:
    happened = event(action=action, draft=draft, state="closed" if action == "closed" else "open")
    assert decided(happened, drafts="false").task is task


def test_a_push_can_reset_the_data_and_nothing_else_does() -> None:
    assert decided(event(action="synchronize"), on_push="reset").task is Task.RESET
    assert decided(event(action="opened"), on_push="reset").task is Task.ENSURE
    assert decided(event(action="reopened"), on_push="reset").task is Task.ENSURE


@pytest.mark.parametrize("who", [{"head": 43}, {"head": None}, {"sender": "dependabot[bot]"}])
def test_a_pull_request_without_secrets_is_left_out_politely(who: dict[str, Any]) -> None:
    decision = decide(Inputs.read({}), event(**who), REPOSITORY, EventState())
    assert decision.task is Task.NOTHING
    assert "no secrets" in decision.reason
    assert "pull_request_target" in decision.advice


@pytest.mark.parametrize("head", [43, None])
@pytest.mark.parametrize("name", ["pull_request", "pull_request_target"])
def test_a_fork_gets_a_database_only_where_that_is_allowed_and_loses_it_always(name: str, head: int | None) -> None:
    opened, closed = event(name, head=head), event(name, head=head, action="closed", state="closed")
    assert decided(opened).task is Task.NOTHING
    assert "allow_forks" in decided(opened).advice
    assert decided(opened, allow_forks="true").task is Task.ENSURE
    assert decided(closed).task is Task.REMOVE


def parsed(name: str, content: object) -> events.Event:
    return events.parse(name, json.dumps(content))


def where() -> dict[str, Any]:
    content = payload()
    return {"repository": content["repository"], "sender": content["sender"]}


def branch(name: str) -> Scope:
    return Scope(REPOSITORY, Kind.BRANCH, name)


@pytest.mark.parametrize(
    ("ref", "after", "task", "scope"),
    [
        ("refs/heads/feat/x", "1" * 40, Task.ENSURE, branch("feat/x")),
        ("refs/heads/feat/x", "0" * 40, Task.REMOVE, branch("feat/x")),
        ("refs/heads/main", "1" * 40, Task.NOTHING, branch("main")),
        ("refs/tags/v1", "1" * 40, Task.NOTHING, None),
        ("refs/heads/gh-readonly-queue/main/pr-3-" + "a" * 40, "1" * 40, Task.NOTHING, None),
    ],
)
def test_a_push_gives_a_branch_a_preview(ref: str, after: str, task: Task, scope: Scope | None) -> None:
    decision = decided(parsed("push", payloads.push_event(ref=ref, before="2" * 40, after=after, **where())))
    assert (decision.task, decision.scope) == (task, scope)


def test_the_default_branch_has_one_only_if_it_is_named() -> None:
    push = parsed("push", payloads.push_event(ref="refs/heads/main", before="2" * 40, after="1" * 40, **where()))
    assert decided(push, branch="main").task is Task.ENSURE


def test_branches_come_and_go_with_create_and_delete() -> None:
    assert decided(parsed("create", payloads.create_event(ref="feat/x", **where()))).task is Task.ENSURE
    assert decided(parsed("delete", payloads.delete_event(ref="feat/x", **where()))).task is Task.REMOVE
    assert decided(parsed("delete", payloads.delete_event(ref="v1", ref_type="tag", **where()))).task is Task.NOTHING


def queue(action: str, base_sha: str = "b" * 40) -> events.Event:
    return parsed(
        "merge_group",
        payloads.merge_group_event(action=action, number=3, base_ref="release/1", base_sha=base_sha, head_sha="c" * 40, **where()),
    )


def test_a_merge_queue_entry_has_a_preview_of_its_own() -> None:
    scope = Scope(REPOSITORY, Kind.MERGE_QUEUE, "3")
    assert decided(queue("checks_requested")) == Decision(Task.ENSURE, "pull request #3 entered the merge queue", scope)
    destroyed = queue("destroyed")
    assert needed(Inputs.read({}), destroyed) == Lookups(queue=True)
    assert decided(destroyed).task is Task.REMOVE


def test_an_entry_that_is_queued_again_keeps_its_preview() -> None:
    again = frozenset({"refs/heads/gh-readonly-queue/release/1/pr-3-" + "d" * 40})
    assert decided(queue("destroyed"), EventState(queue=again)).task is Task.NOTHING
    other = frozenset(
        {"refs/heads/gh-readonly-queue/release/1/pr-33-" + "d" * 40, "refs/heads/gh-readonly-queue/release/1/pr-3-" + "b" * 40}
    )
    assert decided(queue("destroyed"), EventState(queue=other)).task is Task.REMOVE


def said(body: str, *, sender: str = "octocat", kind: str = "User", on_issue: bool = False) -> events.Event:
    content = payload()
    user = payloads.user(sender, id=9, kind=kind, api_url=API, server_url=SERVER)
    comment = payloads.issue_comment(
        id=5, repository=content["repository"], issue_number=12, body=body, user=user, created_at="2026-01-01T00:00:00Z",
        updated_at="2026-01-01T00:00:00Z",
    )  # fmt: skip
    happened = payloads.issue_comment_event(
        action="created", comment=comment, pull_request=content["pull_request"], repository=content["repository"], sender=user
    )
    if on_issue:
        del happened["issue"]["pull_request"]
    return parsed("issue_comment", happened)


def pull(**changes: Any) -> events.PullRequest:
    return events.PullRequest.model_validate(payload(**changes)["pull_request"])


@pytest.mark.parametrize(
    ("body", "task"),
    [
        ("/preview-db reset", Task.RESET),
        ("  /preview-db   delete \r\nthanks", Task.REMOVE),
        ("/preview-db create", Task.ENSURE),
        ("/preview-db status", Task.STATUS),
        ("/preview-db explode", Task.NOTHING),
        ("please /preview-db reset", Task.NOTHING),
        ("> /preview-db reset", Task.NOTHING),
        ("/preview-db reset now", Task.NOTHING),
        ("/preview-dbreset", Task.NOTHING),
    ],
)
def test_what_a_comment_orders(body: str, task: Task) -> None:
    decision = decided(said(body), EventState(pull_request=pull(), permission="write"))
    assert decision.task is task
    assert decision.reaction == ("confused" if "explode" in body else "+1" if task is not Task.NOTHING else "")


@pytest.mark.parametrize("permission", ["read", "none", "triage", ""])
def test_only_people_who_may_write_give_orders(permission: str) -> None:
    decision = decided(said("/preview-db delete"), EventState(pull_request=pull(), permission=permission))
    assert (decision.task, decision.reaction) == (Task.NOTHING, "")
    assert "octocat may not write" in decision.reason


@pytest.mark.parametrize(("sender", "kind"), [("ci[bot]", "Bot"), ("ci[bot]", "User"), ("someone", "Bot"), ("x", "Organization")])
def test_bots_give_no_orders(sender: str, kind: str) -> None:
    order = said("/preview-db delete", sender=sender, kind=kind)
    assert needed(Inputs.read(TOKEN), order) == Lookups()
    assert decided(order, EventState(pull_request=pull(), permission="admin")).task is Task.NOTHING


def test_a_comment_on_an_issue_is_no_order() -> None:
    assert decided(said("/preview-db delete", on_issue=True), EventState(permission="admin")).task is Task.NOTHING


def test_what_is_not_wanted_is_not_created_by_a_comment_either() -> None:
    for seen in (pull(head=43), pull(state="closed")):
        assert decided(said("/preview-db create"), EventState(pull_request=seen, permission="admin")).task is Task.NOTHING
        assert decided(said("/preview-db delete"), EventState(pull_request=seen, permission="admin")).task is Task.REMOVE


@pytest.mark.parametrize("name", ["workflow_dispatch", "repository_dispatch", "workflow_run"])
def test_a_request_with_a_number_makes_the_pull_request_what_it_should_be(name: str) -> None:
    happened = parsed(name, {})
    assert needed(Inputs.read({"INPUT_PR": "12"}), happened) == Lookups(pull_request=12)
    assert decided(happened, EventState(pull_request=pull()), pr="12").task is Task.ENSURE
    assert decided(happened, EventState(pull_request=pull(state="closed")), pr="12").task is Task.REMOVE
    assert decided(happened, EventState(branch_exists=True), branch="feat/x").task is Task.ENSURE
    assert decided(happened, EventState(branch_exists=False), branch="feat/x").task is Task.REMOVE


def test_a_schedule_is_a_sweep() -> None:
    assert decided(parsed("schedule", {"schedule": "0 3 * * *"})).task is Task.SWEEP


def test_a_command_with_a_number_needs_no_pull_request_event() -> None:
    schedule = parsed("schedule", {"schedule": "0 3 * * *"})
    assert decided(schedule, command="create", pr="7").scope == Scope(REPOSITORY, Kind.PULL_REQUEST, "7")
    assert decided(schedule, command="delete", pr="7").task is Task.REMOVE
    exists = EventState(branch_exists=True, checked=True)
    assert decided(schedule, exists, command="reset", branch="feat/x") == Decision(
        Task.RESET, "'reset' was asked for, of the preview of branch feat/x", branch("feat/x")
    )
    connect = decided(schedule, command="connect", database_id="db_1")
    assert (connect.scope, connect.task) == (None, Task.CONNECT)


@pytest.mark.parametrize("command", ["auto", "create", "connect", "delete", "reset"])
@pytest.mark.parametrize("name", ["workflow_dispatch", "repository_dispatch", "workflow_run", "some_event_of_next_year"])
def test_an_event_that_says_nothing_gets_an_error_that_says_what_to_set(name: str, command: str) -> None:
    with pytest.raises(UnsupportedEvent) as refused:
        decided(events.parse(name, "{}"), command=command)
    assert "command and pr" in refused.value.remedy


@pytest.mark.parametrize("name", ["pull_request", "push", "delete", "create", "merge_group", "issue_comment"])
@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", '"x"', "[" * 100_000, "{}", '{"pull_request": {}}', '{"pull_request": {"number": "x"}}']
)
def test_a_payload_that_is_not_one_gets_an_error_rather_than_a_traceback(name: str, text: str) -> None:
    with pytest.raises(UnsupportedEvent, match="can't be read"):
        events.parse(name, text)


def test_fields_nobody_knows_yet_do_no_harm() -> None:
    content = payload() | {"something": {"new": [1]}}
    content["pull_request"]["also_new"] = True
    assert events.parse("pull_request", json.dumps(content)).pull_request is not None


@given(
    st.sampled_from(["number", "state", "head", "base", "updated_at", "merged", "draft", "closed_at", "labels"]),
    st.none() | st.text() | st.integers(),
)
def test_a_field_of_another_kind_is_an_error_in_words_or_does_not_matter(field: str, value: object) -> None:
    content = payload()
    content["pull_request"][field] = value
    try:
        decided(events.parse("pull_request", json.dumps(content)))
    except UnsupportedEvent as refused:
        assert field in refused.what
