"""Prisma's CLI, of both majors, in a project of its own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import psycopg

from .stage import Attempt, Stage, attempt, expect

ENGINES = "binaries.prisma.sh"
CONFIG = """\
import { defineConfig } from 'prisma/config'
export default defineConfig({
  schema: 'schema.prisma',
  migrations: { path: 'migrations', seed: 'node seed.mjs' },
  datasource: { url: process.env.DIRECT_URL },
})
"""
SCHEMA = """\
datasource db {
  provider = "postgresql"
}
model Order {
  id Int @id
}
"""
SEED = """\
import pg from 'pg'
const client = new pg.Client({ connectionString: process.env.DIRECT_URL })
await client.connect()
await client.query('create table seeded (id int)')
await client.end()
"""
FILES = {
    "prisma.config.mjs": CONFIG,
    "schema.prisma": SCHEMA,
    "seed.mjs": SEED,
    "package.json": "{}",
    "migrations/migration_lock.toml": 'provider = "postgresql"',
    "migrations/20260101000000_first/migration.sql": 'CREATE TABLE "Order" ("id" INTEGER PRIMARY KEY);',
}


def seven(stage: Stage) -> Iterator[Attempt]:
    project = stage.api("POST", "/v1/projects", {"name": "prisma7", "createDatabase": False})
    database = stage.api("POST", "/v1/databases", {"projectId": project["id"], "name": "prisma7"})
    urls = stage.urls(database["id"])
    folder = stage.installed / "prisma7"  # below its packages, where Node looks for them
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")

    def prisma(*arguments: str, **environ: str) -> str:
        return stage.run("node", "../node_modules/prisma/build/index.js", *arguments, cwd=folder, environ={**urls, **environ})

    def link() -> None:
        (folder / ".env").unlink(missing_ok=True)
        prisma("postgres", "link", "--api-key", stage.environ["PRISMA_SERVICE_TOKEN"], "--database", database["id"], "--force")
        names = {line.partition("=")[0] for line in (folder / ".env").read_text("utf-8").splitlines()}
        assert "DATABASE_URL" in names, names

    def seed() -> None:
        # It has no use for the engine, and downloads it all the same unless it is told of one.
        prisma("db", "seed", PRISMA_SCHEMA_ENGINE_BINARY=sys.executable)
        with psycopg.connect(urls["DIRECT_URL"]) as connected:
            expect(connected.execute("select to_regclass('seeded')::text").fetchone(), ("seeded",))

    def migrate() -> None:
        prisma("migrate", "deploy")
        with psycopg.connect(urls["DIRECT_URL"]) as connected:
            expect(connected.execute("select count(*) from _prisma_migrations").fetchone(), (1,))

    yield attempt("postgres link", link)
    yield attempt("db seed", seed)
    migrated = attempt("migrate deploy", migrate)
    if migrated.failure and f"request to https://{ENGINES}" in migrated.failure:
        migrated = Attempt(migrated.what, left_out=f"its engine comes from {ENGINES}, which is out of reach")
    yield migrated


def eight(stage: Stage) -> Iterator[Attempt]:
    project = stage.api("POST", "/v1/projects", {"name": "prisma8", "createDatabase": False})
    folder = stage.folder / "prisma8"
    folder.mkdir()

    def prisma(*arguments: str) -> dict[str, object]:
        said = stage.run("node", stage.installed / "node_modules/prisma8/dist/prisma.js", *arguments, "--json", cwd=folder)
        answer = json.loads(said.strip().splitlines()[-1])
        return dict(answer["envelope"]["result"])

    def create() -> None:
        made = json.dumps(prisma("postgres", "create", "made", "--project", project["id"], "--yes"))
        (database,) = stage.api("GET", f"/v1/databases?projectId={project['id']}")
        assert database["id"] in made, made

    def list_projects() -> None:
        listed = json.dumps(prisma("project", "list"))
        assert project["id"] in listed, listed

    yield attempt("project list", list_projects)
    yield attempt("postgres create", create)
