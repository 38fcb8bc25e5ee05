"""The one comment on a pull request: looked for while other things are done, and written in one request."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import httpx

from .errors import Refused, absent_is_none, failing
from .rest import Rest

MAX_COMMENT = 65_000
"""Characters of a comment we write. GitHub counts up to 65,536."""

Told = Literal["created", "edited", "unchanged", "absent"]

JOBS_OWN = "github-actions[bot]"

_ADD = """
mutation($subject: ID!, $body: String!) {
  addComment(input: {subjectId: $subject, body: $body}) {
    commentEdge { node { databaseId } }
    subject { ... on PullRequest { comments(last: 100) { nodes { databaseId body viewerDidAuthor } } } }
  }
}
"""
"""Writes a comment, and answers with what stands there then: whether another run has written one at the same moment."""


class Found(NamedTuple):
    """A comment that begins with the marker."""

    id: int
    text: str
    login: str


class Comment:
    """The comment that bears ``marker``, on the pull request ``number``: the oldest that the token's owner wrote.

    It is looked for from the beginning, in the background.

    Args:
        login: tells whom the token writes as.
        node_id: the pull request's in GraphQL, if that is known: writing the first comment then takes one request instead of two.
    """

    def __init__(self, rest: Rest, number: int, marker: str, *, login: Callable[[], str], node_id: str = "") -> None:
        self._rest = rest
        self._number = number
        self._marker = marker
        self._node_id = node_id
        self._login = login
        self._found = rest.reads.begin(self._look)

    def tell(self, body: str, *, only_edit: bool, at_once: bool = False) -> Told:
        """Makes the comment read ``body``. The owner's others are deleted: two runs may have written one each at the same moment.

        What was found at first is acted on, and believed where there is nothing to do only once a second look has found the same.

        Args:
            only_edit: don't make a comment where there is none yet.
            at_once: it has just been looked for, so one look is enough.

        Raises:
            GitHubFailed: it can't be read or written.
        """
        with failing(f"Commenting on pull request #{self._number}", "pull-requests: write"):
            text = f"{self._marker}\n{body}"[:MAX_COMMENT]
            if at_once:
                return self._write(self._found(), text, only_edit=only_edit)
            told = absent_is_none(lambda: self._write(self._found(), text, only_edit=only_edit))  # it may have been deleted meanwhile
            return told if told in ("created", "edited") else self._write(self._look(), text, only_edit=only_edit)

    def _write(self, found: list[Found], text: str, *, only_edit: bool) -> Told:
        mine = [comment for comment in found if comment.login == self._login()]
        if not mine and only_edit:
            # A job's is corrected, too: by a person at a terminal, who may write here, it would go on saying what is no longer so.
            mine = [comment for comment in found if comment.login == JOBS_OWN]
            if not mine:
                return "absent"
        if not mine:
            made, mine = self._create(text)
            if [comment.id for comment in mine] in ([], [made]):
                return "created"
        first, *others = mine
        for other in others:
            absent_is_none(functools.partial(self._rest.ask, "DELETE", f"/issues/comments/{other.id}"))
        if _lines(first.text) == _lines(text):
            return "unchanged"
        self._rest.ask("PATCH", f"/issues/comments/{first.id}", {"body": text})
        return "edited"

    def _create(self, text: str) -> tuple[int, list[Found]]:
        """Writes it. Returns its id and, oldest first, the owner's comments that are there then."""
        added = self._add(text) if self._node_id else None
        if added is None:
            made = int(self._rest.ask("POST", f"/issues/{self._number}/comments", {"body": text})["id"])
            return made, [comment for comment in self._look() if comment.login == self._login()]
        nodes = added["subject"]["comments"]["nodes"]
        mine = [node for node in nodes if node["viewerDidAuthor"] and str(node["body"]).startswith(self._marker)]
        return int(added["commentEdge"]["node"]["databaseId"]), [Found(int(node["databaseId"]), str(node["body"]), "") for node in mine]

    def _add(self, text: str) -> Any:
        """The answer to the mutation; none if it certainly was not carried out: a token may write by REST only, or there is no GraphQL."""
        try:
            return self._rest.graphql(_ADD, subject=self._node_id, body=text).get("addComment")
        except Refused as refused:
            if refused.status in (httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND):
                return None
            raise

    def _look(self) -> list[Found]:
        """The comments with the marker, whoever wrote them, oldest first, on every page; each once, though the list may move meanwhile."""

        def read(comment: Any) -> Found | None:
            if not str(comment["body"]).startswith(self._marker) or comment["user"] is None:  # GitHub names no user whose account is gone
                return None
            return Found(int(comment["id"]), str(comment["body"]), str(comment["user"]["login"]))

        found = {comment.id: comment for comment in self._rest.list(f"/issues/{self._number}/comments", read)}
        return list(found.values())


def _lines(text: str) -> list[str]:
    """GitHub stores CRLF line ends and no trailing white space."""
    return [line.rstrip() for line in text.strip().splitlines()]
