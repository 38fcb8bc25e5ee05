"""Names and tags as they have always been. Whoever has to change one here disowns every preview there is.

A change of the scheme needs a way to find the previews of before.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preview_db.planning import identity
from preview_db.planning.model import Database, Kind, Repository, Scope, Status

SHOP = Repository(123456789, "acme/shop")
LONG = Repository(123456789, "acme/a-repository-of-quite-a-long-name-a-repository-of-quite-a-long-name")
AT_A_HYPHEN = Repository(123456789, "acme/a-repository-of-qui-t")
IN_A_GROUP = Repository(123456789, "acme/tools/shop", "gitlab.com")
WITHOUT_A_LETTER = Repository(123456789, "acme/._-")
ANOTHER_ID = Repository(987654321, "acme/shop")
ANOTHER_HOST = Repository(123456789, "acme/shop", "github.example.com")

GOLDEN = {
    "pull request": (Scope(SHOP, Kind.PULL_REQUEST, "12"), "shop-pr-12-yuc7lqx5hcdvrhjs"),
    "pull request with key": (Scope(SHOP, Kind.PULL_REQUEST, "12", "e2e"), "shop-pr-12-e2e-yuc7lqybviitfr5w"),
    "branch": (Scope(SHOP, Kind.BRANCH, "main"), "shop-br-main-yuc7lqrlvdymw75z"),
    "branch with key": (
        Scope(SHOP, Kind.BRANCH, "feature/Login_Form", "e2e"),
        "shop-br-feature-login-form-e2e-yuc7lqyan4l3b243",
    ),
    "long branch": (
        Scope(SHOP, Kind.BRANCH, "renovate/a-very-long-branch-name-that-goes-on-and-on"),
        "shop-br-renovate-a-very-long-yuc7lqcyegisxxpx",
    ),
    "branch that is cut at a hyphen": (
        Scope(SHOP, Kind.BRANCH, "feat/nineteen-chars-and-on"),
        "shop-br-feat-nineteen-chars-yuc7lqta6iwfdgiw",
    ),
    "branch in other letters": (Scope(SHOP, Kind.BRANCH, "ünïcode/日本"), "shop-br-n-code-yuc7lq32lbm34xv7"),
    "branch without a letter": (Scope(SHOP, Kind.BRANCH, "///"), "shop-br-x-yuc7lqk67bnkqrov"),
    "merge queue": (Scope(SHOP, Kind.MERGE_QUEUE, "12"), "shop-mq-12-yuc7lqzksru437wf"),
    "merge queue with key": (Scope(SHOP, Kind.MERGE_QUEUE, "12", "e2e"), "shop-mq-12-e2e-yuc7lqsusl5u4fj7"),
    "long repository": (
        Scope(LONG, Kind.PULL_REQUEST, "12345", "sixteen-chars-ok"),
        "a-repository-of-quit-pr-12345-sixteen-chars-ok-yuc7lqzzfzuklw2g",
    ),
    "repository that is cut at a hyphen": (
        Scope(AT_A_HYPHEN, Kind.PULL_REQUEST, "12345", "sixteen-chars-ok"),
        "a-repository-of-qui-pr-12345-sixteen-chars-ok-yuc7lqzzfzuklw2g",
    ),
    "repository in a group of a group": (Scope(IN_A_GROUP, Kind.PULL_REQUEST, "12"), "shop-pr-12-x7lhi7jkhaxybpkm"),
    "repository without a letter": (Scope(WITHOUT_A_LETTER, Kind.PULL_REQUEST, "12"), "x-pr-12-yuc7lqx5hcdvrhjs"),
    "another repository": (Scope(ANOTHER_ID, Kind.PULL_REQUEST, "12"), "shop-pr-12-a6mis2nr7o5kaki5"),
    "another host": (Scope(ANOTHER_HOST, Kind.PULL_REQUEST, "12"), "shop-pr-12-r4einflth6kudjs7"),
}
REPLACEMENTS = {
    "pull request": "new--shop-pr-12-yuc7lqx5hcdvrhjs",
    "branch with key": "new--shop-br-feature-login-form-e2e-yuc7lqyan4l3b243",
    "merge queue": "new--shop-mq-12-yuc7lqzksru437wf",
    "long repository": "new--a-repository-of-pr-12345-sixteen-chars-ok-yuc7lqzzfzuklw2g",
}


def database(name: str) -> Database:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Database("db_1", name, name, Status.READY, moment, is_default=False, project_id="p", region=None, default_connection_id=None)


@pytest.mark.parametrize("what", GOLDEN)
def test_a_preview_is_called_what_it_was_always_called(what: str) -> None:
    scope, name = GOLDEN[what]
    assert identity.name(scope) == name
    assert identity.tag(scope) == name[-16:]


@pytest.mark.parametrize("what", REPLACEMENTS)
def test_a_replacement_is_called_what_it_was_always_called(what: str) -> None:
    assert identity.name(GOLDEN[what][0], replacement=True) == REPLACEMENTS[what]


@pytest.mark.parametrize("what", GOLDEN)
def test_a_name_of_before_is_found_by_whose_it_is(what: str) -> None:
    scope, name = GOLDEN[what]
    assert identity.belongs_to(database(name), scope)
    if what in REPLACEMENTS:
        assert identity.belongs_to(database(REPLACEMENTS[what]), scope)
        assert identity.is_replacement(REPLACEMENTS[what])
    assert not identity.is_replacement(name)


def named(full_name: str) -> str:
    """The name of a preview whose number and key leave a repository of that name 20 characters."""
    return identity.name(Scope(Repository(1, full_name), Kind.PULL_REQUEST, "12345", "sixteen-chars-ok"))


@pytest.mark.parametrize(
    ("given_as", "called", "could_be"),
    [
        ("acme/shop", "acme/shop", True),
        ("acme/shop", "acme/shop-2", False),
        (LONG.full_name, LONG.full_name, True),
        (LONG.full_name, "acme/a-repository-of-quit", True),
        (LONG.full_name, "acme/a-repository-of-quick-notes", False),
        ("acme/a-repository-of-qui-t", "acme/a-repository-of-qui-t", True),
        ("acme/a-repository-of-qu", "acme/a-repository-of-quite", False),
        ("acme/._-", "acme/._-", True),
        ("acme/._-", "acme/shop", False),
        ("acme/tools/shop", "acme/tools/shop", True),
    ],
)
def test_a_name_tells_what_its_repository_could_have_been_called_but_for_what_was_cut(given_as: str, called: str, could_be: bool) -> None:
    assert identity.could_be_called(named(given_as), called) is could_be


hosts = st.from_regex(r"[a-z][a-z0-9]{0,8}(\.[a-z][a-z0-9]{0,8}){1,2}", fullmatch=True)
scopes = st.builds(
    Scope,
    repository=st.builds(Repository, id=st.integers(1, 10**9), full_name=st.just("acme/shop"), host=hosts),
    kind=st.just(Kind.PULL_REQUEST),
    ref=st.integers(1, 10**6).map(str),
    key=st.sampled_from(["", "e2e"]),
) | st.builds(
    Scope,
    repository=st.builds(Repository, id=st.integers(1, 10**9), full_name=st.just("acme/shop"), host=hosts),
    kind=st.just(Kind.BRANCH),
    ref=st.text(min_size=1, max_size=40),
    key=st.sampled_from(["", "e2e"]),
)


@given(scopes, hosts, st.booleans())
def test_names_of_two_servers_never_match_though_the_repository_has_the_same_id(scope: Scope, host: str, replacement: bool) -> None:
    theirs = scope.repository._replace(host=host)
    name = identity.name(scope, replacement=replacement)
    same = host == scope.repository.host
    assert identity.belongs_to(database(name), scope._replace(repository=theirs)) == same
    assert identity.is_ours(name, theirs) == same
    assert (identity.described(name, theirs) is not None) == same


@given(scopes)
def test_a_host_is_the_same_however_it_is_capitalised(scope: Scope) -> None:
    theirs = scope.repository._replace(host=scope.repository.host.upper())
    assert identity.name(scope._replace(repository=theirs)) == identity.name(scope)
