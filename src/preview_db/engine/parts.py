"""The previews of many repositories, sorted into parts: one repository's in one project each."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from ..planning import organisation, stale
from ..planning.model import Configuration, Database, Project
from ..planning.organisation import Unlisted
from ..planning.repositories import Member
from ..planning.stale import Preview, RepositoryState, Verdict


@dataclasses.dataclass(slots=True)
class Part:
    """One repository's previews in one project, on their way to a verdict."""

    member: Member
    project: Project
    previews: list[Preview]
    verdicts: list[Verdict] = dataclasses.field(default_factory=list)
    state: RepositoryState = dataclasses.field(default_factory=RepositoryState)

    @property
    def databases(self) -> list[Database]:
        return [database for preview in self.previews for database in preview.databases]


@dataclasses.dataclass(slots=True)
class SortedOut:
    """The parts of a sweep, what fits no repository, and how many databases are nobody's previews, by what they are."""

    parts: list[Part] = dataclasses.field(default_factory=list)
    unlisted: list[Unlisted] = dataclasses.field(default_factory=list)
    others: dict[str, int] = dataclasses.field(default_factory=dict)


def sort_out(listed: Mapping[Project, Sequence[Database]], every: Sequence[Member], mine: Sequence[Member]) -> SortedOut:
    """Whose the databases are.

    Args:
        every: all repositories there are.
        mine: those of them whose previews are wanted.
    """
    found = SortedOut()
    by_id = {member.repository.id: member for member in mine}
    for project, databases in listed.items():
        sorted_out = organisation.sort_out(databases, [member.repository for member in every])
        for id_, owned in sorted_out.by_repository.items():
            if (member := by_id.get(id_)) is not None:
                found.parts.append(Part(member, project, stale.previews(owned, member.repository)))
        found.unlisted += organisation.grouped(project, sorted_out.unlisted)
        for what, number in sorted_out.others.items():
            found.others[what] = found.others.get(what, 0) + number
    return found


def add_configurations(parts: list[Part], projects: Sequence[Project], mine: Sequence[Member], found: Sequence[Configuration]) -> None:
    """Adds an account's Hyperdrive configurations to the previews that they are of; some may have no database left."""
    if not found or not projects:
        return
    for member in mine:
        ours = stale.previews((), member.repository, found)
        of_member = [part for part in parts if part.member is member] if ours else []
        for preview in ours:
            for part in of_member:
                if (known := next((other for other in part.previews if other.tag == preview.tag), None)) is not None:
                    part.previews[part.previews.index(known)] = dataclasses.replace(known, configurations=preview.configurations)
                    break
            else:
                if not of_member:
                    of_member.append(Part(member, projects[0], []))
                    parts.append(of_member[0])
                of_member[0].previews.append(preview)
