"""The workflows of README, docs and examples that other events start: branches, the merge queue, comments, requests, the schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from preview_db_emulator.github import payloads
from tests.drivers.organisation import Organisation, ids
from tests.drivers.workflow import Workflow as Project

from .documents import Workflow, workflows
from .player import Played, Player
from .test_pull_requests import LABEL, green, of

ALL = workflows()


def started_by(event: str) -> list[Workflow]:
    return [workflow for workflow in ALL if event in workflow.events]


def happens(player: Player, workflow: Workflow, event: str, payload: Mapping[str, Any]) -> Played:
    return green(player, player.play(workflow, event, payload))


def had_a_preview(player: Player, number: int) -> None:
    """Leaves a pull request's preview behind, as its workflow would."""
    (usual, *_) = started_by("pull_request")
    payload = player.emulator.pull_request_event("opened", number, state="open", labels=[LABEL])
    happens(player, usual, "pull_request", payload)
    assert player.previews(number) != []


@of(*(workflow for workflow in started_by("schedule") if "repositories:" not in workflow.text))
def test_the_schedule_deletes_what_a_missed_close_left(player: Player, number: int, workflow: Workflow) -> None:
    had_a_preview(player, number)
    player.emulator.pull_request(number, state="closed", merged=True)
    swept = happens(player, workflow, "schedule", payloads.schedule_event(schedule="17 3 * * *", **_only_repository(player)))
    assert swept.outcomes == ("swept",)
    assert player.previews(number) == []
    assert "deleted" in player.comments(number)[-1]
    again = payloads.workflow_dispatch_event(ref="refs/heads/main", **player.emulator.where())
    assert happens(player, workflow, "workflow_dispatch", again).outcomes == ("swept",)


@of(*(workflow for workflow in started_by("schedule") if "repositories:" in workflow.text))
def test_the_schedule_sweeps_every_repository_that_is_named(player: Player, workflow: Workflow) -> None:
    acme = Organisation(Project.new(player.emulator, player.root), "acme")
    web, legacy = acme.repository("web", private=True), acme.repository("legacy")
    Organisation(acme.workflow, "other").repository("repo")
    kept = acme.previews(web, opened=[1]) + acme.previews(legacy, closed=[1])
    acme.previews(web, closed=[2, 3])
    swept = happens(player, workflow, "schedule", payloads.schedule_event(schedule="17 3 * * *", **_only_repository(player)))
    assert "swept" in swept.outcomes
    assert acme.left() == ids(kept), str(swept)
    if "sweep-many" in workflow.text:
        assert "| deleted | 2 |" in str(swept)
        assert "| parts that told | 1 of 1 |" in str(swept)


def _only_repository(player: Player) -> dict[str, Any]:
    return {"repository": player.emulator.where()["repository"]}


@of(*(workflow for workflow in started_by("pull_request_target") if "closed" in workflow.events["pull_request_target"]["types"]))
def test_closing_is_seen_with_conflicts_too(player: Player, number: int, workflow: Workflow) -> None:
    had_a_preview(player, number)
    forks = "labeled" in workflow.events["pull_request_target"]["types"]
    payload = player.emulator.pull_request_event("closed", number, state="closed")
    played = happens(player, workflow, "pull_request_target", payload)
    assert played.outcomes == (() if forks else ("deleted",))
    assert player.previews(number) == [] or forks


@of(*(workflow for workflow in started_by("pull_request_target") if "labeled" in workflow.events["pull_request_target"]["types"]))
def test_a_fork_s_pull_request_gets_one_by_its_label_alone(player: Player, number: int, workflow: Workflow) -> None:
    def labelled(action: str, *labels: str) -> Played:
        payload = player.emulator.pull_request_event(action, number, state="open", head_repo="somebody/shop", labels=list(labels))
        payload["label"] = payloads.label(LABEL, repository=payload["repository"])
        return happens(player, workflow, "pull_request_target", payload)

    assert labelled("labeled", "bug").outcomes == ("absent",)
    assert labelled("labeled", LABEL).outcomes == ("created",)
    assert len(player.previews(number)) == 1
    assert labelled("unlabeled").outcomes == ("deleted",)
    assert player.previews(number) == []


@of(*started_by("push"))
def test_a_branch_has_one_until_it_is_deleted(player: Player, workflow: Workflow) -> None:
    where = player.emulator.where()
    push = payloads.push_event(ref="refs/heads/feat/x", before="1" * 40, after="2" * 40, **where)
    played = happens(player, workflow, "push", push)
    assert played.outcomes == ("created",)
    assert any(tool.startswith("npm test: logged in") for tool in played.tools), str(played)
    deleted = happens(player, workflow, "delete", payloads.delete_event(ref="feat/x", **where))
    assert deleted.outcomes == ("deleted",)
    assert deleted.tools == []


@of(*started_by("merge_group"))
def test_a_queue_entry_has_one_of_its_own(player: Player, number: int, workflow: Workflow) -> None:
    def group(action: str) -> Played:
        where = player.emulator.where()
        payload = payloads.merge_group_event(action=action, number=number, base_ref="main", base_sha="a" * 40, head_sha="c" * 40, **where)
        return happens(player, workflow, "merge_group", payload)

    queued, merged = group("checks_requested"), group("destroyed")
    assert (queued.outcomes, merged.outcomes) == (("created",), ("deleted",))
    assert any(tool.startswith("npm test: logged in") for tool in queued.tools)
    assert merged.tools == []


@of(*started_by("issue_comment"))
def test_an_order_is_carried_out_and_any_other_comment_is_not(player: Player, number: int, workflow: Workflow) -> None:
    player.emulator.control("PUT", "github/permissions/maintainer", {"permission": "write"})
    pull_request = player.emulator.pull_request(number, state="open")

    def says(words: str) -> Played:
        where = player.emulator.where("maintainer")
        (*_, written) = player.emulator.control("PUT", f"github/comments/{number}", {"body": words, "login": "maintainer", "type": "User"})
        comment = payloads.issue_comment(
            id=written["id"], repository=where["repository"], issue_number=number, body=words, user=where["sender"],
            created_at="2026-01-01T00:00:00Z", updated_at="2026-01-01T00:00:00Z",
        )  # fmt: skip
        payload = payloads.issue_comment_event(action="created", comment=comment, pull_request=pull_request, **where)
        return happens(player, workflow, "issue_comment", payload)

    assert says("Looks good to me").jobs == {}
    assert says("/preview-db create").outcomes == ("created",)
    assert says("/preview-db delete").outcomes == ("deleted",)
    assert [comment["reactions"] for comment in player.emulator.comments(number) if comment["body"].startswith("/")] == [["+1"], ["+1"]]


@of(*started_by("repository_dispatch"))
def test_a_request_names_a_pull_request_or_a_branch(player: Player, number: int, workflow: Workflow) -> None:
    where = player.emulator.where()
    player.emulator.pull_request(number, state="open")
    outside = payloads.repository_dispatch_event(event_type="preview-db", client_payload={"pr": number}, **where)
    assert happens(player, workflow, "repository_dispatch", outside).outcomes == ("created",)
    given = {"command": "delete", "pr": str(number), "branch": ""}
    by_hand = payloads.workflow_dispatch_event(ref="refs/heads/main", inputs=given, **where)
    assert happens(player, workflow, "workflow_dispatch", by_hand).outcomes == ("deleted",)
    player.emulator.control("PUT", "github/branches/feat/y", {})
    branch = payloads.workflow_dispatch_event(ref="refs/heads/main", inputs={"command": "auto", "pr": "", "branch": "feat/y"}, **where)
    assert happens(player, workflow, "workflow_dispatch", branch).outcomes == ("created",)


@of(*started_by("workflow_run"))
def test_after_the_build_its_pull_request_gets_one(player: Player, number: int, workflow: Workflow) -> None:
    pull_request = player.emulator.pull_request(number, state="open")
    payload = payloads.workflow_run_event(action="completed", head_branch="x", head_sha="1" * 40, **player.emulator.where())
    payload["workflow_run"] |= {"conclusion": "success", "pull_requests": [{"number": number, "id": pull_request["id"]}]}
    assert happens(player, workflow, "workflow_run", payload).outcomes == ("created",)
    payload["workflow_run"] |= {"conclusion": "failure"}
    assert happens(player, workflow, "workflow_run", payload).jobs == {}


@of(*(workflow for workflow in started_by("pull_request") if "unlabeled" in workflow.events["pull_request"]["types"]))
def test_a_label_gives_and_takes(player: Player, number: int, workflow: Workflow) -> None:
    def event(action: str, *labels: str, **fields: object) -> Played:
        payload = player.emulator.pull_request_event(action, number, state="open", labels=list(labels), **fields)
        payload["label"] = payloads.label(LABEL, repository=payload["repository"])
        return happens(player, workflow, "pull_request", payload)

    assert event("opened").outcomes == ("skipped",)
    assert event("labeled", LABEL).outcomes == ("created",)
    drafted = event("converted_to_draft", LABEL, draft=True)
    assert (drafted.outcomes, drafted.tools) == (("deleted",), [])
    assert event("ready_for_review", LABEL, draft=False).outcomes == ("created",)
    assert event("unlabeled").outcomes == ("deleted",)
    assert player.previews(number) == []


def test_no_workflow_that_is_shown_is_left_out() -> None:
    """A new event on a page wants a test of its own here."""
    played = {"pull_request", "pull_request_target", "push", "delete", "merge_group", "issue_comment", "schedule"}
    played |= {"workflow_dispatch", "repository_dispatch", "workflow_run"}
    assert {event for workflow in ALL for event in workflow.events} == played


pytestmark = pytest.mark.usefixtures("image")
