"""The repository a preview belongs to: what GitHub knows of it, and the one comment on a pull request."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import quote

from pydantic import SecretStr

from ...deadline import NEVER, Deadline
from ...planning.events import PullRequest
from .. import http
from .comment import JOBS_OWN, Comment, Told
from .errors import absent_is_none, failing
from .rest import Rest

if TYPE_CHECKING:
    from github import Github
    from github.Repository import Repository

    from ...planning.repositories import Listed

_Found = TypeVar("_Found")


class RepositoryIdentity(NamedTuple):
    """What GitHub says of a repository."""

    id: int
    default_branch: str


class GitHubRepository:
    """One repository on GitHub.

    Every method raises :class:`GitHubFailed`, with the permission it takes. A rate limit is waited out, if it ends before ``deadline``.

    Args:
        api_url: GitHub's REST API.
        token: the job's token, or one of the user's.
        repository: ``owner/name``.
        deadline: when nothing is asked any more.
        log: is told what is tried again.
        rest: what it is asked by, where there is one already, to be shared.
        identity: what is known of it already.
        login: tells whom the token writes as, where somebody else asks that.
    """

    def __init__(
        self,
        *,
        api_url: str,
        token: SecretStr,
        repository: str,
        deadline: Deadline = NEVER,
        log: Callable[[str], None] = http.silent,
        rest: Rest | None = None,
        identity: RepositoryIdentity | None = None,
        login: Callable[[], str] | None = None,
    ) -> None:
        self._api_url = api_url
        self._token = token
        self._repository_name = repository
        self.rest = rest or Rest(api_url, token=token, repository=repository, deadline=deadline, log=log)
        self._identity = identity
        self._whom = login

    def another(self, listed: Listed) -> GitHubRepository:
        """Another repository of the same server, by its id: whatever it is called by the time it is asked about, no other is meant."""
        return GitHubRepository(
            api_url=self._api_url,
            token=self._token,
            repository=listed.full_name,
            rest=self.rest.under(f"/repositories/{listed.id}"),
            identity=RepositoryIdentity(listed.id, listed.default_branch),
            login=self.login,
        )

    def begin(self, read: Callable[[], _Found]) -> Callable[[], _Found]:
        """Has something of this be read in the background: see :meth:`Background.begin`."""
        return self.rest.reads.begin(read)

    def close(self) -> None:
        self.rest.reads.close()

    def pull_request(self, number: int) -> PullRequest | None:
        """The pull request as it is now, or none if there is no such number."""
        with failing(f"Reading pull request #{number}", "pull-requests: read"):
            found = absent_is_none(lambda: self.rest.ask("GET", f"/pulls/{number}"))
            if found is not None and found["number"] != number:
                raise ValueError("another pull request")
            return None if found is None else PullRequest.model_validate(found)

    def identity(self) -> RepositoryIdentity:
        """What stays of it when it is renamed, and the branch that it always has."""
        if self._identity is not None:
            return self._identity
        with failing("Reading the repository"):
            found = self.rest.ask("GET", "")
            return RepositoryIdentity(int(found["id"]), str(found["default_branch"]))

    def open_pull_requests(self) -> list[PullRequest]:
        """All that are open, on every page."""
        with failing("Listing the open pull requests", "pull-requests: read"):
            return list(self.rest.list("/pulls", PullRequest.model_validate, state="open", sort="created", direction="asc"))

    def open_pull_requests_since(self, then: datetime) -> list[PullRequest]:
        """Those that are open and were touched since ``then`` by GitHub's clock, as whatever is reopened is. No older ones are read."""
        with failing("Listing the open pull requests", "pull-requests: read"):
            found = self.rest.list("/pulls", PullRequest.model_validate, state="open", sort="updated", direction="desc")
            return list(itertools.takewhile(lambda pull_request: pull_request.updated_at >= then, found))

    def closed_pull_requests(self, numbers: Collection[int], *, pages: int) -> list[PullRequest]:
        """Those of ``numbers`` that are among the pull requests closed and touched last; no more than ``pages`` of 100 are read."""
        found: list[PullRequest] = []
        with failing("Listing the closed pull requests", "pull-requests: read"):

            def read(item: Any) -> PullRequest | None:
                return PullRequest.model_validate(item) if item["number"] in numbers else None

            closed = self.rest.list("/pulls", read, pages=pages, state="closed", sort="updated", direction="desc")
            for pull_request in closed:
                found.append(pull_request)
                if len(found) == len(numbers):
                    break
        return found

    def branches(self) -> list[str]:
        """The names of all branches and tags, on every page: a tag has a preview only if somebody asked for it by name."""
        with failing("Listing the branches", "contents: read"):
            tags = [found.removeprefix("refs/tags/") for found in self._refs("tags/")]
            return [*self._complete(self.rest.list("/branches", lambda branch: str(branch["name"]))), *tags]

    def refs(self) -> list[str]:
        """The same as :meth:`branches`, by another way: as Git's references."""
        with failing("Listing the references", "contents: read"):
            heads = self._complete(found.removeprefix("refs/heads/") for found in self._refs("heads/"))
            return [*heads, *(found.removeprefix("refs/tags/") for found in self._refs("tags/"))]

    def branch_exists(self, name: str) -> bool:
        with failing(f"Reading the branch {name}", "contents: read"):
            # By reference rather than by branch: a name is a path in both, and only a reference's may hold any character.
            return f"refs/heads/{name}" in self._refs(f"heads/{name}")

    def queue(self) -> frozenset[str]:
        """The refs of the merge queue's live entries: ``refs/heads/gh-readonly-queue/<base>/pr-<n>-<sha>``."""
        with failing("Reading the merge queue", "contents: read"):
            return frozenset(self._refs("heads/gh-readonly-queue/"))

    def permission(self, login: str) -> str:
        """What ``login`` may do here: ``admin``, ``write``, ``read`` or ``none``, as the API says."""
        with failing(f"Reading what {login} may do"):
            found = absent_is_none(lambda: self.rest.ask("GET", f"/collaborators/{quote(login, safe='')}/permission"))
            return "none" if found is None else str(found["permission"])

    def react(self, comment_id: int, reaction: str) -> None:
        """Answers a comment on a pull request with a reaction: ``+1``, ``-1``, ``confused``, ``eyes``."""
        with failing("Reacting to the comment", "pull-requests: write"):
            self.rest.ask("POST", f"/issues/comments/{comment_id}/reactions", {"content": reaction})

    def comment(self, number: int, *, marker: str, node_id: str = "") -> Comment:
        """The one comment on a pull request that bears ``marker``, which is looked for from here on."""
        return Comment(self.rest, number, marker, login=self._login_read, node_id=node_id)

    def tell(self, number: int, *, marker: str, body: str, only_edit: bool, node_id: str = "") -> Told:
        """Makes the one comment that bears ``marker`` read ``body``: see :meth:`Comment.tell`."""
        return self.comment(number, marker=marker, node_id=node_id).tell(body, only_edit=only_edit, at_once=True)

    def _complete(self, branches: Iterable[str]) -> list[str]:
        """``branches``, if the default branch is among them: a list without it leaves out others, too."""
        found, default = list(branches), self.identity().default_branch
        if default not in found:
            raise http.Garbled(f"a list of {len(found)} branches, and not the default branch among them")
        return found

    def _refs(self, prefix: str) -> Iterator[str]:
        """The references that begin with ``prefix``, in full."""
        return self.rest.list(f"/git/matching-refs/{quote(prefix)}", lambda reference: str(reference["ref"]))

    def login(self) -> str:
        """Whom the token writes as. It is asked when somebody wants to know, and once."""
        return self._login_read()

    @functools.cached_property
    def _login_read(self) -> Callable[[], str]:
        return self._whom or self.begin(self._login)

    def _login(self) -> str:
        """Whom the token writes as: a person, ``github-actions[bot]`` for the job's own, or another app's bot."""
        # REST's /user answers no app's token; GraphQL's viewer answers every one.
        answer = absent_is_none(lambda: self.rest.graphql("{viewer{login}}")) or {}
        if answer.get("viewer"):
            return str(answer["viewer"]["login"])
        if self._token.get_secret_value().startswith("ghs_"):
            return JOBS_OWN
        return self._github().get_user().login  # a server that resembles GitHub, and has no GraphQL

    @property
    def api(self) -> Repository:
        """PyGithub's repository, of which nothing has been fetched. It is not made to be shared by threads: each takes its own."""
        return self._github().get_repo(self._repository_name)

    def _github(self) -> Github:
        # Here, since importing it takes 100 ms that few runs should pay.
        from github import Auth, Github

        from .transport import Carrier

        return Github(
            auth=Auth.Token(self._token.get_secret_value()),
            base_url=self._api_url,
            per_page=100,
            lazy=True,
            retry=Carrier(self.rest.client),
            seconds_between_requests=0,
            seconds_between_writes=0,
        )
