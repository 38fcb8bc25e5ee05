"""The emulated services in this process, new for each order of requests: PostgreSQL is on paper, and no two things happen at once."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

import psycopg
from starlette.applications import Starlette
from starlette.routing import Mount

from preview_db.planning import identity, model
from preview_db_emulator.app import REPOSITORY, SERVER_URL
from preview_db_emulator.github import payloads
from preview_db_emulator.github.api import github
from preview_db_emulator.github.repository import PullRequest, Repository
from preview_db_emulator.github.serializers import Serializer as GitHubSerializer
from preview_db_emulator.github.server import Server
from preview_db_emulator.postgres.server import Postgres
from preview_db_emulator.prisma.api import management_api
from preview_db_emulator.prisma.models import DEFAULT_REGION, Connection, Database, Settings, new_id
from preview_db_emulator.prisma.serializers import Addresses, Serializer
from preview_db_emulator.prisma.variables import Variables
from preview_db_emulator.prisma.workspace import Workspace
from preview_db_emulator.store import Archive
from tests.drivers.workflow import Json

NUMBER, ANOTHER = 7, 8
SERVICE_TOKEN, GITHUB_TOKEN = "a-service-token-for-nothing", "ghs_for_nothing"

_REPOSITORY_ID = 123_456_789


class PaperPostgres(Postgres):
    """Who could log in where."""

    def __init__(self) -> None:
        self.databases: set[str] = set()
        self.logins: dict[str, tuple[str, str]] = {}

    async def create_database(self, name: str, owner: str) -> None:
        if name in self.databases:
            raise psycopg.errors.DuplicateDatabase
        self.databases.add(name)

    async def drop_database(self, name: str, roles: Sequence[str]) -> None:
        self.databases.discard(name)
        for role in roles:
            self.logins.pop(role, None)

    async def create_login(self, role: str, password: str, *, owner: str, database: str) -> None:
        self.logins[role] = password, database

    async def drop_login(self, role: str, *, owner: str, database: str) -> None:
        self.logins.pop(role, None)

    def opens(self, url: str) -> bool:
        """Whether one could log in with ``url``."""
        parts = urlsplit(url)
        user, password, database = (unquote(part or "") for part in (parts.username, parts.password, parts.path[1:]))
        return self.logins.get(user) == (password, database) and database in self.databases


class House:
    """A repository with two pull requests, and a project with the databases of others: a default one, one made by hand, a preview.

    Args:
        url: where it is served; it is in the answers.
        knows_logical_id: or ignores it.
        lag: how many lists a new database is missing from.
        has_preview: whether the pull request has its preview at the beginning.
        is_open: whether the pull request is open then.
    """

    def __init__(self, url: str, *, knows_logical_id: bool, lag: int, has_preview: bool, is_open: bool) -> None:
        moments = itertools.count(int(time.time() * 1000))

        def clock() -> float:
            return next(moments) / 1000  # of two databases, the same one is the older each time

        self.postgres = PaperPostgres()
        settings = Settings(logical_id="known" if knows_logical_id else "ignored", list_lag_requests=lag)
        self._workspace = Workspace(
            id=new_id(), name="Paper", archive=Archive(None), postgres=self.postgres, settings=settings, clock=clock
        )
        self.project = self._workspace.add_project("Paper", DEFAULT_REGION)
        self._repository = Repository(REPOSITORY, _REPOSITORY_ID, Archive(None), clock)
        server = Server(self._repository, Archive(None), token=GITHUB_TOKEN)
        api_url = f"{url}/github"
        self._shown = GitHubSerializer(self._repository, api_url, SERVER_URL)
        serializer = Serializer(self._workspace, Addresses(url, "127.0.0.1", 1, 2))
        variables = Variables(self._workspace, Archive(None), lambda _: None)
        self.app = Starlette(
            routes=[
                Mount("/github", github(server, api_url=api_url, server_url=SERVER_URL)),
                Mount("/", management_api(self._workspace, serializer, variables, SERVICE_TOKEN, lambda _: False)),
            ]
        )
        for number in (NUMBER, ANOTHER):
            self._repository.put_pull(number, {"state": "open"})
        self._add("production", is_default=True)
        self._add("made-by-hand")
        self._add(identity.name(_scope(ANOTHER)), logical_id=knows_logical_id)
        self._others = self._of_others()
        if has_preview:
            self._add(identity.name(_scope(NUMBER)), logical_id=knows_logical_id)
        if not is_open:
            self.happens("closed")

    @property
    def is_open(self) -> bool:
        """Whether the pull request is open now."""
        return self._pull.state == "open"

    def happens(self, state: str) -> None:
        """The pull request becomes ``open`` or ``closed``."""
        self._repository.put_pull(NUMBER, {"state": state})

    def previews(self) -> list[Database]:
        """Those of the pull request, oldest first."""
        return [database for database in self._workspace.databases if _is_preview(database)]

    def others_are_untouched(self) -> bool:
        """Whether all that was nobody's business is as it was, with the connections it had."""
        return self._others == self._of_others()

    def ids(self) -> list[str]:
        """Of all there is, in an order that is always the same."""
        found = [self._workspace.id, self.project.id, *(branch.id for branch in self._workspace.branches.table)]
        for database in self._workspace.databases:
            found += [database.id, *(connection.id for connection in self._workspace.connections_of(database))]
        return found

    def state(self) -> list[object]:
        """What runs can find out, and what they can change."""
        listed = [
            (database.id, database.name, database.logical_id, [connection.id for connection in self._workspace.connections_of(database)])
            for database in self._workspace.databases
        ]
        return [self._pull.state, *listed]

    def event(self, action: str) -> Json:
        """The payload of an event on the pull request as it is now."""
        return payloads.pull_request_event(action=action, pull_request=self._shown.pull(self._pull), **self.where())

    def where(self) -> Json:
        """What every payload says of the repository and the person."""
        return {"repository": self._shown.repository(), "sender": self._shown.account("octocat")}

    @property
    def _pull(self) -> PullRequest:
        pull = self._repository.pulls.get(str(NUMBER))
        assert pull is not None
        return pull

    def _of_others(self) -> list[tuple[Database, list[Connection]]]:
        listed = self._workspace.databases
        return [(database, self._workspace.connections_of(database)) for database in listed if not _is_preview(database)]

    def _add(self, name: str, *, logical_id: bool = False, is_default: bool = False) -> None:
        now = self._workspace.clock()
        branch = self._workspace.branches.default_of(self.project.id).id
        database = Database(new_id(), self.project.id, name, DEFAULT_REGION, now, now, branch, is_default=is_default, postgres_name=name)
        if logical_id:
            database = dataclasses.replace(database, logical_id=name)
        self.postgres.databases.add(name)
        self._workspace.seed(database, [Connection(new_id(), database.id, "default", now)])


def _scope(number: int) -> model.Scope:
    return model.Scope(model.Repository(_REPOSITORY_ID, REPOSITORY), model.Kind.PULL_REQUEST, str(number))


_TAG = identity.tag(_scope(NUMBER))


def _is_preview(database: Database) -> bool:
    return (database.logical_id or database.name).endswith(_TAG)
