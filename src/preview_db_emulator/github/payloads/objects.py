"""GitHub's objects: accounts, repositories, commits."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from .parts import BORN, account_id, email, node_id

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
