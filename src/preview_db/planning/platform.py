"""Where a preview is in Prisma's platform: its branch, and Compute's variables there. Pure. Experimental, as it is at Prisma."""

from __future__ import annotations

from .model import Database, PlatformBranch
from .steps import Action, DesiredState, Step

CREDENTIAL = "compute"
"""What the credential that Compute's variables hold is called."""


def before(desired: DesiredState, branch: PlatformBranch | None) -> list[Step]:
    """What a database needs before it can be created in its branch."""
    if not desired.branch or not desired.may_create or branch is not None:
        return []
    return [Step(Action.CREATE_BRANCH, desired.branch, "the preview belongs to the pull request's branch")]


def after(desired: DesiredState, kept: Database | None, branch: PlatformBranch | None) -> list[Step]:
    """What puts a database that is there into its branch, and tells Compute of it.

    Args:
        kept: none if it is created first, in its branch.
    """
    if not desired.branch or not desired.may_create:
        return []
    steps: list[Step] = []
    if kept is not None and (branch is None or kept.branch_id != branch.id):
        steps.append(Step(Action.MOVE, desired.branch, "it is in another branch", database=kept))
    there = branch.set_at if branch is not None else {}
    held = [connection.created_at for connection in kept.connections if connection.name.startswith(f"{CREDENTIAL}-")] if kept else []
    if missing := [name for name in desired.variables if name not in there]:
        reason = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set for the branch"
    elif not held:
        reason = "the database has no credential for Compute yet"
    elif older := [name for name in desired.variables if there[name] < max(held)]:  # a run ended between the two
        reason = f"{', '.join(older)} {'is' if len(older) == 1 else 'are'} older than the database's credential for Compute"
    else:
        return steps
    return [*steps, Step(Action.SET_VARIABLES, ", ".join(desired.variables), reason)] if desired.variables else steps


def ending(desired: DesiredState, branch: PlatformBranch | None) -> tuple[list[Step], list[Step]]:
    """What is done before and after the databases of a preview are deleted. What is the default branch's or production's stays."""
    if branch is None or branch.protected:
        return [], []
    ours = [name for name in desired.variables if name in branch.variables and name not in branch.managed]
    variables = [Step(Action.DELETE_VARIABLES, ", ".join(ours), desired.reason)] if ours else []
    reason = "nothing else may be in it"
    return variables, [Step(Action.DELETE_BRANCH, branch.git_name, reason)] if desired.branch_cleanup else []
