"""The projects' branches: the first of a project is its default and its production branch, all later ones are previews."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..store import Archive, Table
from .models import Branch, Refusal, Role, bare, missing, new_id


class Branches:
    """All branches of the workspace; ``has_members`` tells whether any database belongs to a branch."""

    def __init__(self, archive: Archive, clock: Callable[[], float], has_members: Callable[[Branch], bool]) -> None:
        self.table = Table(Branch, archive)
        self._clock = clock
        self._has_members = has_members

    def get(self, id: str) -> Branch:
        found = self.table.get(bare(id, "br"))
        if found is None:
            raise missing("Branch", id)
        return found

    def named(self, project_id: str, git_name: str) -> Branch | None:
        return next((branch for branch in self._of(project_id) if branch.git_name == git_name), None)

    def default_of(self, project_id: str) -> Branch:
        return next(branch for branch in self._of(project_id) if branch.is_default)

    def create(self, project_id: str, git_name: str, *, is_default: bool = False) -> Branch:
        if self.named(project_id, git_name):
            raise Refusal(409, "conflict", f"Branch {git_name!r} exists already")
        now = self._clock()
        first = not self._of(project_id)
        role: Role = "production" if first else "preview"
        branch = self.table.put(Branch(new_id(), project_id, git_name, first, role, now, now))
        return self.make_default(branch) if is_default else branch

    def make_default(self, branch: Branch) -> Branch:
        """Move the flag, and nothing but the flag, to ``branch``."""
        for other in self._of(branch.project_id):
            if other.is_default:
                self.table.put(replace(other, is_default=False))
        return self.table.put(replace(branch, is_default=True, updated_at=self._clock()))

    def delete(self, branch: Branch) -> None:
        if branch.is_default or branch.role == "production":
            raise Refusal(422, "validation-error", "The project's default branch and its production branch can't be deleted")
        if self._has_members(branch):
            raise Refusal(422, "validation-error", "The branch still has databases")
        self.table.remove(branch.id)

    def delete_all_of(self, project_id: str) -> None:
        for branch in self._of(project_id):
            self.table.remove(branch.id)

    def _of(self, project_id: str) -> list[Branch]:
        return [branch for branch in self.table if branch.project_id == project_id]
