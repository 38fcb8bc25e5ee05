"""The repository a preview belongs to, through PyGithub: what is to be known of it, and the one comment on a pull request."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from ...deadline import NEVER, Deadline
from ...errors import PreviewError
from ...planning.events import PullRequest
from .. import http

if TYPE_CHECKING:
    from github import Github
    from github.Repository import Repository

_Found = TypeVar("_Found")

MAX_COMMENT = 65_000
"""Characters of a comment we write. GitHub counts up to 65,536."""

_LARGEST = 64 * 1024 * 1024
"""Bytes of an answer: a hundred pull requests, each with as much text as anybody may write into one."""

_JOBS_OWN = "github-actions[bot]"
_LONGEST_WAIT = 3600.0
"""Seconds: GitHub's limits last for an hour at most. The run's deadline is usually much closer."""

_LONGEST_MESSAGE = 500
_MAX_PAGES = 1000
_PAGE = 100


class GitHubFailed(PreviewError):
    """GitHub did not do what was asked."""

    title = "GitHub"
    page = "errors.md#github"


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
    """

    def __init__(
        self, *, api_url: str, token: SecretStr, repository: str, deadline: Deadline = NEVER, log: Callable[[str], None] = http.silent
    ) -> None:
        self._api_url = api_url
        self._token = token
        self._repository_name = repository
        self._deadline = deadline
        self._log = log
        self._http: httpx.Client | None = None

    def close(self) -> None:
        if self._http is not None:
            self._http.close()

    def pull_request(self, number: int) -> PullRequest | None:
        """The pull request as it is now, or none if there is no such number."""
        with failing(f"Reading pull request #{number}", "pull-requests: read"):
            found = absent_is_none(lambda: self._page(f"/pulls/{number}")[0])
            if found is not None and found["number"] != number:
                raise ValueError("another pull request")
            return None if found is None else PullRequest.model_validate(found)

    def identity(self) -> RepositoryIdentity:
        """What stays of it when it is renamed, and the branch that it always has."""
        with failing("Reading the repository"):
            found = self._page("")[0]
            return RepositoryIdentity(int(found["id"]), str(found["default_branch"]))

    def open_pull_requests(self) -> list[PullRequest]:
        """All that are open, on every page."""
        with failing("Listing the open pull requests", "pull-requests: read"):
            listed = self._list("/pulls", state="open", sort="created", direction="asc")
            return [PullRequest.model_validate(item) for item in listed]

    def closed_pull_requests(self, numbers: Collection[int], *, pages: int) -> list[PullRequest]:
        """Those of ``numbers`` that are among the pull requests closed and touched last; no more than ``pages`` of 100 are read."""
        found: list[PullRequest] = []
        with failing("Listing the closed pull requests", "pull-requests: read"):
            for item in self._list("/pulls", pages=pages, state="closed", sort="updated", direction="desc"):
                if item["number"] in numbers:
                    found.append(PullRequest.model_validate(item))
                if len(found) == len(numbers):
                    break
        return found

    def branches(self) -> list[str]:
        """The names of all branches and tags, on every page: a tag has a preview only if somebody asked for it by name."""
        with failing("Listing the branches", "contents: read"):
            tags = [found.removeprefix("refs/tags/") for found in self._refs("tags/")]
            return [*self._complete(str(branch["name"]) for branch in self._list("/branches")), *tags]

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
            return absent_is_none(lambda: self.api.get_collaborator_permission(login)) or "none"

    def react(self, number: int, comment_id: int, reaction: str) -> None:
        """Answers a comment on a pull request with a reaction: ``+1``, ``-1``, ``confused``, ``eyes``."""
        with failing("Reacting to the comment", "pull-requests: write"):
            self.api.get_issue(number).get_comment(comment_id).create_reaction(reaction)

    def tell(self, number: int, *, marker: str, body: str, only_edit: bool) -> Literal["created", "edited", "unchanged", "absent"]:
        """Makes the one comment that bears ``marker`` read ``body``: the oldest that the token's owner wrote. Its others are deleted.

        Two runs may have written one each at the same moment, or a list may have left one out.

        Args:
            only_edit: don't make a comment where there is none yet.
        """
        with failing(f"Commenting on pull request #{number}", "pull-requests: write"):
            text = f"{marker}\n{body}"[:MAX_COMMENT]
            mine = list(self._mine(number, marker))
            if not mine and only_edit:
                # A job's is corrected, too: by a person at a terminal, who may write here, it would go on saying what is no longer so.
                mine = list(self._written_by(_JOBS_OWN, number, marker))
                if not mine:
                    return "absent"
            if not mine:
                made = int(self._send("POST", f"/issues/{number}/comments", {"body": text})["id"])
                mine = list(self._mine(number, marker)) or [(made, text)]
                if [id_ for id_, _ in mine] == [made]:
                    return "created"
            (first, existing), *others = mine
            for id_, _ in others:
                absent_is_none(functools.partial(self._send, "DELETE", f"/issues/comments/{id_}"))
            if _lines(existing) == _lines(text):
                return "unchanged"
            self._send("PATCH", f"/issues/comments/{first}", {"body": text})
            return "edited"

    def _list(self, path: str, *, pages: int = _MAX_PAGES, **parameters: str) -> Iterator[Any]:
        """The items of a list, page by page, as JSON: PyGithub's objects would fetch each again for what a list leaves out."""
        for page in range(1, pages + 1):
            items, links = self._page(path, **parameters, per_page=str(_PAGE), page=str(page))
            yield from items
            if 'rel="next"' not in links and len(items) < _PAGE:  # a header may get lost on the way
                return
        if pages == _MAX_PAGES:
            raise ValueError("a list without end")

    def _complete(self, branches: Iterable[str]) -> list[str]:
        """``branches``, if the default branch is among them: a list without it leaves out others, too."""
        found, default = list(branches), self.identity().default_branch
        if default not in found:
            raise http.Garbled(f"a list of {len(found)} branches, and not the default branch among them")
        return found

    def _refs(self, prefix: str) -> Iterator[str]:
        """The references that begin with ``prefix``, in full."""
        return (str(reference["ref"]) for reference in self._list(f"/git/matching-refs/{quote(prefix)}"))

    def _page(self, path: str, **parameters: str) -> tuple[Any, str]:
        headers, content = self.api.requester.requestJsonAndCheck("GET", f"{self.api.url}{path}", parameters=parameters)
        return content, str(headers.get("link", ""))

    def _send(self, verb: str, path: str, content: Any = None) -> Any:
        return self.api.requester.requestJsonAndCheck(verb, f"{self.api.url}{path}", input=content)[1]

    def _mine(self, number: int, marker: str) -> Iterator[tuple[int, str]]:
        """Id and text of the comments with ``marker`` that the token's owner wrote, oldest first, on every page."""
        return self._written_by(self._login, number, marker)

    def _written_by(self, login: str, number: int, marker: str) -> Iterator[tuple[int, str]]:
        return (
            (int(comment["id"]), str(comment["body"]))
            for comment in self._list(f"/issues/{number}/comments")
            # GitHub names no user where the account is gone.
            if str(comment["body"]).startswith(marker) and comment["user"] is not None and comment["user"]["login"] == login
        )

    @functools.cached_property
    def _login(self) -> str:
        """Whom the token writes as: a person, ``github-actions[bot]`` for the job's own, or another app's bot."""
        requester = self.api.requester
        # REST's /user answers no app's token; GraphQL's viewer answers every one.
        answer = absent_is_none(lambda: requester.requestJsonAndCheck("POST", requester.graphql_url, input={"query": "{viewer{login}}"})[1])
        if answer is not None and "errors" not in answer:
            return str(answer["data"]["viewer"]["login"])
        if self._token.get_secret_value().startswith("ghs_"):
            return _JOBS_OWN
        return self._github.get_user().login  # a server that resembles GitHub, and has no GraphQL

    @property
    def api(self) -> Repository:
        """PyGithub's repository, of which nothing has been fetched."""
        return self._github.get_repo(self._repository_name)

    @functools.cached_property
    def _github(self) -> Github:
        # Here, since importing it takes 200 ms that a run without comment and re-read should not pay.
        from github import Auth, Github

        from .transport import Carrier

        token = self._token.get_secret_value()
        self._http = http.client(
            self._api_url, token=token, deadline=self._deadline, largest=_LARGEST, longest_wait=_LONGEST_WAIT, log=self._log
        )
        return Github(
            auth=Auth.Token(token),
            base_url=self._api_url,
            per_page=100,
            lazy=True,
            retry=Carrier(self._http),
            seconds_between_requests=0,
            seconds_between_writes=0,
        )


def _lines(text: str | None) -> list[str]:
    """GitHub stores CRLF line ends and no trailing white space."""
    return [line.rstrip() for line in (text or "").strip().splitlines()]


def absent_is_none(read: Callable[[], _Found]) -> _Found | None:
    """What ``read`` finds, or none where GitHub answers 404."""
    from github import UnknownObjectException

    try:
        return read()
    except UnknownObjectException:
        return None


@contextlib.contextmanager
def failing(doing: str, permission: str = "") -> Iterator[None]:
    """Whatever goes wrong with GitHub inside is a :class:`GitHubFailed`.

    Args:
        doing: what was tried, as the beginning of a sentence.
        permission: what a workflow has to give the job's token for it; empty where every token of the repository has it.
    """
    from github import GithubException

    try:
        yield
    except GithubException as error:
        message = error.data.get("message") if isinstance(error.data, dict) else None
        said = " ".join(message.split())[:_LONGEST_MESSAGE] if isinstance(message, str) else ""
        cause, remedy = _advice(error.status, permission, said.casefold())
        what = f"{doing} failed: GitHub answered HTTP {error.status} ({said or 'no message'})."
        raise GitHubFailed(what, cause=cause, remedy=remedy) from None
    except http.RateLimited as error:
        cause, remedy = _advice(httpx.codes.TOO_MANY_REQUESTS, permission)
        raise GitHubFailed(f"{doing} failed: GitHub's rate limit is reached ({error}).", cause=cause, remedy=remedy) from None
    except PreviewError:
        raise  # somebody has asked the run to stop
    except Exception as error:  # noqa: BLE001 - PyGithub takes answers apart as they come, and fails on odd ones in any way there is
        why = f" ({error})" if isinstance(error, http.Garbled | http.NotRead | http.DeadlineExceeded) else f" ({type(error).__name__})"
        raise GitHubFailed(
            f"{doing} failed: no answer that can be understood{why}.",
            cause="GitHub can't be reached from the runner, or something in between changed the answer.",
            remedy="Run the job again; on GitHub Enterprise Server check GITHUB_API_URL.",
        ) from None


def _advice(status: int, permission: str, said: str = "") -> tuple[str, str]:
    """The likely cause of an answer with ``status`` and a message that says ``said``, and what to do."""
    if status == httpx.codes.UNAUTHORIZED:
        return (
            "The token is wrong, expired or revoked.",
            "Leave github_token out of the step's 'with:', so that it is the job's own, or renew it.",
        )
    if status == httpx.codes.NOT_FOUND:
        return (
            "There is nothing by that name, or the repository is private and the token can't see it.",
            "Check the name of the repository, and that the token is one of it.",
        )
    if status == httpx.codes.TOO_MANY_REQUESTS or "rate limit" in said:
        return (
            "The token's requests for this hour are used up, or too many came at once.",
            "Run the job again later; a longer timeout lets it wait for longer.",
        )
    if status == httpx.codes.FORBIDDEN and "locked" in said:
        return "The conversation was locked, and the token may not write to it.", "Unlock it, or set comment: false."
    if status == httpx.codes.FORBIDDEN and permission:
        return (
            f"The token lacks the permission '{permission}'.",
            f"Give the job 'permissions: {permission}', or pass a github_token that has it.",
        )
    if status == httpx.codes.FORBIDDEN:
        return (
            "The token is none of this repository, or a policy of its organisation keeps it out.",
            "Pass a github_token of this repository.",
        )
    if status < httpx.codes.INTERNAL_SERVER_ERROR:
        return "GitHub does not take the request as it is.", "Run the job again; if it stays, look for a newer version of preview-db."
    return "GitHub has a problem.", "Run the job again later; nothing is wrong with the workflow."
