"""GitHub's objects: accounts, repositories, pull requests, labels, comments, issues, commits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from .parts import BORN, account_id, association, email, merge_commit, node_id, reactions

Json = dict[str, Any]

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
REPOSITORY_LINKS = {
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


def user(login: str, *, id: int, kind: str = "User", api_url: str, server_url: str) -> Json:
    """Render an account; ``kind`` is ``User``, ``Bot`` or ``Organization``."""
    url = f"{api_url}/users/{quote(login, safe='')}"
    page = f"apps/{login.removesuffix('[bot]')}" if kind == "Bot" else login
    prefix = {"Bot": "BOT", "Organization": "O"}.get(kind, "U")
    return {
        "login": login,
        "id": id,
        "node_id": node_id(prefix, 0, id),
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
        "node_id": node_id("R", 0, id),
        "name": name,
        "full_name": full_name,
        "private": private,
        "owner": owner,
        "html_url": page,
        "description": None,
        "fork": fork,
        "url": url,
        **{key: f"{url}/{path}" for key, path in REPOSITORY_LINKS.items()},
        "created_at": BORN,
        "updated_at": BORN,
        "pushed_at": BORN,
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


def commit(sha: str, *, repository: Json, author: Json, timestamp: str, message: str = "Change something") -> Json:
    """Render a commit the way ``push`` describes it."""
    person = {"name": author["login"], "email": email(author), "username": author["login"]}
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


def _end(ref: str, sha: str, repository: Json | None, author: Json) -> Json:
    """Render the head or base of a pull request."""
    owner = repository["owner"] if repository else author
    return {"label": f"{owner['login']}:{ref}", "ref": ref, "sha": sha, "user": owner, "repo": repository}
