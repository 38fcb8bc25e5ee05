"""Which repositories there are on a GitHub server, as far as a token sees them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from ...planning.events import PullRequest
from ...planning.repositories import Listed, Named, Owner
from . import batch
from .errors import absent_is_none, failing
from .repository import GitHubRepository


class _Repository(BaseModel):
    """A repository in an answer. A field that is missing is an error: what is not said to be archived may be so all the same."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Annotated[StrictInt, Field(ge=1)]
    full_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,100}/[A-Za-z0-9._-]{1,100}$")]
    archived: StrictBool
    default_branch: Annotated[str, Field(min_length=1)]
    node_id: str = ""

    def to_model(self) -> Listed:
        return Listed(self.id, self.full_name, self.archived, self.default_branch, self.node_id)


class GitHubServer:
    """The repositories of a server. Its methods raise :class:`GitHubFailed`.

    Args:
        github: any of them, whose token and connections are used.
    """

    def __init__(self, github: GitHubRepository) -> None:
        self._rest = github.rest.under("")
        self.repository = github.another
        self.limit = github.rest.limit
        self.limit.stops = True

    def owner(self, login: str) -> Owner:
        """All repositories of an account that the token sees, on every page.

        The list is proven to be complete where the account is an organisation that tells the token how many private repositories it
        has. A person's list holds the public ones only.
        """
        with failing(f"Listing the repositories of {login}", "metadata: read"):
            account = absent_is_none(lambda: self._rest.ask("GET", f"/orgs/{quote(login)}"))
            where = f"/users/{quote(login)}/repos" if account is None else f"/orgs/{quote(login)}/repos"
            kind = "owner" if account is None else "all"
            listed = self._rest.list(where, _read, type=kind, sort="created", direction="asc")
            found = {repository.id: repository for repository in listed}
            if any(repository.full_name.partition("/")[0].lower() != login.lower() for repository in found.values()):
                raise ValueError("a repository of another owner")
            return Owner(tuple(found.values()), complete=bool(found) and len(found) == _count(account or {}))

    def named(self, named: Named) -> Listed | None:
        """What a repository is called now, by its id where that is known; none where GitHub answers 404."""
        path = f"/repos/{quote(named.full_name)}" if named.id is None else f"/repositories/{named.id}"
        with failing(f"Reading the repository {named}", "metadata: read"):
            answer = absent_is_none(lambda: self._rest.ask("GET", path))
            found = None if answer is None else _read(answer)
            if found is not None and named.id not in (None, found.id):
                raise ValueError("another repository")
            return found

    def pull_requests(self, asked: Iterable[tuple[Listed, int]]) -> dict[batch.Key, PullRequest]:
        """Those of ``asked``, each by its number, that GraphQL says all of, in one request."""
        with failing("Reading pull requests by GraphQL", "pull-requests: read"):
            return batch.read(self._rest, asked)


def _read(item: Any) -> Listed:
    return _Repository.model_validate(item).to_model()


def _count(account: dict[str, Any]) -> int | None:
    """How many repositories an organisation says it has, private ones among them; none if it does not tell."""
    private = account.get("total_private_repos", account.get("owned_private_repos"))
    public = account.get("public_repos")
    return public + private if type(public) is int and type(private) is int else None
