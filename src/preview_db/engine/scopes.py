"""What has to be looked up of a preview first: whose a database is, and which branch is its pull request's."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import InvalidInput, Mismatch, NoPreview
from ..planning import identity
from ..planning.model import Kind, Project, Repository, Scope
from ..planning.settings import Inputs
from ..services.github.repository import GitHubRepository
from ..services.prisma.client import ManagementApi
from ..services.prisma.models import bare


def described(api: ManagementApi, project: Project, repository: Repository, database_id: str) -> tuple[Scope, str]:
    """The scope and tag of a database given by its id, if it is ``repository``'s. Nothing else is ever returned or deleted.

    Raises:
        NoPreview: there is no such database.
        Mismatch: it is somebody else's.
    """
    found = api.database(database_id)
    if found is None:
        raise NoPreview(
            f"There is no database {database_id}.",
            cause="It was deleted since its id was put out, or the id is of another workspace.",
            remedy="Pass database_id on from the step that created it, in the same workflow run.",
        )
    database = found.to_model()
    preview = None if database.is_default else identity.described(database.identity, repository)
    if preview is None or bare(database.project_id) != bare(project.id):
        raise Mismatch(
            f"The database {database_id} is not a preview of {repository.full_name} in the project {project.name}.",
            cause="It was made by hand, by another repository, or in another project.",
            remedy="Pass the output database_id of a preview-db step, or let the pull request say which database it is.",
        )
    return preview


def platform_branch(inputs: Inputs, scope: Scope, github: GitHubRepository | None, log: Callable[[str], None]) -> str:
    """The Git name of the platform branch that the preview of ``scope`` should be in; empty if in none of its own.

    Raises:
        InvalidInput: it is a pull request's, and there is no token to look its head up with.
    """
    asked = inputs.platform_branch
    if asked != "auto":
        return asked or ""
    if scope.pull_request is None:
        return scope.ref if scope.kind is Kind.BRANCH and inputs.database_id is None else ""
    if github is None:
        raise InvalidInput(
            "The input github_token is empty.",
            cause="platform_branch is auto, and which branch is the pull request's head is looked up on GitHub.",
            remedy="Leave github_token out of the step's 'with:', or set platform_branch to the branch's name.",
        )
    pull_request = github.pull_request(scope.pull_request)
    if pull_request is None or pull_request.is_fork:
        log(f"{scope} has no head in this repository, so its preview gets no platform branch of its own")
        return ""
    return pull_request.head.ref
