"""A GitHub deployment per preview, for those who want one: its status through the life, and nothing left of it at the end.

All previews share one environment, told apart by ``task``: the job's token can delete deployments but no environment, and an environment
a pull request would pile up by the thousand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from .errors import failing
from .repository import GitHubRepository

if TYPE_CHECKING:
    from github.Deployment import Deployment

ENVIRONMENT = "preview-db"

State = Literal["in_progress", "success", "failure", "inactive"]


def task(tag: str) -> str:
    """What tells a preview's deployments from others': made of its tag, which stays when the repository is renamed."""
    return f"preview-db:{tag}"


def record(repository: GitHubRepository, *, task: str, sha: str, state: State, description: str) -> None:
    """Says of the preview's deployment at ``sha`` that it is in ``state``; older commits' deployments of the preview are ended.

    Args:
        task: tells previews apart.
        description: at most 140 characters, as GitHub has it.
    """
    with failing("Recording the deployment", "deployments: write"):
        existing = list(repository.api.get_deployments(task=task, environment=ENVIRONMENT))
        current = next((deployment for deployment in existing if deployment.sha == sha), None)
        if current is None:
            current = repository.api.create_deployment(
                ref=sha,
                task=task,
                environment=ENVIRONMENT,
                description=description[:140],
                auto_merge=False,
                required_contexts=[],
                transient_environment=True,
                production_environment=False,
            )
        current.create_status(state=state, description=description[:140], auto_inactive=False)
        for deployment in existing:
            if deployment.id != current.id:
                _remove(repository, deployment)


def end(repository: GitHubRepository, *, task: str) -> None:
    """Ends and removes every deployment of the preview."""
    with failing("Removing the deployment", "deployments: write"):
        for deployment in list(repository.api.get_deployments(task=task, environment=ENVIRONMENT)):
            _remove(repository, deployment)


def _remove(repository: GitHubRepository, deployment: Deployment) -> None:
    # GitHub deletes only what is inactive.
    deployment.create_status(state="inactive", auto_inactive=False)
    repository.api.requester.requestJsonAndCheck("DELETE", deployment.url)
