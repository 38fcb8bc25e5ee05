"""Errors as a person needs them at night: what happened, the likely cause, what to do."""

from __future__ import annotations


class PreviewError(Exception):
    """Something stopped the run, said in three sentences.

    Args:
        what: what happened.
        cause: why it likely did.
        remedy: what to do about it.
        title: the annotation's title, a few words.
    """

    title = "preview-db failed"

    def __init__(self, what: str, *, cause: str, remedy: str, title: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.cause = cause
        self.remedy = remedy
        self.title = title or self.title

    def __str__(self) -> str:
        return f"{self.what} {self.cause} {self.remedy}"


class InvalidInput(PreviewError):
    """An input that makes no sense. Raised before anything is touched.

    Args:
        named: the input, where it is a single one. A terminal has another word for it.
        problem: what it takes, as the second half of a sentence that begins with its name.
    """

    title = "Invalid input"

    def __init__(self, what: str, *, cause: str, remedy: str, named: str = "", problem: str = "") -> None:
        super().__init__(what, cause=cause, remedy=remedy)
        self.named = named
        self.problem = problem


class UnsupportedEvent(PreviewError):
    """The event that started the run says nothing about a pull request, and no input does either."""

    title = "Nothing to do for this event"


class NotFound(PreviewError):
    """Something the user named does not exist: a project, a workspace, a region, a source."""

    title = "Not found"


class NoPreview(NotFound):
    """The preview that is asked for does not exist. A script may want to tell that from all else that is missing."""


class Unauthorised(PreviewError):
    """The token is missing, wrong, or not allowed to do what was asked."""

    title = "Not authorised"


class PlanLimit(PreviewError):
    """The workspace's plan allows no more of what was asked for."""

    title = "Plan limit reached"


class Unreachable(PreviewError):
    """No answer that could be understood came back, after all the retries there are."""

    title = "Unreachable"


class ProvisioningFailed(PreviewError):
    """The database ended in ``failure`` or did not become usable in time."""

    title = "Database not usable"


class Mismatch(PreviewError):
    """An answer is not about what was asked. Nothing of it is handed out."""

    title = "Refused an answer"


class Cancelled(PreviewError):
    """The runner asked the run to stop."""

    title = "Cancelled"
