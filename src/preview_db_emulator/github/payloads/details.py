"""What GitHub shows of an account, a repository or a commit only where it is asked for by itself."""

from __future__ import annotations

from typing import Any

from .parts import BORN, email, node_id

Json = dict[str, Any]


def public_user(user: Json) -> Json:
    """Render an account's public profile."""
    unknown = dict.fromkeys(("company", "location", "email", "hireable", "bio", "twitter_username"))
    counts = {"public_repos": 1, "public_gists": 0, "followers": 0, "following": 0}
    return {**user, "name": user["login"], "blog": "", **unknown, **counts, "created_at": BORN, "updated_at": BORN}


def full_repository(repository: Json) -> Json:
    """Render a repository as a token of a job sees it, which may read and not administer it."""
    allowed = ("allow_squash_merge", "allow_merge_commit", "allow_rebase_merge")
    not_allowed = ("allow_auto_merge", "allow_update_branch", "delete_branch_on_merge", "use_squash_pr_title_as_default")
    return {
        **repository,
        "permissions": {"admin": False, "maintain": False, "push": True, "triage": True, "pull": True},
        "temp_clone_token": "",
        **dict.fromkeys(allowed, True),
        **dict.fromkeys(not_allowed, False),
        "squash_merge_commit_title": "COMMIT_OR_PR_TITLE",
        "squash_merge_commit_message": "COMMIT_MESSAGES",
        "merge_commit_title": "MERGE_MESSAGE",
        "merge_commit_message": "PR_TITLE",
        "network_count": 0,
        "subscribers_count": 0,
    }


def commit_in_full(sha: str, *, repository: Json, author: Json, message: str = "Change something") -> Json:
    """Render a commit as the commits endpoint and a single branch show it; an event has less."""
    url, page = f"{repository['url']}/commits/{sha}", f"{repository['html_url']}/commit/{sha}"
    person = {"name": author["login"], "email": email(author), "date": BORN}
    tree = sha[::-1]
    return {
        "sha": sha,
        "node_id": node_id("C", repository["id"], int(sha[:7], 16)),
        "commit": {
            "author": person,
            "committer": person,
            "message": message,
            "tree": {"sha": tree, "url": f"{repository['url']}/git/trees/{tree}"},
            "url": f"{repository['url']}/git/commits/{sha}",
            "comment_count": 0,
            "verification": {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None},
        },
        "url": url,
        "html_url": page,
        "comments_url": f"{url}/comments",
        "author": author,
        "committer": author,
        "parents": [],
    }
