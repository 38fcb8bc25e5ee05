"""What a command in a terminal is about: what its options say, else the surroundings, with a look at GitHub where it takes one."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping

from ..hosts import trusted_url
from ..log import Sink
from ..planning.model import Kind, Repository, Scope
from ..planning.settings import Inputs
from ..services.github.errors import failing
from ..services.github.repository import GitHubRepository
from ..services.github.server import GitHubServer
from . import ci
from .ci import CannotDetermine, Detected


def with_token(inputs: Inputs) -> Inputs:
    """``inputs``, if they have a service token. Raises :class:`CannotDetermine`."""
    if inputs.service_token is None:
        raise CannotDetermine(
            "There is no service token.",
            cause="The variable PRISMA_SERVICE_TOKEN is not set. It can't be an option: a command line is seen by others.",
            remedy="Create a service token in the Prisma Console and set PRISMA_SERVICE_TOKEN to it.",
        )
    return inputs


@dataclasses.dataclass
class Target:
    """Takes them as far as they are asked for: a command that needs no pull request looks for none.

    Attributes:
        repo: ``owner/name``, where the options say.
        repo_id: its id on GitHub, where the options say.
        sink: is told what was not said, and was found.
    """

    inputs: Inputs
    environ: Mapping[str, str]
    around: Detected
    sink: Sink
    repo: str | None = None
    repo_id: int | None = None

    @functools.cached_property
    def full_name(self) -> str:
        """``owner/name``. Raises :class:`CannotDetermine`."""
        if self.repo is not None:
            return self.repo
        if self.around.remote is not None:
            self.sink.info(f"Repository {self.around.remote.full_name}, by {self.around.said_by}")
            return self.around.remote.full_name
        elsewhere = self.around.elsewhere
        raise CannotDetermine(
            "Nothing says which repository this is about.",
            cause=f"It is at {elsewhere}, which is not known to be GitHub."
            if elsewhere
            else "This is no checkout with a remote 'origin' that git reads (see its safe.directory), and no known CI system says one.",
            remedy="Give --repo owner/name. If that host is your GitHub Enterprise Server, set GH_HOST to it."
            if elsewhere
            else "Run it in a checkout of the repository, or give --repo owner/name.",
        )

    @functools.cached_property
    def host(self) -> str:
        """The host of the server that the repository is on."""
        here = self.around.remote if self.repo is None or self.around.are_of(self.repo) else None
        return here.host if here else ci.home(self.environ)

    @functools.cached_property
    def api_url(self) -> str:
        """Where GitHub's API is. Raises :class:`CannotDetermine` if no token may be sent there."""
        try:
            return trusted_url(ci.api_url(self.environ, self.host))
        except ValueError as error:
            raise CannotDetermine(
                f"GitHub's API can't be asked: its address {error}.",
                cause="It is made of GITHUB_API_URL, or of GITHUB_SERVER_URL or GH_HOST, and the token is sent there.",
                remedy="Correct these variables, or unset them for github.com.",
            ) from None

    @functools.cached_property
    def github(self) -> GitHubRepository | None:
        """The repository on GitHub; none where there is no token."""
        if self.inputs.github_token is None:
            return None
        return GitHubRepository(api_url=self.api_url, token=self.inputs.github_token, repository=self.full_name, log=self.sink.waiting)

    @functools.cached_property
    def server(self) -> GitHubServer:
        """All repositories of the server that the token sees. Raises :class:`CannotDetermine` if there is no token."""
        if self.inputs.github_token is None:
            raise CannotDetermine(
                "There is no GitHub token.",
                cause="It says which repositories there are, and which pull requests are open. Neither GH_TOKEN nor GITHUB_TOKEN is set.",
                remedy="Set one that sees these repositories; with GitHub's own command line: export GH_TOKEN=$(gh auth token).",
            )
        # No repository in particular: the server asks about each by its id.
        any_one = GitHubRepository(api_url=self.api_url, token=self.inputs.github_token, repository="", log=self.sink.waiting)
        return GitHubServer(any_one)

    @functools.cached_property
    def repository(self) -> Repository:
        """The repository with its id, which is what previews are told apart by. Raises :class:`PreviewError` if that can't be told."""
        if self.repo_id is not None:
            return Repository(self.repo_id, self.full_name, self.host)
        said = self.environ.get("GITHUB_REPOSITORY_ID", "")
        if self.environ.get("GITHUB_REPOSITORY", "").lower() == self.full_name.lower() and said.isdecimal():
            return Repository(int(said), self.full_name, self.host)
        if self.github is not None:
            return Repository(self.github.identity().id, self.full_name, self.host)
        raise CannotDetermine(
            f"The id of {self.full_name} is not known.",
            cause="A preview's name holds a hash of it, since it stays when a repository is renamed. Reading it takes a GitHub token, "
            "and neither GH_TOKEN nor GITHUB_TOKEN is set.",
            remedy="Set one (with GitHub's own command line: export GH_TOKEN=$(gh auth token)), or give --repo-id.",
        )

    def about(self) -> Inputs:
        """The inputs with the pull request or branch in them.

        Raises:
            PreviewError: nothing says which one, or GitHub can't be asked.
        """
        if self.inputs.pr or self.inputs.branch or self.inputs.database_id:
            return self.inputs
        number, said_by = None, ""
        if self.around.are_of(self.full_name):
            number, said_by = self.around.number, self.around.said_by
        if number is None and self.around.are_of(self.full_name) and self.around.branch:
            number, said_by = self._headed(self.around.branch), f"the branch {self.around.branch}"
        if number is None:
            raise CannotDetermine(
                "Nothing says which pull request or branch this is about.",
                cause=self._why_not(),
                remedy="Give --pr with the pull request's number, or --branch for a preview that is a branch's own.",
            )
        self.sink.info(f"Pull request #{number}, by {said_by}")
        return self.inputs.model_copy(update={"pr": number})

    def scope(self, inputs: Inputs) -> Scope | None:
        """The preview that ``inputs`` say; none if that is left to a database's id."""
        if inputs.pr is not None:
            return Scope(self.repository, Kind.PULL_REQUEST, str(inputs.pr), inputs.key)
        return Scope(self.repository, Kind.BRANCH, inputs.branch, inputs.key) if inputs.branch else None

    def _why_not(self) -> str:
        if not self.around.are_of(self.full_name):
            return f"What is checked out here is not {self.full_name}."
        if not self.around.branch:
            return "The CI system says no pull request, and no branch is checked out."
        if self.github is None:
            return f"The branch {self.around.branch} may have a pull request; neither GH_TOKEN nor GITHUB_TOKEN is set to look for it."
        return f"No open pull request of {self.full_name} has the branch {self.around.branch} as its head."

    def _headed(self, branch: str) -> int | None:
        """The open pull request whose head is ``branch`` of this very repository, as GitHub says."""
        if self.github is None:
            return None
        owner = self.full_name.partition("/")[0]
        with failing(f"Looking for the pull request of the branch {branch}", "pull-requests: read"):
            pulls = self.github.api.get_pulls(state="open", head=f"{owner}:{branch}")
            found = [pull.number for pull in pulls if pull.head.ref == branch]
        if len(found) > 1:
            raise CannotDetermine(
                f"The branch {branch} has {len(found)} open pull requests.",
                cause=f"They are {', '.join(f'#{number}' for number in sorted(found))}, each with a preview of its own.",
                remedy="Give --pr with the one that is meant.",
            )
        return found[0] if found else None
