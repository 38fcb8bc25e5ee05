"""Settings, event and what was seen on GitHub in; decision out: which preview this run is about, and what is to become of it. Pure."""

from __future__ import annotations

import dataclasses
import enum
import re

from .errors import UnsupportedEvent
from .events import Event, PullRequest
from .model import Kind, Repository, Scope
from .settings import Inputs

WRITERS = frozenset({"admin", "maintain", "write"})
"""Who may give orders in comments, as GitHub's API names permissions."""

_ORDER = re.compile(r"\s*/preview-db[ \t]+(?P<verb>[a-z-]+)[ \t]*(?:\r?\n.*)?\Z", re.DOTALL)
_PULL_REQUEST = ("pull_request", "pull_request_target")
_ASKED_FOR = ("workflow_dispatch", "repository_dispatch", "workflow_run")
_HOW_TO_SERVE = (
    "To serve such pull requests, run the step in a job of a workflow on: pull_request_target that checks nothing of the pull request out"
)


class Task(enum.StrEnum):
    """What is to become of the preview."""

    ENSURE = "ensure"
    RESET = "reset"
    CONNECT = "connect"
    REMOVE = "remove"
    STATUS = "status"
    SWEEP = "sweep"
    NOTHING = "nothing"


MEANS = {
    Task.ENSURE: "its preview is to be there",
    Task.RESET: "its preview is to be made anew",
    Task.CONNECT: "a credential is to be made",
    Task.REMOVE: "its preview is to go",
    Task.STATUS: "what there is, is to be told",
    Task.SWEEP: "what nobody wants is to go",
    Task.NOTHING: "there is nothing to do",
}
"""What a task comes to, in words for the log."""


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """What this run is about.

    Attributes:
        scope: the preview; none for a sweep, for nothing, or if a ``database_id`` is to say.
        reason: why, as the beginning of a sentence.
        advice: what to do about it, where nothing is done and a person may have expected something.
        reaction: how a comment that gave an order is answered if all goes well.
    """

    task: Task
    reason: str
    scope: Scope | None = None
    advice: str = ""
    reaction: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Questions:
    """What has to be looked up on GitHub before anything can be decided."""

    pull_request: int | None = None
    branch: str | None = None
    permission_of: str | None = None
    queue: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """The answers to :class:`Questions`.

    Attributes:
        permission: what the repository lets the person do, as GitHub's API says it; never what a payload says.
        queue: the SHAs each pull request's live merge queue entries are built on top of, by number.
    """

    pull_request: PullRequest | None = None
    branch_exists: bool | None = None
    permission: str = "none"
    queue: frozenset[str] = frozenset()


def questions(inputs: Inputs, event: Event) -> Questions:
    """What :func:`decide` needs to have seen. Most events carry all it takes."""
    if event.name == "issue_comment":
        order = _order(event)
        if order is None or event.sender is None or event.sender.is_bot or event.issue is None:
            return Questions()
        return Questions(pull_request=event.issue.number, permission_of=event.sender.login)
    if event.name == "merge_group" and event.action == "destroyed":
        return Questions(queue=True)
    if inputs.command == "auto" and event.name in _ASKED_FOR:
        return Questions(pull_request=inputs.pr, branch=inputs.branch)
    return Questions()


def unwanted(pull_request: PullRequest, inputs: Inputs) -> str | None:
    """Why a pull request has no preview; none if it is to have one. The sweep asks the same."""
    if not pull_request.is_open:
        return "was merged" if pull_request.was_merged else "was closed"
    if pull_request.is_fork and not inputs.allow_forks:
        return "comes from a fork, and allow_forks is false"
    if pull_request.draft and not inputs.drafts:
        return "is a draft, and drafts is false"
    if inputs.label is not None and not pull_request.has_label(inputs.label):
        return f"does not bear the label {inputs.label}"
    return None


def decide(inputs: Inputs, event: Event, repository: Repository, seen: Seen) -> Decision:
    """What ``command`` means for this event.

    Raises:
        UnsupportedEvent: neither event nor inputs say what to do, or about which preview.
    """
    if event.has_no_secrets and inputs.service_token is None:
        whose = "Dependabot" if event.sender and event.sender.login == "dependabot[bot]" else "a fork"
        return Decision(Task.NOTHING, f"GitHub gives no secrets to a run for {whose}", advice=_HOW_TO_SERVE)
    about = _About(inputs, event, repository, seen)
    if event.name == "issue_comment":
        return about.by_comment()
    if inputs.command not in ("auto", "plan"):
        return about.by_command()
    if event.name in _PULL_REQUEST:
        return about.by_pull_request()
    if event.name in ("push", "create", "delete"):
        return about.by_branch()
    if event.name == "merge_group":
        return about.by_queue()
    if event.name == "schedule":
        return Decision(Task.SWEEP, "the schedule asks for a sweep")
    return about.by_request()


@dataclasses.dataclass(frozen=True, slots=True)
class _About:
    inputs: Inputs
    event: Event
    repository: Repository
    seen: Seen

    def by_command(self) -> Decision:
        """The user says what to do; who it is about, the inputs say, or else the event."""
        command = self.inputs.command
        if command == "sweep":
            return Decision(Task.SWEEP, "a sweep was asked for")
        task = {"create": Task.ENSURE, "connect": Task.CONNECT, "reset": Task.RESET, "delete": Task.REMOVE}[command]
        scope = self._scope()
        if scope is None and not (self.inputs.database_id and task in (Task.CONNECT, Task.REMOVE)):
            raise self._unsupported(f"'command: {command}' is about a pull request or branch, and nothing says which.")
        what = f"the database {self.inputs.database_id}" if self.inputs.database_id else f"the preview of {scope}"
        return Decision(task, f"'{command}' was asked for, of {what}", scope)

    def by_pull_request(self) -> Decision:
        pull_request, action = self.event.pull_request, self.event.action
        if pull_request is None:
            raise self._unsupported("The event has no pull request.")
        scope = self._scope()
        name = f"pull request #{pull_request.number}"
        why_not = unwanted(pull_request, self.inputs)
        if action == "closed":
            return Decision(Task.REMOVE, f"{name} was {'merged' if pull_request.was_merged else 'closed'}", scope)
        if action in ("labeled", "unlabeled") and not self._is_the_label():
            return Decision(Task.NOTHING, f"{name} was {action}, with a label that decides nothing", scope)
        happened = _HAPPENED.get(action or "")
        if happened is None:
            return Decision(Task.NOTHING, f"{name} was {action}, which is no reason to do anything", scope)
        if why_not is None:
            reset = action == "synchronize" and self.inputs.on_push == "reset"
            return Decision(Task.RESET if reset else Task.ENSURE, f"{name} {happened}", scope)
        if action in ("unlabeled", "converted_to_draft"):
            return Decision(Task.REMOVE, f"{name} {happened}: it {why_not}", scope)
        advice = "Set allow_forks: true to give forks a database, in a job that runs none of their code" if pull_request.is_fork else ""
        return Decision(Task.NOTHING, f"{name} {why_not}", scope, advice=advice)

    def by_branch(self) -> Decision:
        """A preview per branch, never for the default branch unless it is named, never for tags or a merge queue's own branches."""
        branch = self.event.branch
        if branch is None:
            return Decision(Task.NOTHING, "a tag has no preview")
        if self.event.is_queue_branch:
            return Decision(Task.NOTHING, "a merge queue's branch is served by the event merge_group")
        scope = Scope(self.repository, Kind.BRANCH, branch, self.inputs.key)
        if self.event.name == "delete" or self.event.deleted:
            return Decision(Task.REMOVE, f"the branch {branch} was deleted", scope)
        if self.event.repository and branch == self.event.repository.default_branch and self.inputs.branch != branch:
            return Decision(
                Task.NOTHING, f"{branch} is the default branch", scope, advice=f"Set 'branch: {branch}' if it is to have one all the same"
            )
        return Decision(Task.ENSURE, f"the branch {branch} was {'created' if self.event.name == 'create' else 'pushed'}", scope)

    def by_queue(self) -> Decision:
        group = self.event.merge_group
        scope = self._scope()
        if group is None or scope is None:
            raise self._unsupported("The merge group's ref does not say which pull request it is for.")
        if self.event.action == "checks_requested":
            return Decision(Task.ENSURE, f"pull request #{scope.ref} entered the merge queue", scope)
        if self.event.action != "destroyed":
            return Decision(Task.NOTHING, f"the merge group was {self.event.action}, which is no reason to do anything", scope)
        if any(ref != group.head_ref for ref in self.seen.queue if _same_entry(ref, scope.ref)):
            return Decision(Task.NOTHING, f"pull request #{scope.ref} is in the merge queue again", scope)
        return Decision(Task.REMOVE, f"pull request #{scope.ref} left the merge queue", scope)

    def by_comment(self) -> Decision:
        """Orders in comments, from people who may write to the repository; checked with the API, not by what the payload says."""
        event, scope = self.event, self._scope()
        sender = event.sender.login if event.sender else ""
        order = _order(event)
        if order is None or scope is None:
            return Decision(Task.NOTHING, "the comment gives no order to preview-db")
        if event.sender is None or event.sender.is_bot:
            return Decision(Task.NOTHING, f"{sender} is a bot, and bots give no orders")
        if self.seen.permission not in WRITERS:
            return Decision(
                Task.NOTHING, f"{sender} may not write to this repository, so the comment is ignored", advice="Ask somebody who may"
            )
        task = {"reset": Task.RESET, "delete": Task.REMOVE, "create": Task.ENSURE, "status": Task.STATUS}.get(order)
        if task is None:
            known = "reset, delete, create and status"
            return Decision(Task.NOTHING, f"there is no order '/preview-db {order}'", advice=f"There are {known}", reaction="confused")
        why_not = unwanted(self.seen.pull_request, self.inputs) if self.seen.pull_request else "can't be read"
        if task in (Task.ENSURE, Task.RESET) and why_not is not None:
            return Decision(Task.NOTHING, f"pull request #{scope.ref} {why_not}", reaction="confused")
        return Decision(task, f"{sender} asked for '{order}' in a comment", scope, reaction="+1")

    def by_request(self) -> Decision:
        """Nothing in the event says what is meant: with a pull request or branch given, it is made what it should be."""
        scope, event = self._scope(), self.event.name
        if self.inputs.pr is not None and scope is not None and self.seen.pull_request is not None:
            why_not = unwanted(self.seen.pull_request, self.inputs)
            if why_not is None:
                return Decision(Task.ENSURE, f"{event} asks for {scope}, which is open", scope)
            return Decision(Task.REMOVE, f"{event} asks for {scope}: it {why_not}", scope)
        if self.inputs.branch is not None and self.seen.branch_exists is not None:
            task = Task.ENSURE if self.seen.branch_exists else Task.REMOVE
            return Decision(task, f"{event} asks for {scope}, which {'exists' if self.seen.branch_exists else 'is gone'}", scope)
        raise self._unsupported(f"The event {event!r} does not say which pull request or branch this is about.")

    def _scope(self) -> Scope | None:
        """The preview this is about: by the inputs, or else by the event."""
        event, inputs = self.event, self.inputs
        number = inputs.pr
        if number is None and inputs.branch is not None:
            return Scope(self.repository, Kind.BRANCH, inputs.branch, inputs.key)
        if number is None and event.merge_group is not None:
            queued = event.merge_group.number
            return Scope(self.repository, Kind.MERGE_QUEUE, str(queued), inputs.key) if queued else None
        if number is None and event.pull_request is not None:
            number = event.pull_request.number
        if number is None and event.issue is not None and event.issue.pull_request is not None:
            number = event.issue.number
        if number is not None:
            return Scope(self.repository, Kind.PULL_REQUEST, str(number), inputs.key)
        return Scope(self.repository, Kind.BRANCH, event.branch, inputs.key) if event.branch and not event.is_queue_branch else None

    def _is_the_label(self) -> bool:
        """Whether the label that was put on or taken off is the one that previews are limited to."""
        label = self.event.label
        return self.inputs.label is not None and label is not None and label.name.casefold() == self.inputs.label.casefold()

    def _unsupported(self, what: str) -> UnsupportedEvent:
        return UnsupportedEvent(
            what,
            cause=f"The event is {self.event.name!r}, the command {self.inputs.command!r}.",
            remedy="Run the step on: pull_request (types: opened, reopened, synchronize, closed), or set the inputs command and pr, "
            "or command and branch; for cleaning up, command: sweep.",
        )


_HAPPENED = {
    "opened": "was opened",
    "reopened": "was reopened",
    "synchronize": "got new commits",
    "ready_for_review": "is ready for review",
    "labeled": "got the label",
    "unlabeled": "lost the label",
    "converted_to_draft": "became a draft",
}


def _order(event: Event) -> str | None:
    """The verb of ``/preview-db <verb>`` in the first line of a new comment on a pull request."""
    if event.action != "created" or event.comment is None or event.issue is None or event.issue.pull_request is None:
        return None
    said = _ORDER.match(event.comment.body or "")
    return said["verb"] if said else None


def _same_entry(ref: str, number: str) -> bool:
    return f"/pr-{number}-" in ref
