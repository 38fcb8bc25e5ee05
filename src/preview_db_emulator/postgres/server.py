"""The real PostgreSQL server behind the stand-in: starting it, and the administration of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import locale
import os
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from .binaries import SERVICE_VERSION, CannotStartPostgres, Choice, find_binaries

CONNECTIONS = 4
RESERVED_NAMES = frozenset({"postgres", "template0", "template1"})
LONGEST_NAME = 63  # bytes, NAMEDATALEN - 1


class Postgres:
    """A running server, and what the stand-in does with it. Every method may run beside any other.

    A database is owned by a role that can't log in; each credential is a role that can, and acts as the owner in its own
    database only. So rows and tables outlive the credential that made them.
    """

    def __init__(
        self,
        supervisor: asyncio.subprocess.Process,
        binaries: Path,
        port: int,
        folder: Path,
        password: str,
        scram_iterations: int | None,
    ) -> None:
        self._supervisor = supervisor
        self._binaries = binaries
        self._password = password
        self._scram_iterations = scram_iterations
        self._idle: list[psycopg.AsyncConnection] = []
        self._slots = asyncio.Semaphore(CONNECTIONS)
        self.port = port
        self.folder = folder
        """A folder that goes when the server goes."""
        self.version = ""
        """As the server says it: ``17.10``."""

    @property
    def url(self) -> str:
        """The superuser's connection string, without TLS."""
        return f"postgres://postgres:{self._password}@127.0.0.1:{self.port}/postgres"

    @classmethod
    @contextlib.asynccontextmanager
    async def running(
        cls, choice: Choice, *, data: Path | None, password: str, scram_iterations: int | None = None
    ) -> AsyncIterator[Postgres]:
        """Start a server; stop it and remove its files on leaving, except for ``data`` (the data directory) where given.

        ``scram_iterations``: how often credentials' passwords are hashed; PostgreSQL before 16 takes 4096 whatever is said.

        Raises CannotStartPostgres.
        """
        binaries = find_binaries(choice, _version_of(data) or SERVICE_VERSION)
        supervisor = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-S",
            str(Path(__file__).with_name("supervisor.py")),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # so that what kills our process group doesn't kill the one who cleans up
        )
        assert supervisor.stdin is not None
        assert supervisor.stdout is not None
        order = {
            "binaries": str(binaries),
            "data": str(data.absolute()) if data else None,
            "password": password,
            "locale": _locale(),
        }
        try:
            supervisor.stdin.write(json.dumps(order).encode() + b"\n")
            line = await supervisor.stdout.readline()
            reply: dict[str, Any] = json.loads(line) if line else {"error": "the supervisor ended without a word"}
            if "error" in reply:
                raise CannotStartPostgres(f"PostgreSQL ({binaries}) didn't start: {reply['error'].strip()}")
            server = cls(supervisor, binaries, reply["port"], Path(reply["folder"]), password, scram_iterations)
            try:
                await server._prepare()
                yield server
            finally:
                await server._disconnect()
        finally:
            supervisor.stdin.close()
            await supervisor.wait()

    async def ended(self) -> None:
        """Return when the server is no more."""
        await self._supervisor.wait()

    async def _prepare(self) -> None:
        async with self._administration() as connection:
            row = await (await connection.execute("SHOW server_version")).fetchone()
            self.version = str(row[0]).split()[0] if row else ""
        for name in ("postgres", "template1"):
            await self._run(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))

    async def _disconnect(self) -> None:
        while self._idle:
            await self._idle.pop().close()

    @contextlib.asynccontextmanager
    async def _administration(self) -> AsyncIterator[psycopg.AsyncConnection]:
        async with self._slots:
            connection = self._idle.pop() if self._idle else await self._administrator()
            try:
                yield connection
            except psycopg.OperationalError:
                await connection.close()
                raise
            self._idle.append(connection)

    async def _administrator(self) -> psycopg.AsyncConnection:
        connection = await self._connect("postgres")
        if self._scram_iterations and connection.info.server_version >= 160000:
            await connection.execute(sql.SQL("SET scram_iterations = {}").format(self._scram_iterations))
        return connection

    async def _connect(self, database: str) -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            password=self._password,
            dbname=database,
            sslmode="disable",
            autocommit=True,
        )

    async def _run(self, *statements: sql.Composable) -> None:
        """Several statements are one implicit transaction."""
        async with self._administration() as connection:
            await connection.execute(sql.SQL("; ").join(statements))

    async def create_database(self, name: str, owner: str) -> None:
        """Create the role ``owner`` and its database. Raises psycopg.errors.DuplicateDatabase."""
        database, role = sql.Identifier(name), sql.Identifier(owner)
        await self._run(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
        try:
            await self._run(sql.SQL("CREATE DATABASE {} OWNER {} {}").format(database, role, await self._by_copying_files()))
        except psycopg.Error:
            await self._run(sql.SQL("DROP ROLE {}").format(role))
            raise
        await self._run(
            sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database),
            sql.SQL("GRANT ALL ON DATABASE {} TO {}").format(database, role),
        )

    async def _by_copying_files(self) -> sql.SQL:
        """How to create a database in a tenth of the time: not through the write-ahead log, which only a crash or a standby would need."""
        async with self._administration() as connection:
            return sql.SQL("STRATEGY file_copy" if connection.info.server_version >= 150000 else "")

    async def copy_database(self, source: str, target: str, owner: str) -> None:
        """Fill the database ``target`` with what is in ``source``, owned by ``owner``, without disturbing who is connected there.

        Raises CannotCopy.
        """
        environment = {"PATH": os.environ.get("PATH", os.defpath), "PGPASSWORD": self._password, "PGSSLMODE": "disable"}
        address = ["--host=127.0.0.1", f"--port={self.port}", "--username=postgres"]
        read, write = os.pipe()
        try:
            dump = await asyncio.create_subprocess_exec(
                *(str(self._binaries / "pg_dump"), *address, "--format=custom", "--compress=0", "--no-owner", "--no-acl"),
                f"--dbname={_conninfo(source)}",
                stdout=write,
                stderr=asyncio.subprocess.PIPE,
                env=environment,
            )
            restore = await asyncio.create_subprocess_exec(
                *(str(self._binaries / "pg_restore"), *address, "--no-owner", "--no-acl", "--exit-on-error"),
                *(f"--role={owner}", f"--dbname={_conninfo(target)}"),
                stdin=read,
                stderr=asyncio.subprocess.PIPE,
                env=environment,
            )
        finally:
            os.close(read)
            os.close(write)
        (_, said), (_, also_said) = await asyncio.gather(dump.communicate(), restore.communicate())
        if dump.returncode or restore.returncode:
            raise CannotCopy((said + also_said).decode(errors="replace").strip())

    async def empty_database(self, name: str) -> None:
        """Drop every schema in a database, and make an empty ``public`` again. Sessions in it live on."""
        connection = await self._connect(name)
        async with connection:
            rows = await (
                await connection.execute("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'")
            ).fetchall()
            for (schema,) in rows:
                await connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
            await connection.execute("CREATE SCHEMA public AUTHORIZATION pg_database_owner")
            await connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")

    async def drop_database(self, name: str, roles: Sequence[str]) -> None:
        """Drop a database under its users' feet, and those of ``roles`` there are: owner and credentials."""
        await self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        for role in roles:
            await self._run(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))

    async def create_login(self, role: str, password: str, *, owner: str, database: str) -> None:
        """Create a credential that acts as ``owner`` in ``database``, and can't enter another."""
        await self._run(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}").format(
                sql.Identifier(role), sql.Literal(password), sql.Identifier(owner)
            ),
            sql.SQL("ALTER ROLE {} IN DATABASE {} SET role = {}").format(
                sql.Identifier(role), sql.Identifier(database), sql.Literal(owner)
            ),
        )

    async def change_password(self, role: str, password: str) -> None:
        """Sessions opened with the old password live on."""
        await self._run(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))

    async def drop_login(self, role: str, *, owner: str, database: str) -> None:
        """End the credential and its sessions. What it made outside the owner's role becomes the owner's."""
        name = sql.Identifier(role)
        terminate = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = {}").format(sql.Literal(role))
        await self._run(sql.SQL("ALTER ROLE {} NOLOGIN").format(name), terminate)
        try:
            await self._run(sql.SQL("DROP ROLE IF EXISTS {}").format(name))
        except psycopg.errors.DependentObjectsStillExist:
            connection = await self._connect(database)
            async with connection:
                await connection.execute(sql.SQL("REASSIGN OWNED BY {} TO {}; DROP OWNED BY {}").format(name, sql.Identifier(owner), name))
            await self._run(sql.SQL("DROP ROLE {}").format(name))
        await self._run(terminate)  # who was just logging in


class CannotCopy(Exception):
    """pg_dump or pg_restore failed, in its own words."""


def fits(name: str) -> bool:
    """Whether a display name can be a PostgreSQL database's name."""
    return 0 < len(name.encode()) <= LONGEST_NAME and "\0" not in name and name not in RESERVED_NAMES


def _version_of(data: Path | None) -> int | None:
    """Which version made a data directory; None for one that is still to be made."""
    try:
        return int((data / "PG_VERSION").read_text()) if data else None
    except (OSError, ValueError):
        return None


def _conninfo(database: str) -> str:
    # A bare name with an "=" in it would be read as a connection string.
    return psycopg.conninfo.make_conninfo(dbname=database)


def _locale() -> str:
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    else:
        return "C.UTF-8"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
