"""Whose a database is. Two scopes never share a name, and a name edited by hand is nobody's."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from preview_db.planning import identity
from preview_db.planning.model import Kind, Repository, Scope
from tests.factories import database

words = st.text(st.sampled_from("ab1-_./é"), min_size=1, max_size=90) | st.text(min_size=1, max_size=40)
repositories = st.builds(
    Repository,
    id=st.integers(1, 2**40),
    full_name=st.builds("{}/{}".format, words, words | st.sampled_from(["x-pr-1", "my-br-tool", "a-mq-2-b", "-", "PR"])),
)
keys = st.one_of(st.just(""), st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,6})?", fullmatch=True), st.sampled_from(["pr-2", "br-x", "1"]))
numbered = st.builds(
    Scope,
    repository=repositories,
    kind=st.sampled_from([Kind.PULL_REQUEST, Kind.MERGE_QUEUE]),
    ref=st.integers(1, 10**10).map(str),
    key=keys,
)
refs = words | st.sampled_from(["br", "BR", "fix-br-2", "br/br-br", "pr-1", "mq-2-br-x", "a-pr-3"])
branches = st.builds(Scope, repository=repositories, kind=st.just(Kind.BRANCH), ref=refs, key=keys)
scopes = numbered | branches


@given(scopes)
def test_a_name_is_one_postgres_and_the_api_take(scope: Scope) -> None:
    name = identity.name(scope)
    assert 1 <= len(name) <= 63
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not name.startswith("-")
    assert name.endswith(identity.tag(scope))


@given(scopes)
def test_a_scope_finds_its_own_database(scope: Scope) -> None:
    name = identity.name(scope)
    assert identity.is_ours(name, scope.repository)
    assert identity.belongs_to(database(of=name), scope)
    assert identity.belongs_to(database(of="whatever the user calls it", logical_id=name), scope)


@given(numbered)
def test_a_numbered_name_says_exactly_what_it_is_for(scope: Scope) -> None:
    assert identity.described(identity.name(scope), scope.repository) == (scope, identity.tag(scope))


@given(branches, st.lists(refs, max_size=5))
def test_a_branchs_preview_is_known_among_all_branches(scope: Scope, others: list[str]) -> None:
    """Or a sweep would take it for that of a branch that is gone."""
    name = identity.name(scope)
    assert identity.branch_scope(name, scope.repository, [*others, scope.ref]) == scope
    if scope.ref not in others:
        assert identity.branch_scope(name, scope.repository, others) is None


@given(scopes, scopes)
def test_two_scopes_never_share_a_name(one: Scope, other: Scope) -> None:
    assume((one.repository.id, one.kind, one.ref, one.key) != (other.repository.id, other.kind, other.ref, other.key))
    assert identity.name(one) != identity.name(other)
    assert not identity.belongs_to(database(of=identity.name(one)), other)


@pytest.mark.parametrize(("one", "other"), [("feat/a-b", "feat-a/b"), ("feat/a-b", "FEAT_a_b"), ("é", "è"), ("a" * 200, "a" * 201)])
def test_branches_of_one_slug_are_two_previews(one: str, other: str) -> None:
    repository = Repository(1, "acme/web")
    mine, theirs = (Scope(repository, Kind.BRANCH, ref) for ref in (one, other))
    assert identity.name(mine) != identity.name(theirs)
    assert not identity.belongs_to(database(of=identity.name(theirs)), mine)


def test_a_branch_whose_name_is_not_utf_8_has_a_preview_of_its_own() -> None:
    """As Python reads such bytes."""
    mine, theirs = (Scope(Repository(1, "acme/web"), Kind.BRANCH, ref) for ref in ("fix-\udcff", "fix-\udcfe"))
    assert identity.belongs_to(database(of=identity.name(mine)), mine)
    assert identity.name(mine) != identity.name(theirs)


@given(scopes, st.data())
def test_a_name_edited_by_hand_is_nobodys(scope: Scope, data: st.DataObject) -> None:
    name = identity.name(scope)
    start = name.rindex(f"-{scope.kind}-", 0, len(name) - 16)
    at = data.draw(st.integers(start, len(name) - 1))
    edited = name[:at] + data.draw(st.sampled_from("abz23-9").filter(lambda c: c != name[at])) + name[at + 1 :]
    assert not identity.is_ours(edited, scope.repository)
    assert not identity.belongs_to(database(of=edited), scope)


@given(scopes, st.integers(1, 2**40))
def test_another_repositorys_preview_is_not_ours(scope: Scope, other_id: int) -> None:
    assume(other_id != scope.repository.id)
    other = scope.repository._replace(id=other_id)
    assert not identity.is_ours(identity.name(scope), other)


@given(scopes, words)
def test_a_renamed_repository_keeps_its_previews(scope: Scope, new_name: str) -> None:
    renamed = scope._replace(repository=scope.repository._replace(full_name=f"new/{new_name}"))
    assert identity.belongs_to(database(of=identity.name(scope)), renamed)


@given(scopes)
def test_a_default_database_is_never_ours(scope: Scope) -> None:
    assert not identity.belongs_to(database(of=identity.name(scope), logical_id=identity.name(scope), is_default=True), scope)


@given(scopes, st.sampled_from(["ａ", "а", "\u200b", "\n", " ", "A", "İ"]))
def test_look_alikes_are_not_ours(scope: Scope, intruder: str) -> None:
    name = identity.name(scope)
    for forged in (name + intruder, intruder + name, name[:-1] + intruder, name.upper() if name.upper() != name else intruder):
        assert not identity.belongs_to(database(of=forged), scope)


@given(scopes, scopes)
def test_a_name_does_not_count_where_there_is_a_logical_id(scope: Scope, other: Scope) -> None:
    assume(identity.tag(scope) != identity.tag(other))
    assert not identity.belongs_to(database(of=identity.name(scope), logical_id=identity.name(other)), scope)


@given(st.text(max_size=80) | st.from_regex(r"[a-z0-9-]{1,40}-(pr|br|mq)-[a-z0-9-]{1,10}-[a-z2-7]{16}", fullmatch=True))
def test_arbitrary_names_are_nobodys(name: str) -> None:
    assert not identity.is_ours(name, Repository(77, "acme/web"))
    assert identity.described(name, Repository(77, "acme/web")) is None
