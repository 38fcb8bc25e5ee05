"""Which repositories a sweep of many is for, as a page to read: `repositories.txt` has how lists are read and where repositories are found.

A change of any of it shows in that file's diff. Written again with `python -m tests.planning.test_golden_repositories`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from preview_db.planning.model import Repository
from preview_db.planning.repositories import (
    GitHubAnswers,
    Listed,
    Owner,
    Selection,
    Shard,
    Standing,
    members,
    shards_for,
    still,
)

PAGE = Path(__file__).with_name("repositories.txt")

NAMES = ("acme/shop", "Acme/Shop", "acme/web", "acme/web-1", "acme/legacy", "other/shop", "other/web")

LISTS = (
    "acme/shop",
    "Acme/Shop, acme/shop, acme/shop",
    "acme/shop@7",
    "acme/shop@7 other/web@8\n\n  Acme/Web@9,",
    "acme/*",
    "ACME/* acme/*,!Acme/Legacy !acme/legacy",
    "acme/web-?",
    "acme/*, other/shop, !*/web",
    "none/*",
    "a/" + "x" * 100,
    "a/" + "x" * 101,
    "acme/.github",
    "acme/..",
    "acme/[ab]",
    "acme/shop@0",
    "acme/shop@" + "9" * 19,
    "acme/shop@" + "9" * 20,
    "acme/*@3",
    "*/shop",
    "shop",
    "acme/shöp",
    "!acme/shop",
    "",
)

SHOP, WEB = Listed(1, "acme/shop"), Listed(2, "acme/web")
OLD = Listed(3, "acme/old", archived=True)
ALL = Owner((SHOP, WEB, OLD), complete=True)
ZETA = Owner((Listed(9, "Zeta/a"), Listed(8, "zeta/B"), Listed(7, "zeta/_")))
MOVED = Listed(1, "other/shop")

SITUATIONS: dict[str, tuple[str, dict[str, Owner], dict[str, Listed | None]]] = {
    "an owner's list": ("acme/*", {"acme": ALL}, {}),
    "an owner's list that breaks off": ("acme/*", {"acme": ALL._replace(complete=False)}, {}),
    "an owner's list that could not be read": ("acme/*", {}, {}),
    "two owners' lists, in the order of their names": ("zeta/* acme/s*", {"zeta": ZETA, "acme": ALL}, {}),
    "an owner's list without what is taken out": ("acme/* !acme/web", {"acme": ALL}, {}),
    "one that is named": ("acme/shop", {}, {"acme/shop": SHOP}),
    "one that is named in other letters": ("ACME/Shop", {}, {"ACME/Shop": SHOP}),
    "one that is named, and in the list": ("acme/shop acme/*", {"acme": ALL}, {"acme/shop": SHOP}),
    "one that is named twice": ("acme/shop acme/shop@1", {"acme": ALL}, {"acme/shop": SHOP, "acme/shop@1": SHOP}),
    "one that is named, and 404": ("acme/gone", {}, {"acme/gone": None}),
    "one that is named, and taken out": ("acme/shop !acme/shop", {}, {"acme/shop": SHOP}),
    "one that is archived": ("acme/old", {}, {"acme/old": OLD}),
    "one that has another name": ("acme/before", {}, {"acme/before": SHOP}),
    "one that has another name, which the list takes": ("acme/before acme/s*", {}, {"acme/before": SHOP}),
    "one that has another name, which is taken out": ("acme/before !acme/shop", {}, {"acme/before": SHOP}),
    "one whose old name is taken out": ("acme/before !acme/before", {}, {"acme/before": SHOP}),
    "one with its id that went to another owner": ("acme/shop@1", {"acme": ALL}, {"acme/shop@1": MOVED}),
    "one with its id, 404, and its owner's list is complete": ("acme/gone@9", {"acme": ALL}, {"acme/gone@9": None}),
    "one with its id, 404, and its owner's list breaks off": ("acme/gone@9", {"acme": ALL._replace(complete=False)}, {"acme/gone@9": None}),
    "one with its id, 404, and there is no list of its owner": ("Acme/gone@9", {"other": ALL}, {"Acme/gone@9": None}),
    "one with its id, 404, and it is in its owner's list": ("Acme/shop@1", {"acme": ALL}, {"Acme/shop@1": None}),
    "one with its id, 404, and taken out": ("acme/gone@9 !acme/gone", {"acme": ALL}, {"acme/gone@9": None}),
}  # fmt: skip

SHARDS = ("1/1", " 3/8 ", "256/256", "1/257", "9/8", "0/8", "3", "3/8/1", "03/8", "")


def read(text: str) -> Iterator[str]:
    yield f"# {text!r}"
    try:
        selection = Selection.parse(text)
    except ValueError as error:
        yield f"  refused: {error}"
        return
    yield f"  named {[(named.owner, named.full_name, named.id) for named in selection.named]}"
    yield f"  globs {list(selection.globs)} without {list(selection.without)}; lists to read: {list(selection.owners)}"
    yield f"  takes {[name for name in NAMES if selection.takes(name)]}; takes out {[name for name in NAMES if selection.takes_out(name)]}"
    yield f"  globs that match nothing: {selection.unmatched(NAMES)}"


def found(text: str, owners: dict[str, Owner], named: dict[str, Listed | None]) -> Iterator[str]:
    selection = Selection.parse(text)
    present, unknown = members(selection, GitHubAnswers(owners, {name: named[str(name)] for name in selection.named}), "github.example.com")
    for member in present:
        told = [str(member.standing), member.said, f"listed as {member.listed.full_name}" if member.listed else "not listed"]
        yield f"  {member.repository.full_name}, {member.repository.id} at {member.repository.host}: {'; '.join(filter(None, told))}"
    yield from (f"  unknown: {name}" for name in unknown)


def shard(text: str) -> str:
    try:
        parsed = Shard.parse(text)
    except ValueError as error:
        return f"  {text!r} is refused: {error}"
    taken = [id_ for id_ in range(1, 33) if parsed.takes(Repository(id_, "acme/x", "GitHub.com"))]
    return f"  {text!r} is {parsed}: a share of {parsed.share(10)} of 10, and of the repositories 1 to 32 {taken}"


def lines() -> Iterator[str]:
    yield "=== How a list of repositories is read"
    for text in LISTS:
        yield from read(text)
    yield "=== Where repositories are"
    for title, (text, owners, named) in SITUATIONS.items():
        yield f"# {title}: {text!r}"
        yield from found(text, owners, named)
    yield "=== Where they are when it comes to deleting"
    for was in (Standing.ARCHIVED, Standing.GONE):
        for answer, listed in {"404": None, "it": SHOP, "it, archived": OLD}.items():
            yield f"  it was {was}, and GitHub answers {answer}: {still(was, listed)}"
    yield "=== Parts of a sweep"
    yield from (shard(text) for text in SHARDS)
    for repositories in (0, 1, 125, 126, 250, 251, 32_000, 1_000_000):
        parts = shards_for(repositories)
        yield f"  {repositories:,} repositories in {len(parts)}: from {parts[0]} to {parts[-1]}"


def test_no_repository_is_found_otherwise_than_it_was() -> None:
    assert list(lines()) == PAGE.read_text("utf-8").splitlines(), "if that is meant: python -m tests.planning.test_golden_repositories"


def test_a_repository_stays_in_its_part_however_its_servers_name_is_written() -> None:
    shop = [Repository(1, "acme/shop", host) for host in ("github.com", "GitHub.com")]
    assert [Shard(index, 8).takes(shop[0]) for index in range(1, 9)] == [Shard(index, 8).takes(shop[1]) for index in range(1, 9)]


if __name__ == "__main__":
    PAGE.write_text("\n".join(lines()) + "\n", "utf-8")
    sys.stdout.write(f"{PAGE.name} is written\n")
