"""Scope to name and back: which database is whose.

A name is ``<repository>-<kind>-<ref>[-<key>]-<tag>``. Everything before the tag is for people; the tag decides. It is six characters of a
hash of the server's host and the repository's id, then ten that confirm the exact scope, so that it is a checksum too: a name edited by
hand is nobody's.

A pull request's ten are a hash of the scope, which the name spells out in full and which can therefore be computed again. A branch's name
holds only a slug of the branch, so its ten are six of the scope's hash and four of a hash of what the name says: two branches of one slug
still differ, and an edited name is still found out. A repository's *name* is in no hash, so a renamed repository keeps its previews.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Iterable

from .model import Database, Kind, Repository, Scope

MAX_LENGTH = 63
"""The longest identity. ``logicalId`` has no published limit; 63 is what PostgreSQL allows a name."""

MAX_KEY_LENGTH = 16
"""The longest ``key``; it is kept whole in the name, so that the name says which one it is."""

KEY = re.compile(rf"(?=.{{1,{MAX_KEY_LENGTH}}}\Z)[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)

TAG_LENGTH = 16

_REPLACEMENT = "new--"
"""What the name of a database begins with that a reset has created, until the old one is gone. No slug holds two hyphens in a row."""

_MAX_BRANCH_SLUG = 20  # fixed, so that what a name says of a branch does not hang on how long the repository's name is
_IDENTITY = re.compile(rf"(?=.{{1,{MAX_LENGTH}}}\Z)(?P<words>[a-z0-9-]+)-(?P<tag>[a-z2-7]{{16}})", re.ASCII)
_KIND_AND_REF = re.compile(r"(?<=[a-z0-9])-(?=(?P<kind>pr|br|mq)-(?P<said>[a-z0-9-]+)\Z)", re.ASCII)
_NUMBER_AND_KEY = re.compile(r"(?P<number>[1-9][0-9]*)(?:-(?P<key>[a-z0-9-]+))?", re.ASCII)


def name(scope: Scope, *, replacement: bool = False) -> str:
    """The identity string of ``scope``: ``[a-z0-9-]``, at most 63 characters, cut in the slugs and never in the tag.

    Args:
        replacement: for a database that is created beside one that it will replace, and that still bears the identity.
    """
    head = _REPLACEMENT if replacement else ""
    tail = f"-{scope.kind}-{_said(scope)}-{tag(scope)}"
    slug = _slug(scope.repository.full_name.rpartition("/")[2])
    return head + (slug[: MAX_LENGTH - len(head) - len(tail)].rstrip("-") or "x") + tail


def is_replacement(identity: str) -> bool:
    """Whether ``identity``, one of ours, was given by a reset that has not ended yet, or was killed."""
    return identity.startswith(_REPLACEMENT)


def tag(scope: Scope) -> str:
    """The sixteen characters that decide whose a name is."""
    exact = _hash(*_whose(scope.repository), scope.kind, scope.ref, scope.key)
    if scope.kind is Kind.BRANCH:
        return repository_tag(scope.repository) + exact[:6] + _branch_check(scope.repository, _said(scope), exact[:6])
    return repository_tag(scope.repository) + exact[:10]


def tag_of(identity: str) -> str:
    """The tag that ``identity``, one of ours, ends in."""
    return identity[-TAG_LENGTH:]


def is_ours(identity: str, repository: Repository) -> bool:
    """Whether ``identity`` bears a valid tag of ``repository``: one that confirms what the rest of the name says."""
    return bool(_readings(identity, repository))


def looks_like_one(identity: str) -> bool:
    """Whether ``identity`` has the form of some repository's. Only that repository can tell whether it is its own."""
    parts = _IDENTITY.fullmatch(identity)
    return parts is not None and re.search(r"-(?:pr|br|mq)-", parts["words"]) is not None


@functools.lru_cache(maxsize=10_000)
def repository_tag(repository: Repository) -> str:
    """What every tag of ``repository`` begins with. Two repositories may share it: whose an identity is, :func:`is_ours` says."""
    return _hash(*_whose(repository))[:6]


def repository_tag_of(identity: str) -> str:
    """What the tag of ``identity``, which :func:`looks_like_one`, begins with."""
    return tag_of(identity)[:6]


def slug_of(identity: str) -> str:
    """What ``identity``, which :func:`looks_like_one`, says of its repository's name: for people, since anybody can write it."""
    return re.split(r"-(?:pr|br|mq)-", identity.removeprefix(_REPLACEMENT))[0]


def could_be_called(identity: str, full_name: str) -> bool:
    """Whether ``identity``, which :func:`looks_like_one`, was given while its repository was called ``full_name``, but for what was cut."""
    slug = _slug(full_name.rpartition("/")[2]) or "x"
    head = identity.removeprefix(_REPLACEMENT)
    begins = [head[: found.start()] for found in re.finditer(r"-(?=(?:pr|br|mq)-)", head)]
    was_cut = len(identity) >= MAX_LENGTH - 1  # a hyphen at the end of what was cut goes, too
    return slug in begins or (was_cut and any(slug.startswith(begin) for begin in begins))


def belongs_to(database: Database, scope: Scope) -> bool:
    """Whether ``database`` is the preview of exactly ``scope``, by its ``logicalId``, or by its name where it has none."""
    return bears(database, tag(scope), scope.repository)


def bears(database: Database, tag_: str, repository: Repository) -> bool:
    """Whether ``database`` is the preview of ``repository`` that ``tag_`` says.

    A default database is nobody's preview, whatever it is called.
    """
    return not database.is_default and database.identity.endswith(f"-{tag_}") and is_ours(database.identity, repository)


def described(identity: str, repository: Repository) -> tuple[Scope, str] | None:
    """What an identity of ``repository`` is for and its tag, or none if it is not one.

    Of a branch only a slug is in the name, with the key after it: that scope is good to be shown, and its tag to be found by.
    """
    readings = _readings(identity, repository)
    return (readings[0], tag_of(identity)) if readings else None


def branch_scope(identity: str, repository: Repository, branches: Iterable[str]) -> Scope | None:
    """The one of ``branches`` whose preview bears ``identity``, with its key; none if it is none of theirs."""
    sayings = [scope.ref for scope in _readings(identity, repository) if scope.kind is Kind.BRANCH]
    for branch in branches:
        slug = _branch_slug(branch)
        for said in sayings:
            # A key is told from the slug by what is left over; the tag decides.
            if said == slug or said.startswith(f"{slug}-"):
                scope = Scope(repository, Kind.BRANCH, branch, said[len(slug) + 1 :])
                if tag(scope) == tag_of(identity):
                    return scope
    return None


def _readings(identity: str, repository: Repository) -> list[Scope]:
    """Every way to read ``identity`` that its tag confirms; a branch's slug and key both stand for its ref.

    A repository may be called ``x-pr-1``, a branch ``fix-br-2`` and a key ``pr-3``, so the kind may stand in several places. A number is
    confirmed by more of the tag than a branch is, and goes before it.
    """
    parts = _IDENTITY.fullmatch(identity)
    if parts is None or not parts["tag"].startswith(repository_tag(repository)):
        return []
    numbered: list[Scope] = []
    branches: list[Scope] = []
    for reading in _KIND_AND_REF.finditer(parts["words"]):
        if reading["kind"] == Kind.BRANCH:
            if parts["tag"][12:] == _branch_check(repository, reading["said"], parts["tag"][6:12]):
                branches.append(Scope(repository, Kind.BRANCH, reading["said"]))
        elif number := _NUMBER_AND_KEY.fullmatch(reading["said"]):
            scope = Scope(repository, Kind(reading["kind"]), number["number"], number["key"] or "")
            if tag(scope) == parts["tag"]:
                numbered.append(scope)
    return numbered + branches


def _said(scope: Scope) -> str:
    """What the name says of the ref and the key."""
    ref = _branch_slug(scope.ref) if scope.kind is Kind.BRANCH else scope.ref
    return f"{ref}-{scope.key}" if scope.key else ref


def _branch_slug(branch: str) -> str:
    return _slug(branch)[:_MAX_BRANCH_SLUG].rstrip("-") or "x"


def _branch_check(repository: Repository, said: str, exact: str) -> str:
    return _hash(*_whose(repository), Kind.BRANCH, "check", said, exact)[:4]


def _whose(repository: Repository) -> tuple[str, str]:
    """What tells repositories apart: two servers may give the same id to two of them."""
    return repository.host.lower(), str(repository.id)


def _hash(*parts: str) -> str:
    """A hash in base32; each part is led by its size, so that no two different tuples are the same input."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode(errors="surrogatepass")
        digest.update(len(encoded).to_bytes(8))
        digest.update(encoded)
    return base64.b32encode(digest.digest()).decode().lower()


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
