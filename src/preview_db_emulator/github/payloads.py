"""GitHub's objects and webhook payloads, with every key GitHub documents for them.

Pure functions. API addresses are built on ``api_url`` and pages on ``server_url``; the functions that take a
repository read both from it, so that no two parts of one payload disagree.
"""

import base64
import zlib
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

Json = dict[str, Any]

_BORN = "2024-01-01T00:00:00Z"
_NOBODY = "0" * 40
_OWNER_LINKS = {
    "followers_url": "followers",
    "following_url": "following{/other_user}",
    "gists_url": "gists{/gist_id}",
    "starred_url": "starred{/owner}{/repo}",
    "subscriptions_url": "subscriptions",
    "organizations_url": "orgs",
    "repos_url": "repos",
    "events_url": "events{/privacy}",
    "received_events_url": "received_events",
}
_REPOSITORY_LINKS = {
    "forks_url": "forks",
    "keys_url": "keys{/key_id}",
    "collaborators_url": "collaborators{/collaborator}",
    "teams_url": "teams",
    "hooks_url": "hooks",
    "issue_events_url": "issues/events{/number}",
    "events_url": "events",
    "assignees_url": "assignees{/user}",
    "branches_url": "branches{/branch}",
    "tags_url": "tags",
    "blobs_url": "git/blobs{/sha}",
    "git_tags_url": "git/tags{/sha}",
    "git_refs_url": "git/refs{/sha}",
    "trees_url": "git/trees{/sha}",
    "statuses_url": "statuses/{sha}",
    "languages_url": "languages",
    "stargazers_url": "stargazers",
    "contributors_url": "contributors",
    "subscribers_url": "subscribers",
    "subscription_url": "subscription",
    "commits_url": "commits{/sha}",
    "git_commits_url": "git/commits{/sha}",
    "comments_url": "comments{/number}",
    "issue_comment_url": "issues/comments{/number}",
    "contents_url": "contents/{+path}",
    "compare_url": "compare/{base}...{head}",
    "merges_url": "merges",
    "archive_url": "{archive_format}{/ref}",
    "downloads_url": "downloads",
    "issues_url": "issues{/number}",
    "pulls_url": "pulls{/number}",
    "milestones_url": "milestones{/number}",
    "notifications_url": "notifications{?since,all,participating}",
    "labels_url": "labels{/name}",
    "releases_url": "releases{/id}",
    "deployments_url": "deployments",
}
# What a run of a workflow says of its repository; the rest of the keys is left out there.
_LITE = (
    *("id", "node_id", "name", "full_name", "private", "owner", "html_url", "description", "fork", "url"),
    *(key for key in _REPOSITORY_LINKS),
)


# --- objects -----------------------------------------------------------------------------------------------------


def user(login: str, *, id: int, kind: str = "User", api_url: str, server_url: str) -> Json:
    """Render an account; ``kind`` is ``User``, ``Bot`` or ``Organization``."""
    url = f"{api_url}/users/{quote(login, safe='')}"
    page = f"apps/{login.removesuffix('[bot]')}" if kind == "Bot" else login
    prefix = {"Bot": "BOT", "Organization": "O"}.get(kind, "U")
    return {
        "login": login,
        "id": id,
        "node_id": _node_id(prefix, 0, id),
        "avatar_url": f"{server_url}/avatars/u/{id}?v=4",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{server_url}/{page}",
        **{key: f"{url}/{path}" for key, path in _OWNER_LINKS.items()},
        "type": kind,
        "user_view_type": "public",
        "site_admin": False,
    }


def repository(
    full_name: str,
    *,
    id: int,
    api_url: str,
    server_url: str,
    default_branch: str = "main",
    private: bool = False,
    fork: bool = False,
    owner: Json | None = None,
) -> Json:
    """Render a repository; without an ``owner``, one is made up from the name, the same each time."""
    login, name = full_name.split("/", 1)
    owner = owner or user(login, id=account_id(login), api_url=api_url, server_url=server_url)
    url, page = f"{api_url}/repos/{full_name}", f"{server_url}/{full_name}"
    host = urlsplit(server_url).hostname
    return {
        "id": id,
        "node_id": _node_id("R", 0, id),
        "name": name,
        "full_name": full_name,
        "private": private,
        "owner": owner,
        "html_url": page,
        "description": None,
        "fork": fork,
        "url": url,
        **{key: f"{url}/{path}" for key, path in _REPOSITORY_LINKS.items()},
        "created_at": _BORN,
        "updated_at": _BORN,
        "pushed_at": _BORN,
        "git_url": f"git://{host}/{full_name}.git",
        "ssh_url": f"git@{host}:{full_name}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        "homepage": None,
        "size": 0,
        "stargazers_count": 0,
        "watchers_count": 0,
        "language": None,
        "has_issues": True,
        "has_projects": True,
        "has_downloads": True,
        "has_wiki": True,
        "has_pages": False,
        "has_discussions": False,
        "forks_count": 0,
        "mirror_url": None,
        "archived": False,
        "disabled": False,
        "open_issues_count": 0,
        "license": None,
        "allow_forking": True,
        "is_template": False,
        "web_commit_signoff_required": False,
        "topics": [],
        "visibility": "private" if private else "public",
        "forks": 0,
        "open_issues": 0,
        "watchers": 0,
        "default_branch": default_branch,
        "custom_properties": {},
    }


def pull_request(
    *,
    number: int,
    repository: Json,
    head_ref: str,
    head_sha: str,
    base_ref: str,
    base_sha: str,
    head_repository: Json | None,
    state: str,
    merged: bool,
    draft: bool,
    labels: Sequence[str],
    title: str,
    body: str | None,
    user: Json,
    created_at: str,
    updated_at: str,
    closed_at: str | None,
    merged_at: str | None,
) -> Json:
    """Render a pull request in full; ``head_repository`` is None once the fork it came from is deleted."""
    url = f"{repository['url']}/pulls/{number}"
    issue = f"{repository['url']}/issues/{number}"
    page = f"{repository['html_url']}/pull/{number}"
    links = {
        "self": url,
        "html": page,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{repository['url']}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{repository['url']}/statuses/{head_sha}",
    }
    id = repository["id"] * 100_000 + number
    return {
        "url": url,
        "id": id,
        "node_id": _node_id("PR", repository["id"], id),
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": issue,
        "number": number,
        "state": state,
        "locked": False,
        "title": title,
        "user": user,
        "body": body,
        "created_at": created_at,
        "updated_at": updated_at,
        "closed_at": closed_at,
        "merged_at": merged_at,
        "merge_commit_sha": head_sha if merged else None,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [label(name, repository=repository) for name in labels],
        "milestone": None,
        "draft": draft,
        **{f"{key}_url": links[key] for key in ("commits", "review_comments", "review_comment", "comments", "statuses")},
        "head": _end(head_ref, head_sha, head_repository, user),
        "base": _end(base_ref, base_sha, repository, user),
        "_links": {key: {"href": href} for key, href in links.items()},
        "author_association": _association(user, repository),
        "auto_merge": None,
        "active_lock_reason": None,
        "merged": merged,
        # GitHub computes these in the background and says null until it knows.
        "mergeable": None,
        "rebaseable": None,
        "mergeable_state": "unknown",
        "merged_by": user if merged else None,
        "comments": 0,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": 1,
        "additions": 1,
        "deletions": 1,
        "changed_files": 1,
    }


def label(name: str, *, repository: Json) -> Json:
    """Render a label of a repository."""
    id = account_id(f"label:{name}")
    return {
        "id": id,
        "node_id": _node_id("LA", repository["id"], id),
        "url": f"{repository['url']}/labels/{quote(name, safe='')}",
        "name": name,
        "color": "ededed",
        "default": False,
        "description": None,
    }


def issue_comment(
    *,
    id: int,
    repository: Json,
    issue_number: int,
    body: str,
    user: Json,
    created_at: str,
    updated_at: str,
) -> Json:
    """Render a comment on a pull request, which GitHub counts among the issues."""
    url = f"{repository['url']}/issues/comments/{id}"
    return {
        "url": url,
        "html_url": f"{repository['html_url']}/pull/{issue_number}#issuecomment-{id}",
        "issue_url": f"{repository['url']}/issues/{issue_number}",
        "id": id,
        "node_id": _node_id("IC", repository["id"], id),
        "user": user,
        "created_at": created_at,
        "updated_at": updated_at,
        "author_association": _association(user, repository),
        "body": body,
        "reactions": _reactions(url),
        "performed_via_github_app": None,
    }


def issue(*, pull_request: Json, repository: Json) -> Json:
    """Render a pull request the way the issues endpoints show it."""
    url = pull_request["issue_url"]
    same = (
        *("id", "number", "title", "user", "labels", "state", "locked", "assignee", "assignees", "milestone"),
        *("comments", "created_at", "updated_at", "closed_at", "author_association", "active_lock_reason"),
        *("draft", "body", "html_url"),
    )
    return {
        "url": url,
        "repository_url": repository["url"],
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "timeline_url": f"{url}/timeline",
        "node_id": pull_request["node_id"],
        **{key: pull_request[key] for key in same},
        "pull_request": {key: pull_request[key] for key in ("url", "html_url", "diff_url", "patch_url", "merged_at")},
        "reactions": _reactions(url),
        "performed_via_github_app": None,
        "state_reason": None,
    }


# --- webhook payloads --------------------------------------------------------------------------------------------


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


def push_event(*, ref: str, before: str, after: str, repository: Json, sender: Json, timestamp: str = _BORN, forced: bool = False) -> Json:
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
            "owner": {"name": owner["login"], "email": _email(owner), **owner},
            "created_at": 1_704_067_200,
            "pushed_at": 1_704_067_200,
            "stargazers": 0,
            "master_branch": repository["default_branch"],
        },
        "pusher": {"name": login, "email": _email(sender)},
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
    timestamp: str = _BORN,
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
        "installation": {"id": 1, "node_id": _node_id("I", 0, 1)},
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
    timestamp: str = _BORN,
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
            "node_id": _node_id("WFR", repository["id"], run_id),
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
            "check_suite_node_id": _node_id("CS", repository["id"], suite_id),
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
            "node_id": _node_id("W", repository["id"], workflow_id),
            "name": name,
            "path": path,
            "state": "active",
            "created_at": _BORN,
            "updated_at": _BORN,
            "url": workflow_url,
            "html_url": f"{repository['html_url']}/blob/{repository['default_branch']}/{path}",
            "badge_url": f"{repository['html_url']}/workflows/{name}/badge.svg",
        },
        **_where(repository, sender),
    }


# --- what they are made of ---------------------------------------------------------------------------------------


def commit(sha: str, *, repository: Json, author: Json, timestamp: str, message: str = "Change something") -> Json:
    """Render a commit the way ``push`` describes it."""
    person = {"name": author["login"], "email": _email(author), "username": author["login"]}
    return {
        "id": sha,
        "tree_id": sha[::-1],
        "distinct": True,
        "message": message,
        "timestamp": timestamp,
        "url": f"{repository['html_url']}/commit/{sha}",
        "author": person,
        "committer": person,
        "added": [],
        "removed": [],
        "modified": ["README.md"],
    }


def account_id(name: str) -> int:
    """Make up an id for a name: the same one each time, on every machine."""
    return zlib.crc32(name.lower().encode())


def _end(ref: str, sha: str, repository: Json | None, author: Json) -> Json:
    """Render the head or base of a pull request."""
    owner = repository["owner"] if repository else author
    return {"label": f"{owner['login']}:{ref}", "ref": ref, "sha": sha, "user": owner, "repo": repository}


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


def _association(author: Json, repository: Json) -> str:
    if author["login"] == repository["owner"]["login"]:
        return "OWNER"
    return "NONE" if author["type"] == "Bot" else "CONTRIBUTOR"


def _reactions(url: str) -> Json:
    kinds = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
    return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(kinds, 0)}


def _email(account: Json) -> str:
    return f"{account['id']}+{account['login']}@users.noreply.{urlsplit(account['html_url']).hostname}"


def _node_id(prefix: str, repository_id: int, id: int) -> str:
    """Make a global node id of GitHub's form: a type and the packed ids behind it."""
    numbers = [0, repository_id, id] if repository_id else [0, id]
    packed = b"".join(b"\xce" + n.to_bytes(4) if n < 2**32 else b"\xcf" + n.to_bytes(8) for n in numbers[1:])
    return f"{prefix}_{base64.urlsafe_b64encode(bytes([0x90 + len(numbers), 0]) + packed).decode().rstrip('=')}"
