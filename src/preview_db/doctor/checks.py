"""The doctor: looks at everything a run stands on, changes nothing, and lets no failing check hide another."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import httpx

from ..errors import Cancelled, PreviewError, UnsupportedEvent
from ..planning import hyperdrive, identity
from ..planning.decision import MEANS, Decision
from ..planning.model import Endpoint, Project, Repository, Scope
from ..planning.settings import Inputs
from ..planning.words import count
from ..services import http
from ..services.cloudflare.client import hyperdrive_of
from ..services.prisma import lookup
from ..services.prisma.client import ManagementApi, api_of
from ..services.prisma.models import DatabaseWire, EndpointWire
from .diagnosis import Answer, Finding, Health, clock, connection, of_error, reachable, reading, repository, writing

if TYPE_CHECKING:
    from .many import Many

_ONCE = {"retry": http.Resend(total=0)}  # to hear nothing is a finding, too
_PATIENCE = 5.0  # seconds


class _NotTried(Exception):
    """A check that makes no sense, since something before it failed."""


@dataclasses.dataclass(slots=True)
class Doctor:
    """One examination.

    Attributes:
        repository: the one previews are of, or why that can't be told.
        scope: the preview to look at; none if nothing says which.
        decision: what this event would come to; none where there is no event.
        sign_in: makes of the inputs some with a token, where they have none.
    """

    inputs: Inputs
    repository: Repository | PreviewError
    github_api_url: str
    scope: Scope | None = None
    decision: Callable[[], Decision] | None = None
    sign_in: Callable[[Inputs], Inputs] = lambda inputs: inputs
    _prisma: Answer | None = None
    _github: Answer | None = None
    _api: ManagementApi | None = None
    _project: Project | None = None
    _many: Many | None = None
    _open: contextlib.ExitStack = dataclasses.field(default_factory=contextlib.ExitStack)

    def examine(self) -> list[Finding]:
        """A finding a check, in the order in which one stands on the other."""
        checks: dict[str, Callable[[str], Finding]] = {
            "Management API": self._management_api,
            "service token": self._service_token,
            "project": self._project_asked_for,
            "region": self._region,
            "connected to": self._connected_to,
            "Hyperdrive": self._hyperdrive,
            "GitHub API": self._github_api,
            "repository": self._repository,
            "pull requests": self._pull_requests,
            "branches": self._branches,
            "comments": self._comments,
            "deployments": self._deployments,
            "owners": lambda name: self._of_many().owners(name),
            "repositories": lambda name: self._of_many().repositories(name),
            "requests": lambda name: self._of_many().requests(name, self._with_token()),
            "clock": self._clock,
            "event": self._event,
            "name": self._name,
            "database": self._database,
        }
        many = self.inputs.repositories
        asked_for = (
            ("owners", many),
            ("repositories", many),
            ("requests", many),
            ("deployments", self.inputs.deployment),
            ("event", self.decision),
            ("Hyperdrive", self.inputs.hyperdrive),
        )
        skipped = {name for name, wanted in asked_for if not wanted}
        with self._open:
            return [self._tried(name, check) for name, check in checks.items() if name not in skipped]

    def _tried(self, name: str, check: Callable[[str], Finding]) -> Finding:
        try:
            return check(name)
        except Cancelled:
            raise
        except _NotTried as why:
            return Finding(name, Health.UNKNOWN, f"not looked at: {why}")
        except UnsupportedEvent as error:
            return of_error(name, error, Health.WARNING)
        except PreviewError as error:
            return of_error(name, error)

    # Prisma

    def _management_api(self, name: str) -> Finding:
        url = self.inputs.management_api_url
        self._prisma = _ask(url, "/v1/me")
        return reachable(name, urlsplit(url).netloc, self._prisma, variable="PRISMA_MANAGEMENT_API_URL")

    def _service_token(self, name: str) -> Finding:
        if self._prisma is None or not 0 < self._prisma.status < 500:
            raise _NotTried("the Management API does not answer")
        api = self._open.enter_context(api_of(self.sign_in(self.inputs)))
        workspace = api.me().workspace
        self._api = api
        lookup.check_workspace(api, self.inputs.workspace)
        whose = f"the workspace {workspace.name} ({workspace.id})" if workspace else "no workspace that it names"
        return Finding(name, Health.OK, f"valid, of {whose}")

    def _project_asked_for(self, name: str) -> Finding:
        if self.inputs.repositories is not None:
            projects = lookup.several(self._with_token(), self.inputs.projects)
            return Finding(name, Health.OK, ", ".join(f"{project.name} ({project.id})" for project in projects) or "none")
        try:
            self._project = lookup.project(self._with_token(), self.inputs.project)
        except lookup.UnknownProject as unknown:
            if not self.inputs.create_project:
                raise
            found = f"{unknown.what} create_project will make it"
            return Finding(name, Health.WARNING, found, "If there should be one, correct the input project.")
        return Finding(name, Health.OK, f"{self._project.name} ({self._project.id})")

    def _region(self, name: str) -> Finding:
        asked = self.inputs.region
        lookup.check_region(self._with_token(), asked)
        return Finding(name, Health.OK, "the project's own" if asked == "inherit" else f"{asked} takes new databases")

    def _connected_to(self, name: str) -> Finding:
        """Whether the project is connected to this repository: keyless sign-in and platform branches stand on that. Experimental."""
        if self._project is None:
            raise _NotTried("there is no project")
        try:
            found = self._with_token().source_repositories(self._project.id)
        except PreviewError as error:
            return Finding(name, Health.UNKNOWN, f"Prisma does not say ({error.what.rstrip('.')})", "It matters for keyless sign-in only.")
        return connection(name, self.repository, found, keyless=self.inputs.service_token is None)

    def _hyperdrive(self, name: str) -> Finding:
        with hyperdrive_of(self.inputs) as api:
            found = len(api.configurations()) if api is not None else 0
        told = f"the token may read them; {count(found, 'configuration')} in the account, {hyperdrive.left(found)}"
        full = found >= min(hyperdrive.PLAN_LIMITS.values())
        remedy = "If the account is on the free plan, it takes no more: each preview needs one." if full else ""
        return Finding(name, Health.WARNING if full else Health.OK, told, remedy)

    def _with_token(self) -> ManagementApi:
        if self._api is None:
            raise _NotTried("there is no valid service token")
        return self._api

    # GitHub

    def _github_api(self, name: str) -> Finding:
        path = f"/repos/{quote(self.repository.full_name)}" if isinstance(self.repository, Repository) else ""
        self._github = _ask(self.github_api_url, path, token=self._github_token)
        return reachable(name, urlsplit(self.github_api_url).netloc, self._github, variable="GITHUB_API_URL")

    def _repository(self, name: str) -> Finding:
        if isinstance(self.repository, PreviewError):
            raise self.repository
        if not self._github_token:
            found = f"{self.repository.full_name} ({self.repository.id}), and there is no GitHub token to look at it with"
            return Finding(name, Health.WARNING, found, "Give one: sweeps, plans and comments need it.")
        return repository(name, self.repository, self._seen())

    def _pull_requests(self, name: str) -> Finding:
        return reading(
            name, self._read("/pulls"), permission="pull-requests: read", needed_for="without it no sweep runs", missing=Health.FAILED
        )

    def _branches(self, name: str) -> Finding:
        needed_for = "a sweep of branches' and queue entries' previews takes it, nothing else does"
        return reading(name, self._read("/branches"), permission="contents: read", needed_for=needed_for, missing=Health.WARNING)

    def _comments(self, name: str) -> Finding:
        if not self.inputs.comment:
            return Finding(name, Health.OK, "no comments are wanted")
        return writing(name, self._github_token, self._seen(), permission="pull-requests: write", scopes={"repo"})

    def _deployments(self, name: str) -> Finding:
        return writing(name, self._github_token, self._seen(), permission="deployments: write", scopes={"repo", "repo_deployment"})

    def _read(self, what: str) -> Answer:
        seen = self._seen()
        if seen.status != 200 or not isinstance(self.repository, Repository):
            raise _NotTried("the repository can't be read")
        return _ask(self.github_api_url, f"/repos/{quote(self.repository.full_name)}{what}?per_page=1", token=self._github_token)

    def _seen(self) -> Answer:
        if not self._github_token:
            raise _NotTried("there is no GitHub token")
        if isinstance(self.repository, PreviewError) or self._github is None or not self._github.status:
            raise _NotTried("the repository can't be read")
        return self._github

    @property
    def _github_token(self) -> str:
        return self.inputs.github_token.get_secret_value() if self.inputs.github_token else ""

    def _of_many(self) -> Many:
        if self._many is None:
            from .many import Many  # here, since most runs are of one repository

            if self.inputs.github_token is None or isinstance(self.repository, PreviewError) or self.inputs.repositories is None:
                raise _NotTried("there is no GitHub token, or nothing says which server")
            host = self.repository.host
            self._many = Many.at(self.inputs, self.inputs.repositories, self.github_api_url, self.inputs.github_token, host)
        return self._many

    # What it would come to

    def _clock(self, name: str) -> Finding:
        return clock(name, [answer for answer in (self._prisma, self._github) if answer is not None], self.inputs.credential_grace)

    def _event(self, name: str) -> Finding:
        if self.decision is None:
            raise _NotTried("there is none")
        decided = self.decision()
        self.scope = self.scope or decided.scope
        return Finding(name, Health.OK, f"{decided.reason}, so {MEANS[decided.task]}", decided.advice)

    def _name(self, name: str) -> Finding:
        return Finding(name, Health.OK, f"{identity.name(self._of_scope())} for {self._of_scope()}")

    def _of_scope(self) -> Scope:
        if self.scope is None:
            raise _NotTried("nothing says which pull request or branch it is about")
        return self.scope

    def _database(self, name: str) -> Finding:
        """Whether the port a preview would be logged in to can be reached, if there is one."""
        scope = self._of_scope()
        if self._project is None:
            raise _NotTried("there is no project")
        listed = self._with_token().databases_called(identity.name(scope), self._project.id)
        found = next((database for database in listed if identity.belongs_to(database.to_model(), scope)), None)
        if found is None:
            raise _NotTried(f"{scope} has none yet")
        endpoint = _endpoint(found, self.inputs.endpoint)
        if endpoint is None:
            raise _NotTried(f"{found.id} has no credential that says where its {self.inputs.endpoint} endpoint is")
        where, started = f"{endpoint.host}:{endpoint.port}", time.monotonic()
        try:
            socket.create_connection((endpoint.host, endpoint.port), timeout=_PATIENCE).close()
        except OSError as error:
            problem = f"{found.id} is {found.status}, and {where} can't be reached ({type(error).__name__})"
            return Finding(name, Health.FAILED, problem, "Let this machine reach that port: firewalls often allow no other than 443.")
        return Finding(name, Health.OK, f"{found.id} is {found.status}, {where} reached in {(time.monotonic() - started) * 1000:.0f} ms")


def _endpoint(database: DatabaseWire, wanted: Endpoint) -> EndpointWire | None:
    ends = (
        connection.endpoints.direct if wanted is Endpoint.DIRECT else connection.endpoints.pooled for connection in database.connections
    )
    return next((end for end in ends if end is not None), None)


def _ask(base_url: str, path: str, *, token: str = "") -> Answer:
    """One request, whatever comes of it."""
    started = time.monotonic()
    with http.client(base_url, token=token) as client:
        if not token:
            del client.headers["Authorization"]
        try:
            response = client.get(path, timeout=_PATIENCE, extensions=_ONCE)
        except httpx.HTTPError as error:
            return Answer(time.monotonic() - started, datetime.now(UTC), problem=str(error) or type(error).__name__)
    return Answer(
        seconds=time.monotonic() - started,
        at=datetime.now(UTC),
        status=response.status_code,
        headers={name.lower(): value for name, value in response.headers.items()},
        content=_object(response),
    )


def _object(response: httpx.Response) -> Mapping[str, object]:
    try:
        content = response.json()
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
