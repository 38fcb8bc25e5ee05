"""The front door of the stand-ins: starts everything, says so in one line, and serves until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from . import oidc
from .cloudflare.api import Cloudflare
from .cloudflare.control import Control as CloudflareControl
from .cloudflare.models import new_id as new_cloudflare_id
from .control import Control
from .faults import RANDOM_KINDS, FaultInjector, Rule
from .github.api import github
from .github.repository import Repository
from .github.server import Server
from .postgres.binaries import CannotStartPostgres, Choice
from .postgres.certificate import Authority
from .postgres.proxy import Gateway
from .postgres.server import Postgres
from .prisma.admission import Admission
from .prisma.api import management_api
from .prisma.models import DEFAULT_REGION, Database, Settings, new_id
from .prisma.serializers import Addresses, Serializer
from .prisma.tokens import new_token
from .prisma.variables import Variables
from .prisma.workspace import Workspace
from .serving import CannotStart, http_server, in_url, listening
from .store import Archive, Table

REPOSITORY = "acme/shop"
SERVER_URL = "https://github.com"
CLOUDFLARE = "/cloudflare/client/v4"


@dataclass(frozen=True, slots=True)
class Options:
    """What ``preview-db emulate`` can be told.

    port: of the HTTP stand-ins, 0 for any that is free; state_dir: keeps everything for the next start;
    logical_id: ``ignored`` and ``refused`` play servers that haven't heard of ``logicalId``; scram_iterations: PostgreSQL's own number
    if None.
    """

    port: int = 0
    host: str = "127.0.0.1"
    state_dir: Path | None = None
    latency_ms: float = 0
    provisioning_s: float = 0
    cold_start_s: float = 0
    list_lag_s: float = 0
    list_lag_requests: int = 0
    fault_rate: float = 0
    fault_seed: int = 0
    database_limit: int | None = None
    hyperdrive_limit: int | None = None
    logical_id: Literal["known", "ignored", "refused"] = "known"
    postgres: Choice = "auto"
    scram_iterations: int | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """What must stay the same from one start to the next, or what clients were told before would be worth nothing."""

    workspace_id: str
    project_id: str
    service_token: str
    github_token: str
    postgres_password: str
    repository_id: int
    oidc_request_token: str
    http_port: int = 0
    direct_port: int = 0
    pooled_port: int = 0
    cloudflare_account_id: str = field(default_factory=new_cloudflare_id)
    cloudflare_api_token: str = field(default_factory=lambda: secrets.token_urlsafe(30))

    @property
    def key(self) -> str:
        return "identity"


Announce = Callable[[dict[str, str | int]], None]


def run(options: Options) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code. One line of JSON on standard output says that all is ready."""
    try:
        asyncio.run(_until_signalled(options))
    except (CannotStart, CannotStartPostgres) as error:
        print(f"preview-db emulate: {error}", file=sys.stderr)
        return 1
    return 0


async def _until_signalled(options: Options) -> None:
    serving = asyncio.create_task(serve(options, _print_line))
    loop = asyncio.get_running_loop()
    stopping = False

    def stop() -> None:
        # Once: a second Ctrl-C must not interrupt the cleaning up.
        nonlocal stopping
        if not stopping:
            stopping = True
            serving.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        await serving
    except asyncio.CancelledError:
        if not stopping:
            raise


def _print_line(ready: dict[str, str | int]) -> None:
    print(json.dumps(ready), flush=True)


async def serve(options: Options, announce: Announce) -> None:
    """Start everything, call ``announce`` with what a client needs to know, and serve until cancelled.

    Raises CannotStart, CannotStartPostgres.
    """
    async with contextlib.AsyncExitStack() as stack:
        archive = stack.enter_context(_archive(options.state_dir))
        identities = Table(Identity, archive)
        identity = identities.get("identity") or _new_identity()
        http = stack.enter_context(listening(options.host, options.port, identity.http_port))
        api_url = f"http://{in_url(options.host)}:{http.getsockname()[1]}"

        data = options.state_dir / "postgres" if options.state_dir else None
        postgres = await stack.enter_async_context(
            Postgres.running(options.postgres, data=data, password=identity.postgres_password, scram_iterations=options.scram_iterations)
        )
        settings = Settings(
            provisioning_s=options.provisioning_s,
            cold_start_s=options.cold_start_s,
            list_lag_s=options.list_lag_s,
            list_lag_requests=options.list_lag_requests,
            database_limit=options.database_limit,
            logical_id=options.logical_id,
        )
        workspace = Workspace(id=identity.workspace_id, name="Emulated workspace", archive=archive, postgres=postgres, settings=settings)
        admit = Admission(workspace)
        authority = Authority.of(options.state_dir or postgres.folder, kept=options.state_dir is not None)
        tls = authority.server_context(in_url(options.host))
        ports = []
        for before, pooled in ((identity.direct_port, False), (identity.pooled_port, True)):
            listener = stack.enter_context(listening(options.host, 0, before))
            ports.append(listener.getsockname()[1])
            gateway = Gateway(server_port=postgres.port, tls=tls, admit=admit, pooled=pooled)
            await gateway.listen(listener)
            stack.push_async_callback(gateway.close)

        identity = replace(identity, http_port=http.getsockname()[1], direct_port=ports[0], pooled_port=ports[1])
        identities.put(identity)
        if not len(workspace.projects):
            _add_first_project(workspace, identity.project_id)

        serializer = Serializer(workspace, Addresses(api_url, in_url(options.host), *ports))
        repository = Repository(REPOSITORY, identity.repository_id, archive, time.time)
        server = Server(repository, archive, token=identity.github_token)
        github_api_url = f"{api_url}/github"
        oidc_settings = oidc.Settings(project=identity.project_id)
        issuer = oidc.Issuer(
            repository, oidc_settings, url=f"{github_api_url}/_actions", server_url=SERVER_URL, request_token=identity.oidc_request_token
        )
        cloudflare = Cloudflare(
            archive, account_id=identity.cloudflare_account_id, token=identity.cloudflare_api_token, own_host=in_url(options.host)
        )
        if options.hyperdrive_limit is not None:
            cloudflare.account.limit = options.hyperdrive_limit
        exchange = oidc.Exchange(workspace, oidc_settings, repository_id=repository.id, issuer=issuer.url, keys=issuer.jwks)

        def connected(project_id: str) -> tuple[str, int] | None:
            to = oidc_settings.project
            return (repository.full_name, repository.id) if to is not None and to.removeprefix("proj_") == project_id else None

        variables = Variables(workspace, archive, connected)
        stand_ins = Starlette(
            routes=[
                Mount("/github/_actions", routes=issuer.routes()),
                Mount(
                    "/github",
                    github(server, api_url=github_api_url, server_url=SERVER_URL),
                ),
                Mount(CLOUDFLARE, cloudflare.app()),
                *exchange.routes(),
                Mount("/", management_api(workspace, serializer, variables, identity.service_token, exchange.accepts)),
            ]
        )
        rules = [Rule(rate=options.fault_rate, seed=options.fault_seed, kinds=RANDOM_KINDS)] if options.fault_rate else []
        faults = FaultInjector(stand_ins, latency_s=options.latency_ms / 1000, rules=rules)
        surface = Control(workspace, serializer, server, cloudflare, faults, variables, identity.project_id).app()
        controls = Starlette(
            routes=[*oidc.Control(oidc_settings, exchange).routes(), *CloudflareControl(cloudflare).routes(), Mount("/", surface)]
        )
        await stack.enter_async_context(http_server(_with_control(controls, faults), http))
        announce(
            {
                "management_api_url": api_url,
                "service_token": identity.service_token,
                "workspace_id": f"wksp_{identity.workspace_id}",
                "project_id": f"proj_{identity.project_id}",
                "github_api_url": github_api_url,
                "github_token": identity.github_token,
                "repository": REPOSITORY,
                "repository_id": identity.repository_id,
                "cloudflare_api_url": f"{api_url}{CLOUDFLARE}",
                "cloudflare_api_token": identity.cloudflare_api_token,
                "cloudflare_account_id": identity.cloudflare_account_id,
                "oidc_request_url": issuer.request_url,
                "oidc_request_token": identity.oidc_request_token,
                "postgres_url": postgres.url,
                "postgres_version": postgres.version,
                "ca_certificate": str(authority.path.absolute()),
            }
        )
        await postgres.ended()
        raise CannotStart("the PostgreSQL server ended unexpectedly")


def _with_control(controls: ASGIApp, stand_ins: ASGIApp) -> ASGIApp:
    """Send requests for the control surface past the faults, the delays and the record."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        chosen = controls if scope["path"].startswith("/_emulator/") else stand_ins
        await chosen(scope, receive, send)

    return app


def _new_identity() -> Identity:
    workspace_id = new_id()
    return Identity(
        workspace_id=workspace_id,
        project_id=new_id(),
        service_token=new_token(workspace_id),
        github_token=f"ghs_{secrets.token_hex(18)}",
        postgres_password=secrets.token_hex(16),
        repository_id=secrets.randbelow(900_000_000) + 100_000_000,
        oidc_request_token=secrets.token_urlsafe(48),
    )


def _add_first_project(workspace: Workspace, project_id: str) -> None:
    """Add the project everybody starts with, and its default database, with no PostgreSQL database behind it until somebody connects."""
    project = workspace.add_project("Emulated project", DEFAULT_REGION, id=project_id)
    now = workspace.clock()
    branch = workspace.branches.default_of(project.id)
    database = Database(new_id(), project.id, "production", DEFAULT_REGION, now, now, branch.id, is_default=True)
    workspace.seed(database, [])


@contextlib.contextmanager
def _archive(state_dir: Path | None) -> Iterator[Archive]:
    if state_dir is None:
        archive = Archive(None)
        yield archive
        archive.close()
        return
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotStart(f"{state_dir} is in use by another emulator") from error
        archive = Archive(state_dir / "state.sqlite")
        yield archive
        archive.close()
