"""Published actions, as their repositories hold them, in the stand-in for GitHub's runner.

Prisma's own two have defects at the service, which have to show here, too: an emulator in which they worked would be too kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from preview_db_emulator.client import SERVER_URL
from preview_db_emulator.runner.runner import Run, Runner

from .stage import REDIRECT, Attempt, Stage, attempt, expect

CREATE = "create-prisma-postgres-database-action"
DELETE = "delete-prisma-postgres-database-action"
STICKY = "sticky-pull-request-comment"


def prisma(stage: Stage, folder: Path) -> Iterator[Attempt]:
    project = stage.api("POST", "/v1/projects", {"name": "actions", "createDatabase": False})["id"]
    given = {"service_token": stage.environ["PRISMA_SERVICE_TOKEN"], "project_id": project}

    def databases() -> list[str]:
        return [database["name"] for database in stage.api("GET", f"/v1/databases?projectId={project}")]

    def create() -> None:
        made = _run(stage, folder / CREATE, **given, region="eu-central-1")
        assert made.succeeded, made.log
        expect(databases(), [made.outputs["database_name"]])
        again = _run(stage, folder / CREATE, **given)
        expect(again.outputs["database_id"], made.outputs["database_id"])
        for run in (made, again):
            assert re.match(r"prisma\+postgres://", run.outputs["database_url"]), "the form that logs in nowhere"
            expect(run.masks, ())

    def delete() -> None:
        run = _run(stage, folder / DELETE, **given)
        expect(databases(), [])
        assert not run.succeeded, run.log
        assert "Unexpected end of JSON input" in run.annotations[-1].message, run.log

    def delete_again() -> None:
        run = _run(stage, folder / DELETE, **given)
        assert "sanitizedDbName is not defined" in run.annotations[-1].message, run.log

    yield attempt("create: makes one database, unmasked, with a string of the retired form", create)
    yield attempt("delete: deletes it, and fails on the empty answer", delete)
    yield attempt("delete: fails where there is nothing to delete", delete_again)


def sticky(stage: Stage, folder: Path) -> Iterator[Attempt]:
    def comments() -> list[str]:
        return [comment["body"].partition("\n")[0] for comment in stage.emulator.comments(stage.number) if "client" in comment["body"]]

    def said(expected: list[str], **given: str) -> None:
        run = _run(stage, folder / STICKY, header="client", **given)
        assert run.succeeded, run.log
        expect(comments(), expected)

    def hide() -> None:
        run = _run(stage, folder / STICKY, header="client", hide="true", message="-")
        assert run.succeeded, run.log

    yield attempt("writes a comment", lambda: said(["first"], message="first"))
    yield attempt("edits it", lambda: said(["second"], message="second"))
    yield attempt("hides it", hide)
    yield attempt("finds it hidden, and writes another", lambda: said(["second", "third"], message="third"))
    yield attempt("writes that anew", lambda: said(["second", "fourth"], message="fourth", recreate="true"))
    yield attempt("deletes it", lambda: said(["second"], delete="true"))


def _run(stage: Stage, folder: Path, **inputs: str) -> Run:
    """A step on an opened pull request; only the service's address, which is in its code, is another."""
    runner = Runner(
        stage.folder / "runner",
        api_url=stage.environ["GITHUB_API_URL"],
        server_url=SERVER_URL,
        token=stage.environ["GITHUB_TOKEN"],
        secrets=(stage.environ["PRISMA_SERVICE_TOKEN"],),
        action=folder / "action.yml",
    )
    return runner.run(
        ["node", "--import", str(REDIRECT), str(folder / "dist" / "index.js")],
        event="pull_request",
        payload=stage.emulator.pull_request_event("opened", stage.number),
        inputs=inputs,
        env={"PRISMA_MANAGEMENT_API_URL": stage.environ["PRISMA_MANAGEMENT_API_URL"]},
    )
