"""What GitHub says of one repository's previews: read once for all of them, and once more right before one is deleted."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime

from ..errors import Mismatch
from ..planning import stale
from ..planning.events import PullRequest
from ..planning.model import Kind, Repository
from ..planning.settings import Inputs
from ..planning.stale import Preview, RepositoryState, Verdict
from ..services.github.repository import GitHubRepository

CLOSED_PAGES = 10
"""How far back closed pull requests are searched for when they closed. Older ones count as closed longest."""


@dataclasses.dataclass(frozen=True, slots=True)
class Judge:
    """Judges one repository's previews.

    Any doubt (an API that can't be read, a list that breaks off, a repository that is not the one asked for) raises
    :class:`preview_db.errors.PreviewError`.
    """

    github: GitHubRepository
    repository: Repository
    inputs: Inputs
    now: datetime

    def state(self, previews: Iterable[Preview], told: Iterable[PullRequest] = ()) -> RepositoryState:
        """What GitHub says of what there are previews of; what there is none of is not asked for.

        Args:
            told: pull requests of which GitHub has said already what they are.
        """
        scopes = [preview.scope for preview in previews]
        if not scopes:
            return RepositoryState()
        found = self.github.identity()
        if found.id != self.repository.id:
            raise Mismatch(
                f"GitHub's {self.repository.full_name} is the repository {found.id} instead of {self.repository.id}.",
                cause="Another repository has taken the name, or the token belongs to another GitHub.",
                remedy="Nothing was deleted. Run the sweep in a workflow of the repository itself.",
            )
        numbers = {number for scope in scopes if (number := scope.pull_request) is not None}
        known = {pull_request.number: pull_request for pull_request in told}
        if numbers - known.keys():
            known |= {pull_request.number: pull_request for pull_request in self.github.open_pull_requests()}
        if closed := numbers - known.keys():
            known |= {pull_request.number: pull_request for pull_request in self.github.closed_pull_requests(closed, pages=CLOSED_PAGES)}
        self._check(known.values())
        kinds = {scope.kind for scope in scopes}
        return RepositoryState(
            pull_requests=known,
            branches=self.github.branches() if Kind.BRANCH in kinds else (),
            queued=stale.queued_numbers(self.github.queue()) if Kind.MERGE_QUEUE in kinds else frozenset(),
        )

    def judge(self, preview: Preview, state: RepositoryState) -> Verdict:
        return stale.judge(preview, state, self.inputs, self.now)

    def once_more(self, verdict: Verdict) -> Verdict:
        """The verdict on what GitHub says right before the deletion: a pull request may have been reopened meanwhile.

        It is asked another way than at first, so that no single answer that is wrong deletes anything.

        Raises:
            PreviewError: GitHub can't be read, or says what it says only if it can't be.
        """
        number = verdict.preview.scope.pull_request
        if number is None:
            refs = self.github.refs()
            state = RepositoryState(branches=refs, queued=stale.queued_numbers(refs))
        else:
            now = self.github.pull_request(number)
            if now is None:
                raise Mismatch(
                    f"GitHub answers that there is no pull request #{number}, whose preview would be deleted.",
                    cause="The number of a pull request is never given up, so the token does not see it, or it never existed.",
                    remedy="Look whether the token may read pull requests. If it may, delete the preview by hand.",
                )
            self._check([now])
            state = RepositoryState(pull_requests={number: now})
        return self.judge(verdict.preview, state)

    def _check(self, pull_requests: Iterable[PullRequest]) -> None:
        """Raises :class:`Mismatch` if one is another repository's."""
        for pull_request in pull_requests:
            if pull_request.base.repo is not None and pull_request.base.repo.id != self.repository.id:
                raise Mismatch(
                    f"GitHub answers with a pull request of {pull_request.base.repo.full_name} instead of {self.repository.full_name}.",
                    cause="Something between here and GitHub mixed answers up, or another repository has taken the name.",
                    remedy="Nothing was deleted. Run the sweep again.",
                )
