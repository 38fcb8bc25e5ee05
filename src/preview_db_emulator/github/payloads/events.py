"""The payloads of GitHub's webhooks, which a run finds as its event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .objects import REPOSITORY_LINKS, commit
from .parts import BORN, email, node_id
from .pull_requests import issue

Json = dict[str, Any]

_NOBODY = "0" * 40
# What a run of a workflow says of its repository; the rest of the keys is left out there.
_LITE = (
    *("id", "node_id", "name", "full_name", "private", "owner", "html_url", "description", "fork", "url"),
    *(key for key in REPOSITORY_LINKS),
)


def pull_request_event(*, action: str, pull_request: Json, repository: Json, sender: Json, **extra: Any) -> Json:
    """Render ``pull_request``; ``extra`` is what only some actions carry: ``label``, ``before`` and ``after``, ``changes``."""
    return {
        "action": action,
        "number": pull_request["number"],
        "pull_request": pull_request,
        **extra,
        **_where(repository, sender),
    }


def issue_comment_event(*, action: str, comment: Json, pull_request: Json, repository: Json, sender: Json, **extra: Any) -> Json:
    """Render ``issue_comment`` for a comment on a pull request."""
    return {
        "action": action,
        "issue": issue(pull_request=pull_request, repository=repository),
        "comment": comment,
        **extra,
        **_where(repository, sender),
    }


def push_event(*, ref: str, before: str, after: str, repository: Json, sender: Json, timestamp: str = BORN, forced: bool = False) -> Json:
    """Render ``push``; ``before`` is all zeros for a new branch and ``after`` for one that was deleted."""
    created, deleted = before == _NOBODY, after == _NOBODY
    head = None if deleted else commit(after, repository=repository, author=sender, timestamp=timestamp)
    login = sender["login"]
    owner = repository["owner"]
    return {
        "ref": ref,
        "before": before,
        "after": after,
        "created": created,
        "deleted": deleted,
        "forced": forced,
        "base_ref": None,
        "compare": f"{repository['html_url']}/compare/{before[:12]}...{after[:12]}",
        "commits": [head] if head and not created else [],
        "head_commit": head,
        **_where(repository, sender),
        # A push, alone among the events, gives its repository's page as `url` and times as seconds.
        "repository": {
            **repository,
            "url": repository["html_url"],
            "owner": {"name": owner["login"], "email": email(owner), **owner},
            "created_at": 1_704_067_200,
            "pushed_at": 1_704_067_200,
            "stargazers": 0,
            "master_branch": repository["default_branch"],
        },
        "pusher": {"name": login, "email": email(sender)},
    }


def create_event(*, ref: str, repository: Json, sender: Json, ref_type: str = "branch") -> Json:
    """Render ``create``; ``ref`` is the short name, without ``refs/heads/``."""
    return {
        "ref": ref,
        "ref_type": ref_type,
        "master_branch": repository["default_branch"],
        "description": repository["description"],
        "pusher_type": "user",
        **_where(repository, sender),
    }


def delete_event(*, ref: str, repository: Json, sender: Json, ref_type: str = "branch") -> Json:
    """Render ``delete``; ``ref`` is the short name, without ``refs/heads/``."""
    return {"ref": ref, "ref_type": ref_type, "pusher_type": "user", **_where(repository, sender)}


def merge_group_event(
    *,
    action: str,
    number: int,
    base_ref: str,
    base_sha: str,
    head_sha: str,
    repository: Json,
    sender: Json,
    timestamp: str = BORN,
    reason: str | None = None,
) -> Json:
    """Render ``merge_group``: ``checks_requested``, or ``destroyed`` with its ``reason`` (merged, invalidated, dequeued)."""
    head = commit(head_sha, repository=repository, author=sender, timestamp=timestamp)
    return {
        "action": action,
        **({"reason": reason or "merged"} if action == "destroyed" else {}),
        "merge_group": {
            "head_sha": head_sha,
            "head_ref": f"refs/heads/gh-readonly-queue/{base_ref}/pr-{number}-{base_sha}",
            "base_sha": base_sha,
            "base_ref": f"refs/heads/{base_ref}",
            "head_commit": _short_commit(head),
        },
        **_where(repository, sender),
    }


def schedule_event(*, schedule: str, repository: Json, workflow: str = ".github/workflows/sweep.yml") -> Json:
    """Render what a scheduled run finds as its event; GitHub documents no webhook for it."""
    return {"schedule": schedule, "workflow": workflow, "repository": repository}


def workflow_dispatch_event(
    *,
    ref: str,
    repository: Json,
    sender: Json,
    inputs: Mapping[str, str] | None = None,
    workflow: str = ".github/workflows/preview-db.yml",
) -> Json:
    """Render ``workflow_dispatch``; inputs are null where the workflow declares none."""
    return {"inputs": dict(inputs) if inputs else None, "ref": ref, "workflow": workflow, **_where(repository, sender)}


def repository_dispatch_event(*, event_type: str, repository: Json, sender: Json, client_payload: Mapping[str, Any] | None = None) -> Json:
    """Render ``repository_dispatch``; its ``action`` is the type the caller chose."""
    return {
        "action": event_type,
        "branch": repository["default_branch"],
        "client_payload": dict(client_payload or {}),
        **_where(repository, sender),
        "installation": {"id": 1, "node_id": node_id("I", 0, 1)},
    }


def workflow_run_event(
    *,
    action: str,
    repository: Json,
    sender: Json,
    head_branch: str,
    head_sha: str,
    run_id: int = 1,
    event: str = "pull_request",
    conclusion: str | None = "success",
    head_repository: Json | None = None,
    pull_requests: Sequence[Json] = (),
    timestamp: str = BORN,
) -> Json:
    """Render ``workflow_run``; GitHub leaves ``pull_requests`` empty for those from forks."""
    path, name, workflow_id, suite_id = ".github/workflows/ci.yml", "CI", 101, 1001
    url = f"{repository['url']}/actions/runs/{run_id}"
    workflow_url = f"{repository['url']}/actions/workflows/{workflow_id}"
    completed = action == "completed"
    head = commit(head_sha, repository=repository, author=sender, timestamp=timestamp)
    return {
        "action": action,
        "workflow_run": {
            "id": run_id,
            "name": name,
            "node_id": node_id("WFR", repository["id"], run_id),
            "head_branch": head_branch,
            "head_sha": head_sha,
            "path": path,
            "display_title": head["message"],
            "run_number": 1,
            "event": event,
            "status": "completed" if completed else "in_progress",
            "conclusion": conclusion if completed else None,
            "workflow_id": workflow_id,
            "check_suite_id": suite_id,
            "check_suite_node_id": node_id("CS", repository["id"], suite_id),
            "url": url,
            "html_url": f"{repository['html_url']}/actions/runs/{run_id}",
            "pull_requests": [_pull_request_reference(pull) for pull in pull_requests],
            "created_at": timestamp,
            "updated_at": timestamp,
            "actor": sender,
            "triggering_actor": sender,
            "run_attempt": 1,
            "referenced_workflows": [],
            "run_started_at": timestamp,
            "jobs_url": f"{url}/jobs",
            "logs_url": f"{url}/logs",
            "check_suite_url": f"{repository['url']}/check-suites/{suite_id}",
            "artifacts_url": f"{url}/artifacts",
            "cancel_url": f"{url}/cancel",
            "rerun_url": f"{url}/rerun",
            "previous_attempt_url": None,
            "workflow_url": workflow_url,
            "head_commit": _short_commit(head),
            "repository": {key: repository[key] for key in _LITE},
            "head_repository": {key: (head_repository or repository)[key] for key in _LITE},
        },
        "workflow": {
            "id": workflow_id,
            "node_id": node_id("W", repository["id"], workflow_id),
            "name": name,
            "path": path,
            "state": "active",
            "created_at": BORN,
            "updated_at": BORN,
            "url": workflow_url,
            "html_url": f"{repository['html_url']}/blob/{repository['default_branch']}/{path}",
            "badge_url": f"{repository['html_url']}/workflows/{name}/badge.svg",
        },
        **_where(repository, sender),
    }


def _where(repository: Json, sender: Json) -> Json:
    """Render what nearly every payload ends with."""
    owner = repository["owner"]
    organization = {"organization": _organization(owner)} if owner["type"] == "Organization" else {}
    return {"repository": repository, **organization, "sender": sender}


def _organization(owner: Json) -> Json:
    url = owner["url"].replace("/users/", "/orgs/")
    return {
        "login": owner["login"],
        "id": owner["id"],
        "node_id": owner["node_id"],
        "url": url,
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events",
        "hooks_url": f"{url}/hooks",
        "issues_url": f"{url}/issues",
        "members_url": f"{url}/members{{/member}}",
        "public_members_url": f"{url}/public_members{{/member}}",
        "avatar_url": owner["avatar_url"],
        "description": None,
    }


def _pull_request_reference(pull: Json) -> Json:
    """Render a pull request as ``workflow_run`` refers to it."""
    end = {
        side: {
            "ref": pull[side]["ref"],
            "sha": pull[side]["sha"],
            "repo": {key: pull[side]["repo"][key] for key in ("id", "url", "name")},
        }
        for side in ("head", "base")
    }
    return {"url": pull["url"], "id": pull["id"], "number": pull["number"], **end}


def _short_commit(commit: Json) -> Json:
    people = {who: {key: commit[who][key] for key in ("name", "email")} for who in ("author", "committer")}
    return {**{key: commit[key] for key in ("id", "tree_id", "message", "timestamp")}, **people}
