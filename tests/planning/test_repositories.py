"""Which repositories a sweep is for: patterns, shards that never overlap, and what proves that a repository is gone."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from preview_db.errors import InvalidInput
from preview_db.planning.decide import decide
from preview_db.planning.decision import Task
from preview_db.planning.events import Event
from preview_db.planning.lookups import EventState
from preview_db.planning.model import Repository
from preview_db.planning.repositories import GitHubAnswers, Listed, Member, Named, Owner, Selection, Shard, Standing, members
from preview_db.planning.settings import Inputs

HOST = "github.com"
NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,12}/[A-Za-z0-9_-]{1,12}", fullmatch=True)
IDS = st.integers(1, 2**40)


@pytest.mark.parametrize(
    ("text", "taken", "not_taken"),
    [
        ("acme/*", ["acme/shop", "ACME/Web", "acme/.github"], ["other/shop", "acmeshop/x"]),
        ("acme/*, other/repo, !acme/legacy", ["acme/shop", "other/repo"], ["acme/legacy", "ACME/LEGACY", "other/other"]),
        ("acme/web-?", ["acme/web-1"], ["acme/web-12", "acme/web-"]),
        ("!acme/a*\nacme/*", ["acme/b"], ["acme/a", "acme/ab"]),
        ("acme/* other/x !*/x", ["acme/b"], ["acme/x", "other/x"]),
        ("acme/gone@42", ["acme/gone"], ["acme/gone2"]),
        ("acme/a.b", ["acme/a.b"], ["acme/aXb"]),
    ],
)
def test_names_and_patterns(text: str, taken: list[str], not_taken: list[str]) -> None:
    selection = Selection.parse(text)
    assert [name for name in taken if not selection.takes(name)] == []
    assert [name for name in not_taken if selection.takes(name)] == []


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "*/*",
        "acme",
        "acme/",
        "/shop",
        "acme/[ab]",
        "acme/shop@",
        "acme/shop@0",
        "acme/*@3",
        "!acme/x",
        "acme/..",
        "a/b/c",
        "acme/shöp",
    ],
)
def test_what_is_no_list_of_repositories_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="takes"):
        Selection.parse(text)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        selection = Selection.parse(text)
    except ValueError:
        return
    assert selection.named or selection.globs


@given(st.lists(NAMES, min_size=1), st.lists(NAMES), NAMES)
def test_what_is_taken_out_is_never_taken(named: list[str], without: list[str], name: str) -> None:
    selection = Selection.parse(", ".join([*named, *(f"!{other}" for other in without)]))
    for candidate in (*named, *without, name):
        out = candidate.lower() in {other.lower() for other in without}
        assert selection.takes(candidate) == (candidate.lower() in {other.lower() for other in named} and not out)


@given(IDS, NAMES, NAMES, st.integers(1, 256))
@example(1, "a/b", "c/d", 8)
def test_every_repository_is_in_exactly_one_shard_whatever_it_is_called(id_: int, name: str, later: str, count: int) -> None:
    taking = [index for index in range(1, count + 1) if Shard(index, count).takes(Repository(id_, name))]
    assert len(taking) == 1
    assert Shard(taking[0], count).takes(Repository(id_, later))


def test_shards_are_stable_from_one_version_to_the_next() -> None:
    assert [next(i for i in range(1, 9) if Shard(i, 8).takes(Repository(id_, "acme/x"))) for id_ in (1, 2, 3, 123456)] == SHARDS


SHARDS = [2, 6, 6, 5]


@given(st.integers(0, 10_000), st.integers(1, 256))
def test_the_shares_of_a_limit_come_to_the_limit(limit: int, count: int) -> None:
    shares = [Shard(index, count).share(limit) for index in range(1, count + 1)]
    assert sum(shares) == limit
    assert max(shares) - min(shares) <= 1


@pytest.mark.parametrize("text", ["0/8", "9/8", "3", "3/", "/8", "a/b", "1/257", "03/8", "1/8/2", "-1/8"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="shard"):
        Inputs.read({"INPUT_REPOSITORIES": "acme/*", "INPUT_SHARD": text})


def seen(selection: Selection, *, owners: dict[str, Owner], named: dict[str, Listed | None]) -> tuple[list[Member], list[Named]]:
    return members(selection, GitHubAnswers(owners, {name: named[str(name)] for name in selection.named if str(name) in named}), HOST)


GONE = "acme/gone@9"


@pytest.mark.parametrize(
    ("owner", "standing"),
    [
        (Owner((Listed(1, "acme/shop"),), complete=True), Standing.GONE),
        (Owner((Listed(1, "acme/shop"),), complete=False), Standing.UNSEEN),
        (Owner((Listed(9, "acme/gone"),), complete=True), Standing.UNSEEN),
        (Owner((Listed(9, "acme/renamed"),), complete=True), Standing.UNSEEN),
        (None, Standing.UNSEEN),
    ],
)
def test_only_a_404_by_id_and_a_complete_list_without_it_prove_that_a_repository_is_gone(owner: Owner | None, standing: Standing) -> None:
    found, unknown = seen(Selection.parse(GONE), owners={"acme": owner} if owner else {}, named={GONE: None})
    assert ([(member.repository.id, member.standing) for member in found], unknown) == ([(9, standing)], [])


def test_what_could_not_be_read_by_its_id_is_no_member() -> None:
    found, unknown = seen(Selection.parse(GONE), owners={"acme": Owner((), complete=True)}, named={})
    assert (found, unknown) == ([], [])


@pytest.mark.parametrize(
    ("text", "listed", "standing"),
    [
        ("acme/shop", Listed(1, "acme/shop"), Standing.THERE),
        ("acme/shop", Listed(1, "Acme/Shop"), Standing.THERE),
        ("acme/shop", Listed(1, "acme/shop", archived=True), Standing.ARCHIVED),
        ("acme/shop", Listed(1, "acme/store"), Standing.MOVED),
        ("acme/shop@1", Listed(1, "other/shop"), Standing.MOVED),
        ("acme/shop@1, acme/st*", Listed(1, "acme/store"), Standing.THERE),
        ("acme/shop@1", Listed(1, "other/shop", archived=True), Standing.ARCHIVED),
    ],
)
def test_where_a_repository_is_goes_by_what_github_calls_it_now(text: str, listed: Listed, standing: Standing) -> None:
    selection = Selection.parse(text)
    (member,), _ = members(selection, GitHubAnswers({}, {selection.named[0]: listed}), HOST)
    assert (member.standing, member.repository) == (standing, Repository(listed.id, listed.full_name, HOST))


def test_a_name_without_an_id_that_is_not_there_is_nobody() -> None:
    found, unknown = seen(Selection.parse("acme/shop"), owners={}, named={"acme/shop": None})
    assert (found, [str(name) for name in unknown]) == ([], ["acme/shop"])


def test_a_repository_is_a_member_once_and_what_is_taken_out_never() -> None:
    selection = Selection.parse("acme/*, acme/shop, acme/shop@1, acme/old@2, !acme/new")
    named = {
        selection.named[0]: Listed(1, "acme/shop"),
        selection.named[1]: Listed(1, "acme/shop"),
        selection.named[2]: Listed(2, "acme/new"),
    }
    owner = Owner((Listed(1, "acme/shop"), Listed(2, "acme/new"), Listed(3, "acme/web")), complete=True)
    found, _ = members(selection, GitHubAnswers({"acme": owner}, named), HOST)
    assert [member.repository.id for member in found] == [1, 3]


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"SHARD": "1/2"}, "repositories, which is empty"),
        ({"MISSING_REPOSITORIES": "delete"}, "repositories, which is empty"),
        ({"MAX_DELETIONS_PER_REPOSITORY": "3"}, "repositories, which is empty"),
        ({"REPOSITORIES": "acme/*", "COMMAND": "create"}, "sweep of many"),
        ({"REPOSITORIES": "*"}, "takes names"),
        ({"REPOSITORIES": "acme/*", "MISSING_REPOSITORIES": "yes"}, "missing_repositories takes"),
    ],
)
def test_inputs_of_a_sweep_of_many_that_make_no_sense_are_refused(inputs: dict[str, str], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        Inputs.read({f"INPUT_{name}": value for name, value in inputs.items()})


@pytest.mark.parametrize(
    ("command", "event", "task"),
    [
        ("sweep", "push", Task.SWEEP),
        ("plan", "push", Task.SWEEP),
        ("auto", "schedule", Task.SWEEP),
        ("auto", "workflow_dispatch", Task.SWEEP),
        ("auto", "issue_comment", Task.NOTHING),
        ("plan", "issue_comment", Task.NOTHING),
    ],
)
def test_when_a_list_of_repositories_is_a_sweep_of_them(command: str, event: str, task: Task) -> None:
    inputs = Inputs.read({"INPUT_REPOSITORIES": "acme/*", "INPUT_COMMAND": command, "INPUT_SERVICE_TOKEN": "x"})
    assert decide(inputs, Event(name=event), Repository(1, "acme/shop"), EventState()).task is task
