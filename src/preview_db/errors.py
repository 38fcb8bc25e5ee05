"""Errors as a person needs them at night: what happened, the likely cause, what to do, and where to read on.

::

    PreviewError
    ├── InvalidInput              an input makes no sense
    │   └── WeakPassphrase          seal_with is too easy to guess
    ├── UnsupportedEvent          the event says nothing about a preview
    ├── CannotDetermine           a terminal can't tell what is meant
    ├── NotConfirmed              nobody said yes to a deletion
    ├── NotFound                  something that was named does not exist
    │   ├── NoPreview               the preview
    │   └── UnknownProject          the project
    ├── Unauthorised              a token is missing, wrong, or may not
    │   ├── NoIdentity              the job has no identity to sign in with
    │   └── NotConnected            Prisma does not accept the job's identity
    ├── IdentityFailed            GitHub did not give the job its identity
    ├── PlanLimit                 the workspace's plan allows no more
    ├── Unreachable               no answer that can be understood
    ├── Refused                   the Management API said no
    ├── Unanswered                a creation got no answer
    ├── HyperdriveRefused         Cloudflare said no
    ├── HyperdriveLimit           the Cloudflare account may have no more configurations
    ├── GitHubFailed              GitHub did not do what was asked
    │   └── MayNot                  the token lacks a permission
    ├── ProvisioningFailed        a database did not become usable
    │   └── Unsettled               what the run has created, others have deleted
    ├── InsideFailed              something that is done inside the database failed
    │   ├── MigrationFailed         a migration
    │   ├── MigrationsDiffer        those in the folder are not those in the database
    │   ├── SeedFailed              the seed
    │   ├── CompareFailed           reading the schema
    │   └── RulesFailed             the rules that a clone is anonymized with
    ├── Mismatch                  an answer is not about what was asked
    ├── SweepIncomplete           a sweep left something behind
    ├── Unwell                    a check of the doctor failed
    ├── CannotWrite               a file can't be written
    ├── CannotOpen                a sealed text can't be opened
    │   ├── NotSealed               it is no sealed text
    │   └── NewerSeal               a newer version sealed it
    ├── NoMemory                  there is too little memory to seal with
    └── Cancelled                 the runner asked the run to stop

The subclasses that are not defined here stand where they are raised.
"""

from __future__ import annotations

DOCS = "https://github.com/preview-db/preview-db/blob/main/docs/"


class PreviewError(Exception):
    """Something stopped the run, said in three sentences.

    Args:
        what: what happened.
        cause: why it likely did.
        remedy: what to do about it.
        title: the annotation's title, a few words.

    Attributes:
        exit_code: the terminal's. A step of a workflow ends in 1, whatever it was.
        page: where to read on, below :data:`DOCS`.
    """

    title = "preview-db failed"
    exit_code = 1
    page = "errors.md"

    def __init__(self, what: str, *, cause: str, remedy: str, title: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.cause = cause
        self.remedy = remedy
        self.title = title or self.title

    def __str__(self) -> str:
        return f"{self.what} {self.cause} {self.remedy}"

    @property
    def link(self) -> str:
        """The address of the page that helps."""
        return f"{DOCS}{self.page}"


class InvalidInput(PreviewError):
    """An input that makes no sense. Raised before anything is touched.

    Args:
        named: the input, where it is a single one. A terminal has another word for it.
        problem: what it takes, as the second half of a sentence that begins with its name.
    """

    title = "Invalid input"
    exit_code = 2
    page = "errors.md#invalid-input"

    def __init__(self, what: str, *, cause: str, remedy: str, named: str = "", problem: str = "") -> None:
        super().__init__(what, cause=cause, remedy=remedy)
        self.named = named
        self.problem = problem


class UnsupportedEvent(PreviewError):
    """The event that started the run says nothing about a pull request, and no input does either."""

    title = "Nothing to do for this event"
    page = "events.md"


class NotFound(PreviewError):
    """Something the user named does not exist: a project, a workspace, a region, a source."""

    title = "Not found"
    page = "errors.md#not-found"


class NoPreview(NotFound):
    """The preview that is asked for does not exist. A script may want to tell that from all else that is missing."""

    exit_code = 3


class Unauthorised(PreviewError):
    """The token is missing, wrong, or not allowed to do what was asked."""

    title = "Not authorised"
    page = "errors.md#not-authorised"


class PlanLimit(PreviewError):
    """The workspace's plan allows no more of what was asked for."""

    title = "Plan limit reached"
    page = "errors.md#plan-limit-reached"


class Unreachable(PreviewError):
    """No answer that could be understood came back, after all the retries there are."""

    title = "Unreachable"
    page = "errors.md#unreachable"


class ProvisioningFailed(PreviewError):
    """The database ended in ``failure`` or did not become usable in time."""

    title = "Database not usable"
    page = "errors.md#database-not-usable"


class Mismatch(PreviewError):
    """An answer is not about what was asked. Nothing of it is handed out."""

    title = "Refused an answer"
    exit_code = 4
    page = "errors.md#refused-an-answer"


class Cancelled(PreviewError):
    """The runner asked the run to stop."""

    title = "Cancelled"
    exit_code = 130
    page = "errors.md#cancelled"
