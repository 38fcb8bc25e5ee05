"""Reading which repositories a sweep of many is for; what can't be read is a doubt, and stops nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ..background import AT_ONCE, SideBySide
from ..errors import PreviewError
from ..planning.organisation import Doubt
from ..planning.repositories import Member, Seen, Selection, members
from ..services.github.server import GitHubServer

_Key = TypeVar("_Key")
_Found = TypeVar("_Found")

_SAY_EVERY = 100


def find(github: GitHubServer, selection: Selection, host: str, *, doubts: list[Doubt], log: Callable[[str], None]) -> list[Member]:
    """The repositories that ``selection`` takes.

    Args:
        host: of the GitHub server.
        doubts: takes what can't be read, and names that nobody answers to.
        log: takes a line for the person who watches.
    """
    owners = read_each(selection.owners, github.owner, name=lambda login: f"{login}/*", doubts=doubts, log=log)
    named = read_each(selection.named, github.named, name=str, doubts=doubts, log=log)
    found, unknown = members(selection, Seen(owners, named), host)
    why = "GitHub answers 404: it is misspelt, deleted, or private and the token can't see it"
    doubts += (Doubt(str(name), why) for name in unknown)
    return found


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
