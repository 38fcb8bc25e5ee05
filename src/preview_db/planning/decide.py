"""Settings, event and what was seen on GitHub in; decision out: which preview this run is about, and what is to become of it. Pure."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import UnsupportedEvent
from .decision import Decision, Task
from .events import Event, PullRequest, queued_number
from .lookups import PULL_REQUEST_EVENTS, EventState, order_of
from .model import Kind, Repository, Scope
from .settings import Inputs

WRITERS = frozenset({"admin", "maintain", "write"})
"""Who may give orders in comments, as GitHub's API names permissions."""

_OF_MANY = ("schedule", "workflow_dispatch")
"""The events on which ``auto`` with a list of repositories is a sweep of them; all others are about what happened here."""

_HOW_TO_SERVE = {
    "a fork": "To serve forks, run the step with allow_forks: true in a job of a workflow on: pull_request_target that checks nothing of "
    "the pull request out",
    "Dependabot": "To serve Dependabot, store the token among the repository's Dependabot secrets, too, or run the step in a job of a "
    "workflow on: pull_request_target that checks nothing of the pull request out",
}


def unwanted(pull_request: PullRequest, inputs: Inputs) -> str | None:
    """Why a pull request has no preview; none if it has one. The sweep asks the same."""
    if not pull_request.is_open:
        return "was merged" if pull_request.was_merged else "was closed"
    if pull_request.is_fork and not inputs.allow_forks:
        return "comes from a fork, and allow_forks is false"
    if pull_request.draft and not inputs.drafts:
        return "is a draft, and drafts is false"
    if inputs.label is not None and not pull_request.has_label(inputs.label):
        return f"does not bear the label {inputs.label}"
    return None


def decide(inputs: Inputs, event: Event, repository: Repository, seen: EventState) -> Decision:
    """What ``command`` means for this event.

    Raises:
        UnsupportedEvent: neither event nor inputs say what to do, or about which preview.
    """
    if event.has_no_secrets and inputs.service_token is None:
        whose = "Dependabot" if event.sender and event.sender.login == "dependabot[bot]" else "a fork"
        return Decision(Task.NOTHING, f"GitHub gives no secrets to a run for {whose}", advice=_HOW_TO_SERVE[whose])
    plans = inputs.command == "plan" and event.name != "issue_comment"  # a comment counts only if whoever wrote it may give orders
    if inputs.repositories is not None and (plans or (inputs.command == "auto" and event.name in _OF_MANY)):
        return Decision(Task.SWEEP, "a sweep of many repositories is asked for")
    about = _About(inputs, event, repository, seen)
    if inputs.command not in ("auto", "plan"):
        return about.by_command()
    if event.name == "issue_comment":
        return about.by_comment()
    if event.name in PULL_REQUEST_EVENTS:
        return about.by_pull_request()
    if event.name in ("push", "create", "delete"):
        return about.by_branch()
    if event.name == "merge_group":
        return about.by_queue()
    if event.name == "schedule":
        return Decision(Task.SWEEP, "the schedule asks for a sweep")
    return about.by_request()


class _About(NamedTuple):
    inputs: Inputs
    event: Event
    repository: Repository
    seen: EventState

    def by_command(self) -> Decision:
        """The user says what to do; who it is about, the inputs say, or else the event."""
        command = self.inputs.command
        if (ignored := self._ignored_comment()) is not None:
            return ignored
        if command == "sweep":
            return Decision(Task.SWEEP, "a sweep was asked for")
        task = {"create": Task.ENSURE, "connect": Task.CONNECT, "reset": Task.RESET, "delete": Task.REMOVE}[command]
        if self.inputs.database_id is not None:
            return Decision(task, f"'{command}' was asked for, of the database {self.inputs.database_id}")
        scope = self._scope_asked_for()
        if scope is None:
            raise self._unsupported(f"'command: {command}' is about a pull request or branch, and nothing says which.")
        if task in (Task.ENSURE, Task.RESET) and (refused := self._refused(scope)) is not None:
            return refused
        closed = self.event.action == "closed" and scope == self._pull_request_scope()
        if task is Task.REMOVE and closed and self._is_open_again(scope):
            return Decision(Task.NOTHING, f"{scope} was closed, and is open again by now", scope)
        return Decision(task, f"'{command}' was asked for, of the preview of {scope}{self._unchecked(task)}", scope)

    def _ignored_comment(self) -> Decision | None:
        """Why a comment does not count, if that is what started the run: anybody may comment, and edit."""
        event = self.event
        if event.name != "issue_comment":
            return None
        if event.action != "created":
            return Decision(Task.NOTHING, f"the comment was {event.action}, and only a new one counts")
        if event.sender is None:
            return Decision(Task.NOTHING, "the event does not say who wrote the comment")
        who = event.sender.login
        if event.sender.is_bot:
            return Decision(Task.NOTHING, f"{who} is a bot, and bots give no orders")
        if self.seen.permission not in WRITERS:
            return Decision(
                Task.NOTHING, f"{who} may not write to this repository, so the comment is ignored", advice="Ask somebody who may"
            )
        return None

    def _refused(self, scope: Scope) -> Decision | None:
        """Why ``scope`` gets no preview although the command asks for one. Label and draft don't count: it was asked for by hand.

        Raises:
            UnsupportedEvent: GitHub was asked, and there is no such pull request or branch.
        """
        full_name = self.repository.full_name
        if scope.kind is Kind.BRANCH and self.inputs.branch is not None and self.seen.checked and not self.seen.branch_exists:
            raise self._unsupported(f"There is no branch {scope.ref} in {full_name}.")
        number = scope.pull_request
        if number is None:
            return None
        pull_request = self._pull_request(number)
        if pull_request is None:
            if self.seen.checked:
                raise self._unsupported(f"There is no pull request #{number} in {full_name}.")
            return None
        if self._is_foreign(pull_request):
            return Decision(Task.NOTHING, f"{scope} comes from a fork, and allow_forks is false", scope, advice=_ALLOW_FORKS)
        if not pull_request.is_open:
            return Decision(Task.NOTHING, f"{scope} {unwanted(pull_request, self.inputs)}", scope)
        return None

    def _unchecked(self, task: Task) -> str:
        """What to add to the reason where a pull request or branch was taken on trust."""
        given = self.inputs.branch is not None or (self.inputs.pr is not None and self._pull_request(self.inputs.pr) is None)
        if task not in (Task.ENSURE, Task.RESET) or not given or self.seen.checked:
            return ""
        return " (GitHub was not asked whether that exists)"

    def _pull_request(self, number: int) -> PullRequest | None:
        """The pull request of that number, as it was looked up, or as the event shows it."""
        for pull_request in (self.seen.pull_request, self.event.pull_request):
            if pull_request is not None and pull_request.number == number:
                return pull_request
        return None

    def _is_open_again(self, scope: Scope) -> bool:
        seen = self.seen.pull_request
        return seen is not None and seen.number == scope.pull_request and seen.is_open

    def by_pull_request(self) -> Decision:
        """By how the pull request stands rather than by what just happened to it: GitHub drops runs that waited when a newer one comes."""
        pull_request, action, scope = self.event.pull_request, self.event.action, self._pull_request_scope()
        assert pull_request is not None, "no event of this kind is read without one"
        name = f"pull request #{pull_request.number}"
        if action == "closed":
            if self.seen.pull_request is not None and self.seen.pull_request.is_open:
                return Decision(Task.NOTHING, f"{name} was closed, and is open again by now", scope)
            return Decision(Task.REMOVE, f"{name} was {'merged' if pull_request.was_merged else 'closed'}", scope)
        happened = _HAPPENED.get(action)
        if happened is None or (action in ("labeled", "unlabeled") and self.inputs.label is None):
            return Decision(Task.NOTHING, f"{name} was {action}, which is no reason to do anything", scope)
        why_not = unwanted(pull_request, self.inputs)
        if why_not is None:
            reset = action == "synchronize" and self.inputs.on_push == "reset"
            return Decision(Task.RESET if reset else Task.ENSURE, f"{name} {happened}", scope)
        if self._is_foreign(pull_request):
            return Decision(Task.NOTHING, f"{name} {why_not}", scope, advice=_ALLOW_FORKS)
        if action == "opened":
            return Decision(Task.NOTHING, f"{name} {why_not}", scope)
        return Decision(Task.REMOVE, f"{name} {happened}, and it {why_not}", scope)

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
        if self._is_default(branch):
            return Decision(
                Task.NOTHING,
                f"{branch} is the default branch",
                scope,
                advice=f"Set 'branch: {branch}' if it should have a preview all the same",
            )
        return Decision(Task.ENSURE, f"the branch {branch} was {'created' if self.event.name == 'create' else 'pushed'}", scope)

    def by_queue(self) -> Decision:
        group = self.event.merge_group
        if group is None or group.number is None:
            raise self._unsupported("The merge group's ref does not say which pull request it is for.")
        scope = Scope(self.repository, Kind.MERGE_QUEUE, str(group.number), self.inputs.key)
        if self.event.action == "checks_requested":
            return Decision(Task.ENSURE, f"pull request #{scope.ref} entered the merge queue", scope)
        if self.event.action != "destroyed":
            return Decision(Task.NOTHING, f"the merge group was {self.event.action}, which is no reason to do anything", scope)
        live = {ref.removeprefix("refs/heads/") for ref in self.seen.queue if queued_number(ref) == group.number}
        if live - {group.branch}:
            return Decision(Task.NOTHING, f"pull request #{scope.ref} is in the merge queue again", scope)
        return Decision(Task.REMOVE, f"pull request #{scope.ref} left the merge queue", scope)

    def by_comment(self) -> Decision:
        """Orders in comments, from people who may write to the repository; checked with the API, not by what the payload says."""
        event, scope = self.event, self._pull_request_scope()
        sender = event.sender.login if event.sender else ""
        order = order_of(event)
        if order is None or scope is None:
            return Decision(Task.NOTHING, "the comment gives no order to preview-db")
        if (ignored := self._ignored_comment()) is not None:
            return ignored
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
        scope, event, inputs = self._scope_asked_for(), self.event.name, self.inputs
        if inputs.pr is not None:
            if self.seen.pull_request is None:
                raise self._unsupported(f"There is no pull request #{inputs.pr} in {self.repository.full_name}.")
            why_not = unwanted(self.seen.pull_request, inputs)
            if why_not is None:
                return Decision(Task.ENSURE, f"{event} asks for {scope}, which is open", scope)
            return Decision(Task.REMOVE, f"{event} asks for {scope}, which {why_not}", scope)
        if inputs.branch is not None:
            task = Task.ENSURE if self.seen.branch_exists else Task.REMOVE
            return Decision(task, f"{event} asks for {scope}, which {'exists' if self.seen.branch_exists else 'is gone'}", scope)
        if inputs.command == "plan":
            return Decision(Task.SWEEP, "the plan for the whole repository was asked for")
        raise self._unsupported(f"The event {event!r} does not say which pull request or branch this is about.")

    def _scope_asked_for(self) -> Scope | None:
        """The preview the inputs say, or else the event."""
        event, inputs = self.event, self.inputs
        if inputs.pr is not None:
            return Scope(self.repository, Kind.PULL_REQUEST, str(inputs.pr), inputs.key)
        if inputs.branch is not None:
            return Scope(self.repository, Kind.BRANCH, inputs.branch, inputs.key)
        if event.merge_group is not None and event.merge_group.number is not None:
            return Scope(self.repository, Kind.MERGE_QUEUE, str(event.merge_group.number), inputs.key)
        if event.branch and not event.is_queue_branch and not self._is_default(event.branch):
            return Scope(self.repository, Kind.BRANCH, event.branch, inputs.key)
        return self._pull_request_scope()

    def _pull_request_scope(self) -> Scope | None:
        """The preview of the pull request that the event is about."""
        event = self.event
        number = event.pull_request.number if event.pull_request else None
        if event.issue is not None and event.issue.pull_request is not None:
            number = event.issue.number
        return Scope(self.repository, Kind.PULL_REQUEST, str(number), self.inputs.key) if number else None

    def _is_default(self, branch: str) -> bool:
        """Whether it is the default branch, and was not asked for by name."""
        repository = self.event.repository
        return repository is not None and branch == repository.default_branch and self.inputs.branch != branch

    def _is_foreign(self, pull_request: PullRequest) -> bool:
        return pull_request.is_fork and not self.inputs.allow_forks

    def _unsupported(self, what: str) -> UnsupportedEvent:
        return UnsupportedEvent(
            what,
            cause=f"The workflow was started by the event {self.event.name!r}, and its inputs (command: {self.inputs.command}) don't say "
            "what it is about either.",
            remedy="Run the step on: pull_request (types: opened, reopened, synchronize, closed), or set the inputs command and pr, "
            "or command and branch; for cleaning up, command: sweep.",
        )


_ALLOW_FORKS = "Set allow_forks: true to give forks a database, in a job that runs none of their code"
_HAPPENED: dict[str | None, str] = {
    "opened": "was opened",
    "reopened": "was reopened",
    "synchronize": "got new commits",
    "ready_for_review": "is ready for review",
    "labeled": "got a label",
    "unlabeled": "lost a label",
    "converted_to_draft": "became a draft",
}
