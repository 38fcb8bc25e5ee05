"""A preview's place in Prisma's platform: its branch, and Compute's variables there. Experimental, as it is at Prisma."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

from pydantic import SecretStr

from ..errors import Cancelled, InvalidInput, Mismatch, PreviewError
from ..interrupts import Interrupts
from ..planning import platform
from ..planning.credential import Credential
from ..planning.fields import RequestedVariable
from ..planning.model import Database, Endpoint, PlatformBranch
from ..planning.plan import connection_name
from ..planning.steps import DesiredState, Step
from ..services.prisma import errors as refusals
from ..services.prisma.client import ManagementApi
from ..services.prisma.credentials import credential
from ..services.prisma.models import BranchWire, bare
from .credentials import Credentials
from .databases import attempt
from .turn import PlanOutdated, Progress, Turn

_TRIES = 3
"""Of setting a variable that others create and delete at the same time."""


@dataclasses.dataclass(frozen=True, slots=True)
class Platform:
    """The platform branches of one project, as far as previews are in them.

    Attributes:
        credentials: none in a sweep, which creates nothing.
        variables: those of Compute's to set for the branch, with the endpoint each is to name.
        endpoint: what a variable names that does not say.
        mask: is told the credential that the variables hold the moment it is known; nobody else ever is.
    """

    api: ManagementApi
    project_id: str
    credentials: Credentials | None
    variables: tuple[RequestedVariable, ...]
    endpoint: Endpoint
    mask: Callable[[Credential], None]
    log: Callable[[str], None]
    interrupts: Interrupts

    def observe(self, desired: DesiredState) -> PlatformBranch | None:
        """The branch that is desired, if there is one.

        Raises:
            InvalidInput: it is the project's default branch or its production, or the system manages one of the variables.
        """
        found = self.api.branch(self.project_id, desired.branch) if desired.branch else None
        if found is None:
            return None
        branch = self._described(found)
        if not desired.present or not desired.may_create:
            return branch
        _check_preview(found)
        if managed := sorted(branch.managed & set(desired.variables)):
            raise InvalidInput(
                f"Compute's variable {managed[0]} of the branch {branch.git_name} is managed by Prisma's system.",
                cause="Something in the project sets it, such as a database that is linked to the branch.",
                remedy="Take it out of compute_env, or unlink what sets it in the Prisma Console.",
                named="compute_env",
                problem=f"can't have {managed[0]}, which Prisma's system manages",
            )
        return branch

    def create_branch(self, step: Step, turn: Turn) -> str:
        """Makes the branch.

        Raises:
            PlanOutdated: another run has, or may have.
            InvalidInput: it would be the project's first, which becomes its default branch and its production whatever it is called.
        """
        if not self.api.has_branches(self.project_id):
            raise InvalidInput(
                f"The project has no platform branch yet, and its first would be its production: {step.subject} was not created.",
                cause="The first branch of a project is its default branch and its production for good, whatever it is called.",
                remedy="Create the project's own branch in the Prisma Console, such as main, and run the job again.",
                named="platform_branch",
                problem="needs a project that has a default branch",
            )
        try:
            with self.interrupts.step(f"the platform branch {step.subject} was created"):
                made = self.api.create_branch(self.project_id, step.subject)
                turn.progress.branches[bare(made.id)] = made.git_name
        except refusals.Refused as refused:
            if refused.status != 409:
                raise
            raise PlanOutdated("another run, or Prisma itself, has created the platform branch at the same moment") from None
        except refusals.Unanswered as unanswered:
            raise PlanOutdated(unanswered.what) from None
        _check_preview(made)
        turn.branch = self._described(made)
        return ""

    def move(self, step: Step, turn: Turn) -> str:
        """Moves the database into the branch. Its identity stays; where that is taken in the branch, another one is in the way."""
        try:
            with self.interrupts.step("the database was moved to its platform branch"):
                self.api.update_database(step.on_database.id, {"branchId": f"br_{turn.in_branch.id}"})
        except refusals.Refused as refused:
            if refused.status not in (404, 409):
                raise
            raise PlanOutdated(f"the database can't be moved to the platform branch ({refused.message})") from None
        return ""

    def set_variables(self, _step: Step, turn: Turn) -> str:
        """Sets them, with a credential of their own, which is taken back if they can't all be set."""
        database, branch = turn.handed_out, turn.in_branch
        name = connection_name(platform.CREDENTIAL, turn.desired.mint_suffix)
        assert self.credentials is not None, "only a run that creates credentials plans to set variables"
        connection = self.credentials.create_connection(database, name, turn.progress)
        created = credential(platform.CREDENTIAL, connection, database_id=database.id, api_host=self.api.host)
        self.mask(created)
        there = dict(branch.variables)
        try:
            for variable in self.variables:
                endpoint = variable.endpoint or self.endpoint
                other = Endpoint.POOLED if endpoint is Endpoint.DIRECT else Endpoint.DIRECT
                if not created.has(endpoint):
                    raise Mismatch(
                        f"The connection {created.connection_id} has no {endpoint} endpoint for Compute's variable {variable.name}.",
                        cause="The Management API offers only the other one for this database.",
                        remedy=f"Write {variable.name}={other} in compute_env.",
                    )
                value = created.string(endpoint).url
                with self.interrupts.step(f"Compute's variable {variable.name} was set"):
                    self._set(branch, variable.name, value, there)
        except Cancelled:
            raise
        except (PreviewError, PlanOutdated):
            attempt(functools.partial(self.api.delete_connection, created.connection_id), f"credential {created.connection_id}", self.log)
            raise
        return f"{', '.join(variable.name for variable in self.variables)}, with the credential {name}"

    def delete_variables(self, _step: Step, turn: Turn) -> str:
        with self.interrupts.step("Compute's variables were deleted"):
            return self._forget(turn.in_branch)

    def delete_branch(self, step: Step, turn: Turn) -> str:
        """Deletes the branch, if nothing else is in it."""
        with self.interrupts.step(f"the platform branch {step.subject} was deleted"):
            return "" if self._take_away(turn.in_branch.id) else "something is in it, or it was gone already"

    def sweep(self, database: Database, delete: Callable[[], object], *, cleanup: bool) -> None:
        """Deletes ``database``, and with it what its branch has of the preview.

        Args:
            delete: deletes the database itself.
            cleanup: whether the branch goes, too, if nothing else is in it.
        """
        found = self.api.branch_of(database.branch_id) if database.branch_id else None
        branch = self._described(found) if found is not None else None
        if branch is None or branch.protected:
            delete()
            return
        self._forget(branch)
        delete()
        if cleanup:
            self._take_away(branch.id)

    def _forget(self, branch: PlatformBranch) -> str:
        """Deletes the variables of ``branch`` that previews set. Returns their names."""
        gone = [variable.name for variable in self.variables if variable.name in branch.variables.keys() - branch.managed]
        for name in gone:
            self.api.delete_variable(branch.variables[name])
        return ", ".join(gone)

    def undo(self, progress: Progress) -> None:
        """Takes back the branches that this run has made and that nothing is in."""
        for id_, name in list(progress.branches.items()):
            attempt(functools.partial(self._take_away, id_), f"platform branch {name}", self.log)

    def _take_away(self, id_: str) -> bool:
        try:
            return self.api.delete_branch(f"br_{id_}")
        except refusals.Refused as refused:
            if refused.status not in (409, 422):  # something is in it, or it has become the default one
                raise
            return False

    def _set(self, branch: PlatformBranch, name: str, value: SecretStr, there: dict[str, str]) -> None:
        """Creates the variable, or replaces its value: whichever can be done by now.

        Raises:
            PlanOutdated: the branch is gone, or the variable comes and goes.
        """
        for _ in range(_TRIES):
            try:
                if name in there:
                    self.api.update_variable(there[name], name, value)
                else:
                    self.api.create_variable(self.project_id, f"br_{branch.id}", name, value)
            except refusals.Unanswered:
                pass  # it may be there now
            except refusals.Refused as refused:
                if refused.status not in (404, 409):
                    raise
            else:
                return
            there.clear()
            there |= {variable.key: variable.id for variable in self.api.variables(self.project_id, f"br_{branch.id}")}
        raise PlanOutdated(f"Compute's variable {name} of the branch {branch.git_name} can't be set")

    def _described(self, found: BranchWire) -> PlatformBranch:
        variables = self.api.variables(self.project_id, found.id) if self.variables else []
        return PlatformBranch(
            id=bare(found.id),
            git_name=found.git_name,
            protected=found.protected,
            variables={variable.key: variable.id for variable in variables},
            set_at={variable.key: variable.updated_at for variable in variables},
            managed=frozenset(variable.key for variable in variables if variable.is_managed_by_system),
        )


def _check_preview(found: BranchWire) -> None:
    """Raises :class:`InvalidInput` if it is the project's default branch or its production."""
    if found.protected:
        raise InvalidInput(
            f"The platform branch {found.git_name} is the project's {'default branch' if found.is_default else 'production'}.",
            cause="A preview is never put there: what belongs to it is deleted when the pull request closes.",
            remedy="Set platform_branch to auto, or to the name of another branch.",
            named="platform_branch",
            problem="can't be the project's default branch or its production",
        )
