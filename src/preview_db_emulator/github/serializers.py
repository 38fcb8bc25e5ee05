"""The repository's models as GitHub's API shows them, and as the events of a run have them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from . import payloads
from .repository import BOT, DEFAULT_BRANCH, Comment, Environment, GitBranch, PullRequest, Reaction, Repository

Json = dict[str, Any]

BOT_ID = 41898282  # github-actions[bot] on github.com
# A list of pull requests shows less than a single one does.
ONLY_IN_DETAIL = (
    *("merged", "mergeable", "rebaseable", "mergeable_state", "merged_by", "comments", "review_comments"),
    *("maintainer_can_modify", "commits", "additions", "deletions", "changed_files"),
)


class Serializer:
    """Turns the repository's models into GitHub's JSON."""

    def __init__(self, repository: Repository, api_url: str, server_url: str) -> None:
        self._repository = repository
        self._api_url = api_url
        self._server_url = server_url

    @property
    def url(self) -> str:
        """The repository's address in the API."""
        return f"{self._api_url}/repos/{self._repository.full_name}"

    def account(self, login: str, kind: str = "User") -> Json:
        id = BOT_ID if login == BOT else payloads.account_id(login)
        kind = "Bot" if login.endswith("[bot]") else kind
        return payloads.user(login, id=id, kind=kind, api_url=self._api_url, server_url=self._server_url)

    def token_account(self) -> Json:
        return self.account(self._repository.token_login)

    def repository(self) -> Json:
        shown = payloads.repository(
            self._repository.full_name,
            id=self._repository.id,
            api_url=self._api_url,
            server_url=self._server_url,
            default_branch=DEFAULT_BRANCH,
            private=self._repository.private,
        )
        return {**shown, "archived": self._repository.archived}

    def _fork(self, full_name: str) -> Json:
        id = payloads.account_id(f"repository:{full_name}")
        return payloads.repository(full_name, id=id, api_url=self._api_url, server_url=self._server_url, fork=True)

    def pull(self, pull: PullRequest) -> Json:
        repository = self.repository()
        own = pull.head_repo == self._repository.full_name
        return payloads.pull_request(
            number=pull.number,
            repository=repository,
            head_ref=pull.head_ref,
            head_sha=pull.head_sha,
            base_ref=pull.base_ref,
            base_sha=self._repository.resolve(pull.base_ref) or pull.head_sha,
            head_repository=repository if own else self._fork(pull.head_repo) if pull.head_repo else None,
            state=pull.state,
            merged=pull.merged,
            draft=pull.draft,
            labels=pull.labels,
            title=pull.title,
            body=pull.body,
            user=self.account(pull.user),
            created_at=pull.created_at,
            updated_at=pull.updated_at,
            closed_at=pull.closed_at,
            merged_at=pull.merged_at,
        )

    def pull_in_list(self, pull: PullRequest) -> Json:
        return {key: value for key, value in self.pull(pull).items() if key not in ONLY_IN_DETAIL}

    def comment(self, comment: Comment) -> Json:
        return payloads.issue_comment(
            id=comment.id,
            repository=self.repository(),
            issue_number=comment.issue,
            body=comment.body,
            user=self.account(comment.login, comment.kind),
            created_at=comment.created_at,
            updated_at=comment.updated_at,
        )

    def reaction(self, reaction: Reaction) -> Json:
        return {
            "id": reaction.id,
            "node_id": f"REA_{reaction.id}",
            "user": self.account(reaction.login),
            "content": reaction.content,
            "created_at": reaction.created_at,
        }

    def branch(self, branch: GitBranch) -> Json:
        url = f"{self.url}/commits/{branch.sha}"
        return {
            "name": branch.name,
            "commit": {"sha": branch.sha, "url": url},
            "protected": False,
            "protection_url": f"{self.url}/branches/{quote(branch.name)}/protection",
        }

    def branch_in_full(self, branch: GitBranch) -> Json:
        """Render a branch as it is shown by itself, with its commit in full."""
        in_list = self.branch(branch)
        author = self.account(self._repository.full_name.split("/")[0])
        page = f"{self._server_url}/{self._repository.full_name}/tree/{quote(branch.name)}"
        return {
            **in_list,
            "commit": payloads.commit_in_full(branch.sha, repository=self.repository(), author=author),
            "_links": {"self": f"{self.url}/branches/{quote(branch.name)}", "html": page},
            "protection": {"enabled": False, "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []}},
        }

    def environment(self, environment: Environment) -> Json:
        name = quote(environment.name, safe="")
        return {
            "id": environment.id,
            "node_id": f"EN_{environment.id}",
            "name": environment.name,
            "url": f"{self.url}/environments/{name}",
            "html_url": f"{self._server_url}/{self._repository.full_name}/deployments/activity_log?environments_filter={name}",
            "created_at": environment.created_at,
            "updated_at": environment.created_at,
            "can_admins_bypass": True,
            "protection_rules": [],
            "deployment_branch_policy": None,
        }

    def ref(self, branch: GitBranch) -> Json:
        commit = {"sha": branch.sha, "type": "commit", "url": f"{self.url}/git/commits/{branch.sha}"}
        ref = f"refs/heads/{branch.name}"
        return {"ref": ref, "node_id": f"REF_{branch.sha}", "url": f"{self.url}/git/{quote(ref)}", "object": commit}
