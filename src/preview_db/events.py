"""What happened: the event that started the run, as far as it says something about a pull request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import UnsupportedEvent


class _Payload(BaseModel):
    """The fields of a webhook payload that are used; GitHub sends many more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class _Repository(_Payload):
    id: Annotated[int, Field(ge=1)]
    full_name: str


class _End(_Payload):
    ref: str
    sha: str
    repo: _Repository | None = None  # null once a fork is deleted


class PullRequest(_Payload):
    """A pull request as it was when the event happened."""

    number: Annotated[int, Field(ge=1)]
    state: str
    merged: bool | None = False
    draft: bool | None = False
    head: _End
    base: _End
    updated_at: datetime
    closed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def is_fork(self) -> bool:
        """Whether its head is another repository's, or one that is gone."""
        return self.head.repo is None or self.base.repo is None or self.head.repo.id != self.base.repo.id


class Event(_Payload):
    """A webhook event.

    Attributes:
        name: as in ``GITHUB_EVENT_NAME``.
        action: what happened to the subject, where the event says that.
        actor: who caused it; of use only to be told apart from Dependabot.
    """

    name: str
    action: str | None = None
    pull_request: PullRequest | None = None
    actor: str = ""

    @property
    def is_pull_request(self) -> bool:
        return self.name in ("pull_request", "pull_request_target") and self.pull_request is not None

    @property
    def has_no_secrets(self) -> bool:
        """Whether GitHub withholds secrets and gives a read-only token: a fork's or Dependabot's ``pull_request`` run."""
        fork = self.pull_request is not None and self.pull_request.is_fork
        return self.name == "pull_request" and (fork or self.actor == "dependabot[bot]")


def parse(name: str, payload: str) -> Event:
    """The event in ``payload``, the text of the file at ``GITHUB_EVENT_PATH``.

    Raises:
        UnsupportedEvent: the text is not what GitHub sends for ``name``.
    """
    try:
        content: Any = json.loads(payload)
        if not isinstance(content, Mapping):
            raise TypeError
        sender = content.get("sender")
        actor = sender.get("login") if isinstance(sender, Mapping) else None
        return Event(
            name=name,
            action=content.get("action"),
            pull_request=content.get("pull_request") if name.startswith("pull_request") else None,
            actor=actor or "",
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise UnsupportedEvent(
            f"The payload of the event {name!r} can't be read{_where(error)}.",
            cause="The file GITHUB_EVENT_PATH points at is not what GitHub documents for this event.",
            remedy="Check that nothing in the job rewrites that file, and run the workflow again.",
        ) from None


def _where(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return ": it is not a JSON object"
    first = error.errors(include_url=False, include_input=False)[0]
    return f": {'.'.join(str(part) for part in first['loc'])} is missing or of another kind"
