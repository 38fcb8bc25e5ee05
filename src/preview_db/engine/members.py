"""Reading which repositories a sweep of many is for; what can't be read is a doubt, and stops nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TypeVar

from ..background import AT_ONCE, SideBySide
from ..errors import PreviewError
from ..planning.events import PullRequest
from ..planning.organisation import Doubt
from ..planning.repositories import GitHubAnswers, Listed, Member, Selection, members
from ..services.github.batch import AT_A_TIME, Key
from ..services.github.errors import GitHubFailed
from ..services.github.server import GitHubServer

_Key = TypeVar("_Key")
_Found = TypeVar("_Found")

_SAY_EVERY = 100
_FAILURES = 3  # of GraphQL, after which it is not asked any more


def find(github: GitHubServer, selection: Selection, host: str, *, doubts: list[Doubt], log: Callable[[str], None]) -> list[Member]:
    """The repositories that ``selection`` takes.

    Args:
        host: of the GitHub server.
        doubts: takes what can't be read, and names and patterns that nobody answers to.
        log: takes a line for the person who watches.
    """
    owners = read_each(selection.owners, github.owner, name=lambda login: f"{login}/*", doubts=doubts, log=log)
    named = read_each(selection.named, github.named, name=str, doubts=doubts, log=log)
    found, unknown = members(selection, GitHubAnswers(owners, named), host)
    why = "GitHub answers 404: it is misspelt, deleted, or private and the token can't see it"
    doubts += (Doubt(str(name), why) for name in unknown)
    seen = [listed.full_name for owner in owners.values() for listed in owner.repositories]
    none = "no repository that the token sees is called so: the pattern is misspelt, or the list that GitHub answers with is not whole"
    doubts += (Doubt(glob, none) for glob in selection.unmatched(seen) if glob.partition("/")[0] in owners)
    return found


def pull_requests(github: GitHubServer, asked: Sequence[tuple[Listed, int]], *, log: Callable[[str], None]) -> dict[Key, PullRequest]:
    """Those of ``asked``, by number, of which GitHub tells by GraphQL what they are: many repositories' in one request.

    The others are for the lists of their repositories to tell, and so are all that are left once a few requests have failed.
    """
    failures: list[GitHubFailed] = []

    def read(some: Sequence[tuple[Listed, int]]) -> dict[Key, PullRequest]:
        if len(failures) >= _FAILURES:
            return {}
        try:
            return github.pull_requests(some)
        except GitHubFailed as error:
            failures.append(error)
            log(f"{error.what} The lists of the repositories are read instead.")
            return {}

    requests = [asked[begin : begin + AT_A_TIME] for begin in range(0, len(asked), AT_A_TIME)]
    with SideBySide(read, requests, at_once=AT_ONCE) as answers:
        return dict(itertools.chain.from_iterable(answer.items() for answer in answers))


def read_each(
    keys: Sequence[_Key],
    read: Callable[[_Key], _Found],
    *,
    name: Callable[[_Key], str],
    doubts: list[Doubt],
    log: Callable[[str], None],
) -> dict[_Key, _Found]:
    """What ``read`` finds of each, side by side; one that fails is a doubt about its ``name``, and left out."""

    def try_one(key: _Key) -> tuple[_Found] | PreviewError:
        try:
            return (read(key),)
        except PreviewError as error:
            return error

    found: dict[_Key, _Found] = {}
    with SideBySide(try_one, keys, at_once=AT_ONCE) as under_way:
        for number, (key, answer) in enumerate(zip(keys, under_way, strict=True), 1):
            if isinstance(answer, PreviewError):
                doubts.append(Doubt(name(key), answer.what))
            else:
                found[key] = answer[0]
            if number % _SAY_EVERY == 0:
                log(f"{number} of {len(keys)} read")
    return found
