"""Every event a repository sends, through the front door with a complete payload as GitHub documents it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from preview_db.planning import identity
from preview_db_emulator.github import payloads
from preview_db_emulator.runner.runner import Run
from tests.drivers.pull_request import Life
from tests.drivers.workflow import can_log_in


def happens(life: Life, event: str, payload: dict[str, Any], **inputs: str) -> Run:
    run = life.runs(event, payload, inputs)
    assert run.succeeded, run.log
    return run


def outcomes(*runs: Run) -> list[str]:
    return [run.outputs["outcome"] for run in runs]


def test_a_label_gives_and_takes(life: Life) -> None:
    def labelled(action: str, labels: list[str], changed: str) -> Run:
        payload = life.emulator.pull_request_event(action, life.number, labels=labels)
        payload["label"] = payloads.label(changed, repository=payload["repository"])
        return happens(life, "pull_request", payload, label="preview")

    assert outcomes(
        life.opened(label="preview"),
        labelled("labeled", ["bug"], "bug"),
        labelled("labeled", ["bug", "preview"], "preview"),
        life.pushed(label="preview"),
        labelled("unlabeled", ["bug"], "preview"),
        life.pushed(label="preview"),
    ) == ["skipped", "absent", "created", "reused", "deleted", "absent"]
    assert life.databases() == []


def test_a_draft_is_left_out_where_drafts_are(life: Life) -> None:
    life.inputs["drafts"] = "false"
    assert outcomes(
        life.happens("opened", {"state": "open", "draft": True}),
        life.happens("ready_for_review", {"draft": False}),
        life.happens("converted_to_draft", {"draft": True}),
    ) == ["skipped", "created", "deleted"]


def test_a_runner_that_does_not_say_the_repositorys_id_finds_the_same_preview_by_the_payload(life: Life) -> None:
    opened = life.opened()
    life.environ["GITHUB_REPOSITORY_ID"] = ""  # act, and the runners of Gitea and Forgejo
    assert outcomes(opened, life.pushed(), life.closed()) == ["created", "reused", "deleted"]
    assert life.databases() == []


def test_an_id_is_only_taken_from_the_payload_of_that_very_repository(life: Life) -> None:
    payload = life.emulator.pull_request_event("opened", life.number, state="open")
    life.environ |= {"GITHUB_REPOSITORY_ID": "", "GITHUB_REPOSITORY": "somebody/else"}
    run = life.runs("pull_request", payload)
    assert run.exit_code == 1
    assert "The id of the repository somebody/else is not known." in run.annotations[-1].message
    assert life.databases() == []


def test_drafts_have_one_by_default(life: Life) -> None:
    assert life.happens("opened", {"state": "open", "draft": True}).outputs["outcome"] == "created"


def test_another_base_is_no_reason_to_do_anything(life: Life) -> None:
    life.opened()
    before = life.databases()
    run = life.happens("edited", {"base_ref": "release"})
    assert run.outputs["outcome"] == "skipped"
    assert life.databases() == before
    assert life.pushed().outputs["database_id"] == before[0]["id"]


def test_a_fork_under_pull_request_target(life: Life) -> None:
    payload = life.emulator.pull_request_event("opened", life.number, state="open", head_repo="stranger/shop")
    skipped = happens(life, "pull_request_target", payload)
    assert skipped.outputs["outcome"] == "skipped"
    assert "allow_forks" in skipped.annotations[0].message
    assert happens(life, "pull_request_target", payload, allow_forks="true").outputs["outcome"] == "created"
    closed = life.emulator.pull_request_event("closed", life.number, state="closed", head_repo=None)
    assert closed["pull_request"]["head"]["repo"] is None
    assert happens(life, "pull_request_target", closed).outputs["outcome"] == "deleted"


def test_dependabot_is_told_in_words(life: Life) -> None:
    payload = life.emulator.pull_request_event("opened", life.number, state="open", user="dependabot[bot]")
    run = happens(life, "pull_request", payload, service_token="")
    assert run.outputs["outcome"] == "skipped"
    assert "Dependabot" in run.annotations[0].message


def test_a_branch_has_a_preview_from_push_to_delete(life: Life) -> None:
    where = life.emulator.where()
    push = payloads.push_event(ref="refs/heads/feat/x", before="1" * 40, after="2" * 40, **where)
    created = happens(life, "push", push)
    again = happens(life, "push", push)
    other = happens(life, "push", {**push, "ref": "refs/heads/feat-x"})
    assert outcomes(created, again, other) == ["created", "reused", "created"]
    assert created.outputs["database_name"].startswith("shop-br-feat-x-")
    assert created.outputs["database_id"] == again.outputs["database_id"] != other.outputs["database_id"]
    assert happens(life, "create", payloads.create_event(ref="feat/x", **where)).outputs["outcome"] == "reused"
    for event, payload in (("create", payloads.create_event), ("delete", payloads.delete_event)):
        assert happens(life, event, payload(ref="v1", ref_type="tag", **where)).outputs["outcome"] == "skipped"
    gone = happens(life, "delete", payloads.delete_event(ref="feat/x", **where))
    assert gone.outputs["outcome"] == "deleted"
    assert [one["id"] for one in life.databases()] == [other.outputs["database_id"]]
    assert life.comments() == []
    deleted = payloads.push_event(ref="refs/heads/feat-x", before="1" * 40, after="0" * 40, **where)
    assert outcomes(happens(life, "push", deleted), happens(life, "push", deleted)) == ["deleted", "absent"]


def test_a_branchs_handle_leads_to_it_and_is_told_by_its_own_name(life: Life) -> None:
    """Of the branch only a slug is in the name, from which another name would be made."""
    push = payloads.push_event(ref="refs/heads/Fix/br-2", before="1" * 40, after="2" * 40, **life.emulator.where())
    created = happens(life, "push", push)
    connected = happens(life, "push", push, command="connect", database_id=created.outputs["database_id"])
    assert outcomes(created, connected) == ["created", "connected"]
    name = created.outputs["database_name"]
    assert all(name in run.summary and any(name in line for line in run.log if line.startswith("C")) for run in (created, connected))


def test_the_default_branch_and_tags_have_none(life: Life) -> None:
    where = life.emulator.where()
    default = where["repository"]["default_branch"]
    push = payloads.push_event(ref=f"refs/heads/{default}", before="1" * 40, after="2" * 40, **where)
    tag = payloads.push_event(ref="refs/tags/v1", before="1" * 40, after="2" * 40, **where)
    assert outcomes(happens(life, "push", push), happens(life, "push", tag)) == ["skipped", "skipped"]
    assert happens(life, "push", push, branch=default).outputs["outcome"] == "created"


def test_a_branch_and_a_pull_request_of_the_same_head_are_two_previews(life: Life) -> None:
    life.happens("opened", {"state": "open", "head_ref": "feat/both"})
    push = payloads.push_event(ref="refs/heads/feat/both", before="1" * 40, after="2" * 40, **life.emulator.where())
    happens(life, "push", push)
    assert len(life.databases()) == 2


def test_a_merge_queue_entry_comes_and_goes(life: Life) -> None:
    def group(action: str, base_sha: str) -> dict[str, Any]:
        return payloads.merge_group_event(
            action=action, number=life.number, base_ref="main", base_sha=base_sha, head_sha="c" * 40, **life.emulator.where()
        )

    life.opened()
    queued = happens(life, "merge_group", group("checks_requested", "a" * 40))
    assert queued.outputs["outcome"] == "created"
    assert queued.outputs["database_name"].startswith(f"shop-mq-{life.number}-")
    again = f"gh-readonly-queue/main/pr-{life.number}-{'b' * 40}"
    life.emulator.control("PUT", f"github/branches/{again}", {})
    assert happens(life, "merge_group", group("destroyed", "a" * 40)).outputs["outcome"] == "skipped"
    life.emulator.control("DELETE", f"github/branches/{again}")
    assert happens(life, "merge_group", group("destroyed", "b" * 40)).outputs["outcome"] == "deleted"
    assert len(life.databases()) == 1


@pytest.mark.parametrize("event", ["workflow_dispatch", "repository_dispatch", "workflow_run"])
def test_a_request_with_a_number_reads_how_the_pull_request_stands(life: Life, event: str) -> None:
    where = life.emulator.where()
    payload = {
        "workflow_dispatch": payloads.workflow_dispatch_event(ref="refs/heads/main", **where),
        "repository_dispatch": payloads.repository_dispatch_event(event_type="preview", **where),
        "workflow_run": payloads.workflow_run_event(action="completed", head_branch="x", head_sha="1" * 40, **where),
    }[event]
    life.emulator.pull_request(life.number, state="open")
    assert happens(life, event, payload, pr=str(life.number)).outputs["outcome"] == "created"
    life.emulator.pull_request(life.number, state="closed")
    assert happens(life, event, payload, pr=str(life.number)).outputs["outcome"] == "deleted"
    refused = life.runs(event, payload)
    assert refused.exit_code == 1
    assert "command and pr" in refused.annotations[-1].message
    unknown = life.runs(event, payload, {"command": "create", "branch": f"feat/{life.number}"})
    assert (unknown.exit_code, "There is no branch" in unknown.annotations[-1].message) == (1, True)
    life.emulator.control("PUT", f"github/branches/feat/{life.number}", {})
    assert happens(life, event, payload, command="create", branch=f"feat/{life.number}").outputs["outcome"] == "created"


def order(life: Life, words: str, *, by: str = "maintainer", **inputs: str) -> Run:
    where = life.emulator.where(by)
    kind = where["sender"]["type"]
    (written,) = life.emulator.control("PUT", f"github/comments/{life.number}", {"body": words, "login": by, "type": kind})
    comment = payloads.issue_comment(
        id=written["id"], repository=where["repository"], issue_number=life.number, body=words, user=where["sender"],
        created_at="2026-01-01T00:00:00Z", updated_at="2026-01-01T00:00:00Z",
    )  # fmt: skip
    comment["author_association"] = "OWNER"  # what a payload says is not what counts
    pull_request = life.emulator.pull_request(life.number)
    payload = payloads.issue_comment_event(action="created", comment=comment, pull_request=pull_request, **where)
    return happens(life, "issue_comment", payload, **inputs)


def reactions(life: Life) -> list[list[str]]:
    return [comment["reactions"] for comment in life.comments() if comment["body"].startswith("/")]


def test_orders_in_comments_are_carried_out_and_answered(life: Life) -> None:
    life.emulator.control("PUT", "github/permissions/maintainer", {"permission": "write"})
    first = life.opened()
    reset = order(life, "/preview-db reset\nplease")
    assert reset.outputs["outcome"] == "reset"
    assert reset.outputs["database_id"] != first.outputs["database_id"]
    told = life.comments()[0]["body"]
    assert "reset" in told
    assert order(life, "/preview-db status").outputs["outcome"] == "planned"
    assert order(life, "/preview-db delete").outputs["outcome"] == "deleted"
    assert order(life, "/preview-db status").outputs["outcome"] == "absent"
    assert order(life, "/preview-db create").outputs["outcome"] == "created"
    assert order(life, "/preview-db explode").outputs["outcome"] == "skipped"
    assert reactions(life) == [["+1"], ["+1"], ["+1"], ["+1"], ["+1"], ["confused"]]
    assert len([comment for comment in life.comments() if comment["user"] == "github-actions[bot]"]) == 1


def test_an_order_that_fails_is_answered_so(life: Life) -> None:
    life.emulator.control("PUT", "github/permissions/maintainer", {"permission": "admin"})
    life.opened()
    where = life.emulator.where("maintainer")
    (written,) = life.emulator.control("PUT", f"github/comments/{life.number}", {"body": "/preview-db reset", "login": "maintainer"})
    comment = payloads.issue_comment(
        id=written["id"], repository=where["repository"], issue_number=life.number, body="/preview-db reset", user=where["sender"],
        created_at="2026-01-01T00:00:00Z", updated_at="2026-01-01T00:00:00Z",
    )  # fmt: skip
    payload = payloads.issue_comment_event(action="created", comment=comment, pull_request=life.emulator.pull_request(life.number), **where)
    assert life.runs("issue_comment", payload, {"project": "nowhere"}).exit_code == 1
    assert reactions(life) == [["-1"]]


@pytest.mark.parametrize("by", ["stranger", "helpful[bot]"])
def test_anyone_elses_orders_are_ignored(life: Life, by: str) -> None:
    life.opened()
    run = order(life, "/preview-db delete", by=by)
    assert run.outputs["outcome"] == "skipped"
    assert reactions(life) == [[]]
    assert len(life.databases()) == 1


def test_a_reset_replaces_the_data_under_the_same_identity(life: Life) -> None:
    first = life.opened(database_name="My name")
    with psycopg.connect(first.outputs["database_url"]) as database:
        database.execute("create table old (id int)")
    second = life.pushed(on_push="reset", database_name="My name")
    assert second.outputs["outcome"] == "reset"
    assert second.outputs["database_id"] != first.outputs["database_id"]
    (left,) = life.databases()
    assert (left["id"], left["name"]) == (second.outputs["database_id"], "My name")
    assert left["logicalId"]
    assert not can_log_in(first.outputs["database_url"])
    with psycopg.connect(second.outputs["database_url"]) as database:
        assert database.execute("select to_regclass('old')").fetchone() == (None,)
    assert "reset" in life.comments()[0]["body"]
    assert life.pushed().outputs["database_id"] == second.outputs["database_id"]
    assert life.closed().outputs["outcome"] == "deleted"


@pytest.mark.parametrize("mode", ["ignored", "refused"])
def test_a_reset_works_without_logical_id(life: Life, mode: str) -> None:
    life.emulator.control("PUT", "settings", {"logical_id": mode})
    life.opened()
    assert life.pushed(command="reset").outputs["outcome"] == "reset"
    assert len(life.databases()) == 1


def test_a_reset_that_cannot_be_finished_keeps_the_old_one(life: Life) -> None:
    first = life.opened()
    life.emulator.control("PUT", "settings", {"next_statuses": ["failure"]})
    assert life.pushed(command="reset").exit_code == 1
    assert [one["id"] for one in life.databases()] == [first.outputs["database_id"]]
    assert can_log_in(first.outputs["database_url"])
    life.emulator.control("PUT", "settings", {"cold_start_s": 30})
    assert life.pushed(command="reset", timeout="2s").exit_code == 1
    assert [one["id"] for one in life.databases()] == [first.outputs["database_id"]]


def test_a_reset_of_what_is_not_there_creates(life: Life) -> None:
    life.emulator.pull_request(life.number, state="open")
    assert life.pushed(command="reset").outputs["outcome"] == "created"


def test_a_closed_run_run_again_leaves_a_reopened_pull_request_alone(life: Life) -> None:
    life.opened()
    closed = life.emulator.pull_request_event("closed", life.number, state="closed")
    assert happens(life, "pull_request", closed).outputs["outcome"] == "deleted"
    life.happens("reopened", {"state": "open"})
    assert happens(life, "pull_request", closed).outputs["outcome"] == "skipped"
    assert len(life.databases()) == 1


def test_a_plan_says_what_would_be_done_and_does_nothing(life: Life) -> None:
    life.emulator.pull_request(life.number, state="open")
    plan = life.pushed(command="plan", deployment="true")
    assert (plan.outputs["outcome"], "database_url" in plan.outputs) == ("planned", False)
    assert [step["action"] for step in json.loads(plan.outputs["plan"])] == ["create", "mint", "wait"]
    assert "create" in plan.summary
    assert life.databases() == []
    assert life.comments() == []
    assert not [
        one for one in life.emulator.control("GET", "github/deployments") if one["fields"]["task"].endswith(identity.tag(life.scope))
    ]
    life.opened()
    dry = life.closed(dry_run="true")
    assert [step["action"] for step in json.loads(dry.outputs["plan"])] == ["delete"]
    assert len(life.databases()) == 1


def test_deployments_follow_the_life_and_nothing_is_left(life: Life) -> None:
    life.inputs["deployment"] = "true"

    def states() -> list[tuple[str, list[str]]]:
        mine = [
            one for one in life.emulator.control("GET", "github/deployments") if one["fields"]["task"].endswith(identity.tag(life.scope))
        ]
        return [(one["sha"][:1], [status["fields"]["state"] for status in one["statuses"]]) for one in mine]

    life.happens("opened", {"state": "open", "head_sha": "a" * 40})
    assert [(sha, set(found)) for sha, found in states()] == [("a", {"in_progress", "success"})]
    life.happens("synchronize", {"head_sha": "b" * 40})
    assert [sha for sha, _ in states()] == ["b"]
    life.emulator.control("PUT", "settings", {"next_statuses": ["failure"]})
    assert life.happens("synchronize", {}, command="reset").exit_code == 1
    assert "failure" in states()[0][1]
    life.emulator.control("PUT", "settings", {"next_statuses": []})
    life.closed()
    assert states() == []


def test_a_deployment_that_cannot_be_recorded_is_a_warning(life: Life) -> None:
    life.emulator.control("PUT", "faults", {"kinds": ["500"], "operations": ["/deployments"]})
    run = life.opened(deployment="true")
    assert run.outputs["outcome"] == "created"
    assert any(one.level == "warning" and "deployments: write" in one.message + "deployments: write" for one in run.annotations)


def test_a_renamed_or_transferred_repository_keeps_its_previews(life: Life) -> None:
    first = life.opened()
    payload = life.emulator.pull_request_event("synchronize", life.number)
    renamed = {**payload, "repository": {**payload["repository"], "full_name": "new-owner/new-name", "name": "new-name"}}
    run = life.runs("pull_request", renamed, {"github_token": ""})
    assert run.outputs["outcome"] == "reused"
    assert run.outputs["database_id"] == first.outputs["database_id"]


def test_two_repositories_in_one_project_stay_apart(life: Life) -> None:
    first = life.opened()
    payload = life.emulator.pull_request_event("synchronize", life.number)
    other = {**payload, "repository": {**payload["repository"], "id": payload["repository"]["id"] + 1}}
    second = life.runs("pull_request", other, {"github_token": ""})
    assert second.outputs["outcome"] == "created"
    closed = {**other, "action": "closed"}
    assert life.runs("pull_request", closed, {"github_token": ""}).outputs["outcome"] == "deleted"
    assert [one["id"] for one in life.databases()] == [first.outputs["database_id"]]


def test_a_re_run_reuses_what_its_first_attempt_made(life: Life) -> None:
    payload = life.emulator.pull_request_event("opened", life.number, state="open")
    first = life.runs("pull_request", payload, run_id=77, attempt=1)
    again = life.runs("pull_request", payload, run_id=77, attempt=2)
    assert outcomes(first, again) == ["created", "reused"]
    assert {one["name"] for one in life.databases()[0]["connections"]} >= {"app-77-2"}


def test_two_runs_at_once_end_with_one_database_and_two_strings(life: Life) -> None:
    life.emulator.pull_request(life.number, state="open")
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: life.pushed(), range(2)))
    assert len({run.outputs["database_id"] for run in runs}) == 1
    assert all(can_log_in(run.outputs["database_url"]) for run in runs)
    assert len(life.databases()) == 1


@pytest.mark.parametrize("event", ["pull_request", "push", "merge_group", "issue_comment", "delete"])
def test_a_payload_without_what_it_must_have_is_an_error_in_words(life: Life, event: str) -> None:
    payload = life.emulator.pull_request_event("opened", life.number, state="open")
    # The event's name is set by hand, so that the runner's stand-in, which reads payloads too, takes it for what it is.
    life.environ["GITHUB_EVENT_NAME"] = event
    broken = {key: value for key, value in payload.items() if key in ("repository", "sender", "action")}
    run = life.runs("schedule", {**broken, "schedule": "0 3 * * *"})
    assert run.exit_code == 1
    assert "can't be read" in run.annotations[-1].message
    assert "Traceback" not in run.raw_stdout + run.raw_stderr
