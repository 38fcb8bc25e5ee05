"""What happened: the event that started the run, as far as it says something about a preview.

The fields are those GitHub's webhook documentation gives for each event; the many others are not read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import UnsupportedEvent

_QUEUE_REF = re.compile(r"(?:refs/heads/)?gh-readonly-queue/(?P<base>.+)/pr-(?P<number>[1-9][0-9]{0,9})-(?P<sha>[0-9a-f]{7,64})", re.ASCII)

Number = Annotated[int, Field(ge=1)]


class _Payload(BaseModel):
    """The fields of a webhook payload that are used; GitHub sends many more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Repository(_Payload):
    """A repository as a payload shows it."""

    id: Number
    full_name: str
    default_branch: str = ""


class _User(_Payload):
    login: str
    type: str = "User"

    @property
    def is_bot(self) -> bool:
        return self.type != "User" or self.login.endswith("[bot]")


class _Label(_Payload):
    name: str


class End(_Payload):
    """One of the two branches of a pull request."""

    ref: str
    sha: str
    repo: Repository | None = None  # null once a fork is deleted


class PullRequest(_Payload):
    """A pull request, as a webhook or the API shows it."""

    number: Number
    node_id: str = ""  # in GraphQL
    state: str
    merged: bool | None = False  # in webhooks and single reads only; lists have merged_at
    merged_at: datetime | None = None
    draft: bool | None = False
    labels: tuple[_Label, ...] = ()
    head: End
    base: End
    updated_at: datetime
    closed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def was_merged(self) -> bool:
        return bool(self.merged) or self.merged_at is not None

    @property
    def is_fork(self) -> bool:
        """Whether its head is another repository's, or one that is gone."""
        return self.head.repo is None or self.base.repo is None or self.head.repo.id != self.base.repo.id

    def has_label(self, name: str) -> bool:
        """GitHub tells labels apart without regard to case."""
        return any(label.name.casefold() == name.casefold() for label in self.labels)


class Issue(_Payload):
    """What a comment stands under: an issue, or a pull request, which is an issue with a ``pull_request`` in it."""

    number: Number
    pull_request: dict[str, Any] | None = None


class Comment(_Payload):
    id: Number
    body: str | None = None
    user: _User | None = None


def queued_number(ref: str) -> int | None:
    """The pull request that ``ref`` is a merge queue's entry for: ``gh-readonly-queue/<base>/pr-<n>-<sha>``; none if it is no such ref."""
    parts = _QUEUE_REF.fullmatch(ref)
    return int(parts["number"]) if parts else None


class MergeGroup(_Payload):
    """A merge queue's candidate. The pull request stands only in its ref."""

    head_ref: str
    head_sha: str

    @property
    def branch(self) -> str:
        return self.head_ref.removeprefix("refs/heads/")

    @property
    def number(self) -> int | None:
        return queued_number(self.head_ref)


class Event(_Payload):
    """A webhook event.

    Attributes:
        name: as in ``GITHUB_EVENT_NAME``.
        action: what happened to the subject, where the event says that.
        sender: who caused it.
        ref: the branch or tag that was pushed, created or deleted; with ``refs/heads/`` or ``refs/tags/`` in a push only.
        deleted: whether a push deleted its ref.
    """

    name: str
    action: str | None = None
    sender: _User | None = None
    repository: Repository | None = None
    pull_request: PullRequest | None = None
    issue: Issue | None = None
    comment: Comment | None = None
    merge_group: MergeGroup | None = None
    ref: str | None = None
    ref_type: str | None = None
    deleted: bool = False

    @property
    def branch(self) -> str | None:
        """The branch a push, create or delete is about; none if it is about a tag, or the event is another."""
        if self.ref is None:
            return None
        if self.name == "push":
            return self.ref.removeprefix("refs/heads/") if self.ref.startswith("refs/heads/") else None
        return self.ref if self.name in ("create", "delete") and self.ref_type == "branch" else None

    def repository_id(self, full_name: str) -> int:
        """The id of the repository the event is of, for runners that don't say it in a variable of their own.

        Raises:
            UnsupportedEvent: the payload doesn't say it, or is of another repository than ``full_name``.
        """
        if self.repository is not None and self.repository.full_name.casefold() == full_name.casefold():
            return self.repository.id
        raise UnsupportedEvent(
            f"The id of the repository {full_name} is not known.",
            cause="The runner sets no GITHUB_REPOSITORY_ID, and the event's payload does not say it of this repository.",
            remedy='With act, give an event file (--eventpath) that has {"repository": {"id": ..., "full_name": ...}}.',
        )

    @property
    def is_queue_branch(self) -> bool:
        """Whether :attr:`branch` is a merge queue's own, which comes and goes with its ``merge_group``."""
        return self.branch is not None and self.branch.startswith("gh-readonly-queue/")

    @property
    def has_no_secrets(self) -> bool:
        """Whether GitHub withholds secrets and gives a read-only token: Dependabot's runs and those of a fork's ``pull_request``."""
        fork = self.name == "pull_request" and self.pull_request is not None and self.pull_request.is_fork
        return fork or (self.name != "pull_request_target" and self.sender is not None and self.sender.login == "dependabot[bot]")


_NEEDED = {
    "pull_request": ("pull_request",),
    "pull_request_target": ("pull_request",),
    "issue_comment": ("issue", "comment", "sender"),
    "merge_group": ("merge_group",),
    "push": ("ref", "repository"),
    "create": ("ref", "ref_type", "repository"),
    "delete": ("ref", "ref_type", "repository"),
}


def parse(name: str, payload: str) -> Event:
    """The event in ``payload``, the text of the file at ``GITHUB_EVENT_PATH``.

    Raises:
        UnsupportedEvent: the text is not what GitHub documents for ``name``.
    """
    try:
        content: Any = json.loads(payload)
        if not isinstance(content, Mapping):
            raise TypeError
        needed = _NEEDED.get(name, ())
        read = {key: content.get(key) for key in ("action", "sender", "repository", *needed) if content.get(key) is not None}
        if missing := [key for key in needed if key not in read]:
            raise KeyError(missing[0])
        return Event(name=name, deleted=bool(content.get("deleted")), **read)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnsupportedEvent(
            f"The payload of the event {name!r} can't be read{_where(error)}.",
            cause="The file GITHUB_EVENT_PATH points at is not what GitHub documents for this event.",
            remedy="Check that nothing in the job rewrites that file, and run the workflow again.",
        ) from None


def _where(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f": {error.args[0]} is missing"
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f": {'.'.join(str(part) for part in first['loc'])} is missing or of another kind"
    return ": it is not a JSON object"
