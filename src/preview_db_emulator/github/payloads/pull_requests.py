"""A pull request, and what GitHub keeps around it: labels, the issue that it is too, comments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from .parts import account_id, association, merge_commit, node_id, reactions

Json = dict[str, Any]


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
        "node_id": node_id("PR", repository["id"], id),
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
        "merge_commit_sha": merge_commit(head_sha, base_sha) if merged else None,
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
        "author_association": association(user, repository),
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
        "node_id": node_id("LA", repository["id"], id),
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
        "node_id": node_id("IC", repository["id"], id),
        "user": user,
        "created_at": created_at,
        "updated_at": updated_at,
        "author_association": association(user, repository),
        "body": body,
        "reactions": reactions(url),
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
        "reactions": reactions(url),
        "performed_via_github_app": None,
        "state_reason": None,
    }


def _end(ref: str, sha: str, repository: Json | None, author: Json) -> Json:
    """Render the head or base of a pull request."""
    owner = repository["owner"] if repository else author
    return {"label": f"{owner['login']}:{ref}", "ref": ref, "sha": sha, "user": owner, "repo": repository}
