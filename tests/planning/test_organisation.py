"""Whose the databases of a project are among many repositories, and how the limits fall."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preview_db.planning import identity, organisation, stale
from preview_db.planning.model import Kind, Project, Repository, Workspace
from preview_db.planning.stale import Verdict
from tests.factories import NOW, database, scope

PROJECT = Project("proj_1", "web", Workspace("wksp_1", "acme"))
REPOSITORIES = st.lists(st.integers(1, 60), unique=True, max_size=12).map(lambda ids: [Repository(id_, f"acme/r{id_}") for id_ in ids])
POPULATION = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 9), st.sampled_from(Kind)), max_size=40)


@given(REPOSITORIES, POPULATION)
def test_every_database_is_whose_its_tag_says_and_nobody_elses(
    repositories: list[Repository], population: list[tuple[int, int, Kind]]
) -> None:
    databases = [
        database(f"db_{number}", of=scope(ref, kind, repository=Repository(id_, f"once/called-{id_}")))
        for number, (id_, ref, kind) in enumerate(population)
    ]
    owners = {f"db_{number}": id_ for number, (id_, _, _) in enumerate(population)}
    listed = {repository.id for repository in repositories}
    found = organisation.sort_out(
        [*databases, database("db_x", of="by hand"), database("db_y", of="production", is_default=True)], repositories
    )
    assert {member.id: id_ for id_, members in found.by_repository.items() for member in members} == {
        id_: owner for id_, owner in owners.items() if owner in listed
    }
    assert {member.id for member in found.unlisted} == {id_ for id_, owner in owners.items() if owner not in listed}
    assert found.others == {"default databases": 1, "made by hand": 1}
    groups = organisation.grouped(PROJECT, found.unlisted)
    assert sum(group.databases for group in groups) == len(found.unlisted)
    assert len(groups) == len({owner for owner in owners.values() if owner not in listed})


SHOP, SITE, OURS, THEIRS = Repository(1, "acme/shop"), Repository(2, "acme/site"), Repository(3, "acme/web"), Repository(4, "other/web")


def test_a_projects_databases_by_whose_they_are() -> None:
    shop, more, site, web = (
        database(f"db_{ref}", of=scope(ref, repository=repository)) for ref, repository in enumerate((SHOP, SHOP, SITE, OURS), 1)
    )
    production = (database("db_p", of="production", is_default=True), database("db_s", of="staging", is_default=True))
    by_hand = (database("db_h", of="by hand"), database("db_n", of="notes"), database("db_t", of="shop-pr-1"))
    found = organisation.sort_out([*production, shop, *by_hand, site, web, more], [SHOP, SITE])
    assert (found.by_repository, found.unlisted) == ({1: [shop, more], 2: [site]}, [web])
    assert found.others == {"default databases": 2, "made by hand": 3}


def test_previews_of_no_repository_are_told_by_what_their_names_have_in_common() -> None:
    web = [database(f"db_{ref}", of=scope(ref, repository=OURS), hours=ref) for ref in (3, 40, 5)]
    of_others = [database(f"db_{repository.id}", of=scope(repository=repository)) for repository in (THEIRS, SITE, SHOP)]
    groups = organisation.grouped(PROJECT, [*of_others, *web])
    assert groups[0] == organisation.Unlisted(PROJECT, "web", identity.repository_tag(OURS), 3, NOW - timedelta(hours=40))
    assert [(group.slug, group.databases) for group in groups] == [("web", 3), ("shop", 1), ("site", 1), ("web", 1)]


def test_of_two_repositories_called_the_same_the_tags_decide_the_order() -> None:
    previews = [database(f"db_{repository.id}", of=scope(repository=repository)) for repository in (OURS, THEIRS)]
    tags = [group.tag for group in organisation.grouped(PROJECT, previews)]
    assert tags == [group.tag for group in organisation.grouped(PROJECT, reversed(previews))]
    assert tags == sorted({identity.repository_tag(OURS), identity.repository_tag(THEIRS)})


def test_a_default_database_is_nobodys_even_if_its_name_is_a_previews() -> None:
    repository = Repository(1, "acme/shop")
    found = organisation.sort_out([database(of=scope(repository=repository), is_default=True)], [repository])
    assert (found.by_repository, found.unlisted) == ({}, [])


def test_a_replacements_slug_is_its_repositorys() -> None:
    assert identity.slug_of(identity.name(scope(), replacement=True)) == identity.slug_of(identity.name(scope())) == "web"


@given(st.from_regex(r"acme/[A-Za-z0-9._-]{1,80}", fullmatch=True), st.sampled_from(Kind))
def test_a_preview_could_be_of_the_name_that_it_was_given_under(name: str, kind: Kind) -> None:
    for replacement in (False, True):
        assert identity.could_be_called(identity.name(scope(7, kind, repository=Repository(1, name)), replacement=replacement), name)


def test_a_preview_could_not_be_of_another_name() -> None:
    preview = identity.name(scope(repository=Repository(1, "acme/shop-pr-2")))
    assert [name for name in ("acme/shop-pr-2", "else/shop") if not identity.could_be_called(preview, name)] == []
    assert [name for name in ("acme/web", "acme/shopping", "acme/sho") if identity.could_be_called(preview, name)] == []


def stale_ones(repository: Repository, count: int) -> list[Verdict]:
    databases = [database(f"db_{repository.id}_{number}", of=scope(number, repository=repository)) for number in range(1, count + 1)]
    return [stale.judge_by_repository(preview, "it is gone", NOW, delete=True) for preview in stale.previews(databases, repository)]


@pytest.mark.parametrize(
    ("limit", "limit_each", "left"),
    [(5, None, []), (4, 2, [SHOP]), (9, 2, [SHOP]), (9, 1, [SHOP, SHOP, SITE]), (0, 2, [SHOP, SHOP, SHOP, SITE, SITE])],
)
def test_what_is_beyond_a_limit_is_left(limit: int, limit_each: int | None, left: list[Repository]) -> None:
    fitting, beyond = organisation.within([stale_ones(SHOP, 3), stale_ones(SITE, 2)], limit, limit_each)
    assert sorted(verdict.preview.scope.repository for verdict in beyond) == left
    assert len(fitting) == 5 - len(left)


@given(st.lists(st.integers(0, 12), max_size=8), st.integers(0, 40), st.none() | st.integers(0, 10))
def test_no_limit_is_ever_exceeded_and_nothing_is_lost(sizes: list[int], limit: int, each: int | None) -> None:
    by_repository = [stale_ones(Repository(number, f"acme/r{number}"), size) for number, size in enumerate(sizes, 1)]
    fitting, beyond = organisation.within(by_repository, limit, each)
    went: dict[int, int] = {}
    for verdict in fitting:
        id_ = verdict.preview.scope.repository.id
        went[id_] = went.get(id_, 0) + verdict.deletions
    assert len(fitting) == min(limit, sum(size if each is None else min(size, each) for size in sizes))
    assert all(count <= (limit if each is None else each) for count in went.values())
    assert len(fitting) + len(beyond) == sum(sizes)


def test_a_preview_in_doubt_or_only_reported_has_nothing_done_to_it() -> None:
    (preview,) = stale.previews([database(), database("db_2")], scope().repository)
    assert stale.in_doubt(preview, "GitHub can't be read").plan.steps == ()
    assert stale.judge_by_repository(preview, "it is archived", NOW, delete=False).plan.steps == ()
    assert stale.judge_by_repository(preview, "it is archived", NOW, delete=True).deletions == 2
