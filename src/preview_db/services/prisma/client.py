"""The operations of the Management API that this project uses.

Paths, bodies and answers are those of the published OpenAPI document (SDK 1.80.0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from ...deadline import NEVER, Deadline
from ...errors import Mismatch, Unauthorised
from ...planning.model import Database, Project
from ...planning.settings import Inputs
from .. import http
from . import errors, paths
from .models import (
    Backup,
    BranchWire,
    ConnectionWire,
    DatabaseWire,
    Me,
    Metrics,
    ProjectWire,
    Region,
    Subscription,
    VariableWire,
    bare,
)
from .rest import Rest

if TYPE_CHECKING:
    from ...planning.organisation import Usage


class ManagementApi(Rest):
    """The operations this project uses.

    Every method raises :class:`preview_db.errors.PreviewError`: ``Unauthorised``, ``PlanLimit``, ``Refused`` (with the API's own
    ``code``, ``message`` and ``hint``), ``Mismatch`` and ``Unreachable``; those that create also ``Unanswered``, after which one has to
    look first.
    """

    def me(self) -> Me:
        return self._one(Me, "Asking whose the service token is", "/v1/me")

    def project(self, id_: str) -> Project | None:
        """The project, or none if there is no such id."""
        try:
            return self._one(ProjectWire, "Reading the project", paths.project(id_)).to_model()
        except errors.Refused as refused:
            if refused.status in (400, 404, 422):  # 400 and 422: not the form of an id
                return None
            raise

    def projects(self) -> list[Project]:
        return [project.to_model() for project in self._pages(ProjectWire, "Listing the projects", "/v1/projects")]

    def plan_name(self, workspace_id: str) -> str:
        """What the workspace's plan is called."""
        return self._one(Subscription, "Reading the workspace's plan", f"/v1/workspaces/{workspace_id}/subscription").plan_name

    def usage(self, database_id: str) -> Usage:
        """What a database has used, in the period that the API goes by."""
        from ...planning.organisation import Usage  # here, since only a sweep asks for it

        doing = "Reading a database's usage"
        found = self._read(Metrics, doing, self._get(doing, f"/v1/databases/{database_id}/usage").get("metrics"))
        return Usage(int(found.operations.used), found.storage.used)

    def regions(self) -> list[Region]:
        doing = "Listing the regions"
        return [self._read(Region, doing, region) for region in self._items(doing, "/v1/regions/postgres")]

    def create_project(self, body: Mapping[str, Any]) -> Project:
        """Not resent: see :class:`Unanswered`. A 409 is a ``Refused`` with that status."""
        return self._create(ProjectWire, "Creating the project", "/v1/projects", body, timeout=http.SLOW_TIMEOUT).to_model()

    def backups(self, database_id: str) -> list[Backup]:
        """The database's backups, as many as one answer holds: this list has no cursor."""
        doing, path = "Listing the backups", f"/v1/databases/{database_id}/backups"
        return [self._read(Backup, doing, backup) for backup in self._items(doing, path, paths.first_page({}))]

    def databases(self, project_id: str) -> list[Database]:
        """All databases of a project with their connections."""
        return [database.to_model() for database in self._databases(paths.of_project(project_id))]

    def databases_called(self, logical_id: str, project_id: str) -> list[DatabaseWire]:
        """Those of ``logical_id`` only, if the server knows that; with where their connections lead."""
        return list(self._databases({**paths.of_project(project_id), "logicalId": logical_id}))

    def _databases(self, query: Mapping[str, str]) -> Iterator[DatabaseWire]:
        """Each once: a list whose entries move while it is read may show one again, and a second one of a preview would be deleted."""
        seen: set[str] = set()
        for database in self._pages(DatabaseWire, "Listing the databases", paths.DATABASES, query):
            self.check_project(database, query["projectId"])
            if bare(database.id) not in seen:
                seen.add(bare(database.id))
                yield database

    def database(self, id_: str, *, project: str | None = None) -> DatabaseWire | None:
        """The database, or none if it is gone.

        Args:
            project: the id of the project it has to be in, where that is known.
        """
        try:
            found = _about(id_, self._one(DatabaseWire, "Reading the database", f"/v1/databases/{id_}"))
        except errors.Refused as refused:
            if refused.status == 404:
                return None
            raise
        if project is not None:
            self.check_project(found, project)
        return found

    @staticmethod
    def check_project(database: DatabaseWire, project_id: str) -> None:
        """Raises :class:`preview_db.errors.Mismatch` if ``database`` is another project's."""
        if bare(database.project.id) != bare(project_id):
            raise Mismatch(
                f"The Management API answered with a database of the project {database.project.id} instead of {project_id}.",
                cause="Something between here and the Management API mixed answers up, or the API has a fault.",
                remedy="Nothing was touched. Run it again; if it stays, tell Prisma's support.",
            )

    def create_database(self, body: Mapping[str, Any]) -> DatabaseWire:
        """Not resent: see :class:`Unanswered`. A 409 is a ``Refused`` with that status."""
        return self._create(DatabaseWire, "Creating the database", paths.DATABASES, body, timeout=http.SLOW_TIMEOUT)

    def update_database(self, id_: str, changes: Mapping[str, str]) -> DatabaseWire:
        """Sets ``name`` or ``logicalId``."""
        return _about(id_, self._one(DatabaseWire, "Naming the database", f"/v1/databases/{id_}", "PATCH", json=dict(changes)))

    def delete_database(self, id_: str) -> bool:
        """Deletes it; false if it was gone already."""
        return self._delete("Deleting the database", f"/v1/databases/{id_}", timeout=http.SLOW_TIMEOUT)

    def branch(self, project_id: str, git_name: str) -> BranchWire | None:
        """The project's platform branch of exactly that Git name, or none."""
        found = self._pages(BranchWire, "Looking for the platform branch", f"/v1/projects/{project_id}/branches", {"gitName": git_name})
        return next((branch for branch in found if branch.git_name == git_name), None)

    def has_branches(self, project_id: str) -> bool:
        """Whether the project has any platform branch at all."""
        found = self._pages(BranchWire, "Looking for the project's platform branches", f"/v1/projects/{project_id}/branches")
        return next(found, None) is not None

    def branch_of(self, id_: str) -> BranchWire | None:
        """The platform branch of that id, or none if it is gone."""
        try:
            return self._one(BranchWire, "Reading the platform branch", f"/v1/branches/br_{bare(id_)}")
        except errors.Refused as refused:
            if refused.status == 404:
                return None
            raise

    def create_branch(self, project_id: str, git_name: str) -> BranchWire:
        """Not resent: see :class:`Unanswered`. A 409 is a ``Refused`` with that status."""
        return self._create(BranchWire, "Creating the platform branch", f"/v1/projects/{project_id}/branches", {"gitName": git_name})

    def delete_branch(self, id_: str) -> bool:
        """Deletes it; false if it was gone already. One that something belongs to is refused with 409 or 422."""
        return self._delete("Deleting the platform branch", f"/v1/branches/{id_}")

    def variables(self, project_id: str, branch_id: str) -> list[VariableWire]:
        """Compute's variables that are set for the branch alone."""
        query = {"projectId": project_id, "class": "preview", "branchId": branch_id}
        found = self._pages(VariableWire, "Listing Compute's variables", "/v1/environment-variables", query)
        return [variable for variable in found if variable.branch_id is not None and bare(variable.branch_id) == bare(branch_id)]

    def create_variable(self, project_id: str, branch_id: str, key: str, value: SecretStr) -> None:
        """Sets it for the branch alone. Not resent: see :class:`Unanswered`. A 409 is a ``Refused`` with that status."""
        body = {"projectId": project_id, "branchId": branch_id, "class": "preview", "key": key, "value": value.get_secret_value()}
        self._create(VariableWire, f"Setting Compute's variable {key}", "/v1/environment-variables", body)

    def update_variable(self, id_: str, key: str, value: SecretStr) -> None:
        body = {"value": value.get_secret_value()}
        self._send(f"Setting Compute's variable {key}", "PATCH", f"/v1/environment-variables/{id_}", json=body)

    def delete_variable(self, id_: str) -> bool:
        """Deletes it; false if it was gone already."""
        return self._delete("Deleting Compute's variable", f"/v1/environment-variables/{id_}")

    def source_repositories(self, project_id: str) -> list[dict[str, Any]]:
        """What the project is connected to, as the API describes it (experimental)."""
        doing = "Reading what the project is connected to"
        found = self._items(doing, "/v1/source-repositories", {"projectId": project_id})
        return [repository for repository in found if isinstance(repository, dict)]

    def create_connection(self, database_id: str, name: str) -> ConnectionWire:
        """Not resent: see :class:`Unanswered`."""
        return self._create(ConnectionWire, "Creating the connection", "/v1/connections", {"databaseId": database_id, "name": name})

    def delete_connection(self, id_: str) -> bool:
        """Revokes it; false if it was gone already."""
        return self._delete("Revoking the connection", f"/v1/connections/{id_}")


def api_of(
    inputs: Inputs, deadline: Deadline = NEVER, log: Callable[[str], None] = http.silent, ahead: http.Ahead | None = None
) -> ManagementApi:
    """The Management API, with the token there is.

    Args:
        deadline: when nothing is asked of it any more.
        log: is told what is tried again.
        ahead: what was asked of it already.

    Raises:
        Unauthorised: there is none.
    """
    if inputs.service_token is None:
        raise Unauthorised(
            "There is no service token.",
            cause="The input service_token is empty: the secret it is set from does not exist in this repository, or has another name.",
            remedy="Create a service token in the Prisma Console, store it as the secret PRISMA_SERVICE_TOKEN, and set "
            "service_token: ${{ secrets.PRISMA_SERVICE_TOKEN }}. Or sign in without one: give the job 'permissions: id-token: write'.",
        )
    token = inputs.service_token.get_secret_value()
    return ManagementApi(inputs.management_api_url, token=token, deadline=deadline, log=log, ahead=ahead)


def _about(id_: str, database: DatabaseWire) -> DatabaseWire:
    """The answer, if it is about the database that was asked for: what is done next is done to the one in the answer."""
    if bare(database.id) != bare(id_):
        raise Mismatch(
            f"Asked for the database {id_}, the Management API answered with {database.id}.",
            cause="Something between here and the Management API mixed answers up, or the API has a fault.",
            remedy="Nothing was handed out. Run the job again; if it stays, tell Prisma's support.",
        )
    return database
