"""The terminal's options, in the groups its commands share. Most are inputs of the action, by the same names."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import click

_Function = TypeVar("_Function", bound=Callable[..., object])


def together(*options: Callable[[_Function], _Function]) -> Callable[[_Function], _Function]:
    """Several options as one decorator, to be shown in this order."""

    def decorate(function: _Function) -> _Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _full_name(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[^/\s]{1,100}/[^/\s]{1,100}", value):
        raise click.BadParameter("takes OWNER/NAME, such as acme/shop.")
    return value


ABOUT_PROJECT = together(
    click.option("--project", metavar="NAME|ID", help="The Prisma project; PRISMA_PROJECT_ID if not given."),
    click.option("--repo", callback=_full_name, metavar="OWNER/NAME", help="The repository on GitHub."),
    click.option("--repo-id", type=click.IntRange(1), metavar="N", help="Its id, where there is no GitHub token to read it with."),
    click.option(
        "--hyperdrive",
        is_flag=True,
        default=None,
        help="Their Hyperdrive configurations, too. Takes CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID.",
    ),
    click.option("--workspace", metavar="NAME|ID", help="The workspace the service token must belong to."),
    click.option("--json", "as_json", is_flag=True, help="Answer in JSON. Progress goes to standard error either way."),
)
ABOUT_ONE = together(
    click.option("--pr", type=click.IntRange(1), metavar="N", help="The pull request."),
    click.option("--branch", metavar="NAME", help="The branch, for a preview that is a branch's own."),
    click.option("--key", metavar="KEY", help="Tells several databases of one pull request apart."),
)
DATABASE_ID = click.option("--database-id", metavar="ID", help="The database itself, if it is a preview of this repository.")
HANDING_OVER = together(
    click.option("--export", is_flag=True, help="Print 'export VARIABLE=...' lines for a shell, and nothing else."),
    click.option("--env-file", metavar="PATH", help="Write the variables to this file, and keep what else is in it."),
    click.option("--show-secrets", is_flag=True, help="Show connection strings in the answer."),
    click.option(
        "--connection", "connections", multiple=True, metavar="NAME=VARIABLE", help="A credential to make.  [default: app=DATABASE_URL]"
    ),
    click.option("--endpoint", type=click.Choice(["direct", "pooled"]), help="Which connection string is meant.  [default: direct]"),
    click.option("--credential-grace", metavar="TIME", help="How long a superseded credential lives on.  [default: 6h]"),
    click.option("--wait", type=click.Choice(["connectable", "ready", "none"]), help="What is waited for.  [default: connectable]"),
    click.option("--timeout", metavar="TIME", help="For how long.  [default: 120s]"),
    click.option(
        "--verify-certificate/--no-verify-certificate",
        default=None,
        help="Whether the log-in checks the server's certificate.  [default: verify-certificate]",
    ),
)
MAKING = together(
    click.option("--region", metavar="REGION", help="Where a new database is made.  [default: the project's region]"),
    click.option(
        "--source", metavar="SOURCE", help="What it starts with: empty, a database's id or name, or DATABASE/BACKUP.  [default: empty]"
    ),
    click.option("--database-name", metavar="NAME", help="What the Prisma Console shows.  [default: its identity]"),
)
MIGRATIONS = click.option("--migrations", metavar="FOLDER", help="Migrations to apply: Prisma's, or .sql files in order.")
SCHEMA_DIFF = click.option("--schema-diff", is_flag=True, default=None, help="Say what that does to the schema.")
INSIDE = together(
    MIGRATIONS,
    click.option("--on-drift", type=click.Choice(["fail", "reset"]), help="If those in it were edited or failed.  [default: fail]"),
    click.option("--seed", metavar="PATH", help="SQL for a new database: a file, or a folder of them."),
    click.option("--seed-always", is_flag=True, default=None, help="Run the seed in one that is not new, too."),
    click.option("--anonymize", metavar="FILE", help="SQL that a new clone is anonymized with, before anything else."),
    SCHEMA_DIFF,
)
FORKS = click.option(
    "--allow-forks/--no-allow-forks", default=None, help="Whether forks' pull requests get one.  [default: no-allow-forks]"
)
JUDGING = together(
    click.option("--label", metavar="LABEL", help="Only pull requests with this label get one."),
    click.option("--drafts/--no-drafts", default=None, help="Whether drafts get one.  [default: drafts]"),
    FORKS,
    click.option("--max-idle", metavar="TIME", help="Delete what nobody touched for so long, such as 14d.  [default: never]"),
    click.option("--keep-label", metavar="LABEL", help="Pull requests with this label are never idle.  [default: keep-preview-db]"),
    click.option("--max-deletions", type=click.IntRange(0), metavar="N", help="No more than these in one sweep.  [default: 50]"),
)
REPOSITORIES = click.option(
    "--repositories", multiple=True, metavar="LIST", help="Many: acme/*, other/repo, '!acme/legacy', acme/gone@123456."
)
MANY = together(
    click.option("--all", "everything", is_flag=True, help="Every repository of the owner, in every project unless one is given."),
    REPOSITORIES,
    click.option(
        "--missing-repositories",
        type=click.Choice(["report", "delete"]),
        help="Previews of repositories that are gone, archived or moved.  [default: report]",
    ),
    click.option("--shard", metavar="N/M", help="Only this part of the repositories."),
    click.option("--max-deletions-per-repository", type=click.IntRange(0), metavar="N", help="No more than these of each repository."),
)
DRY_RUN = click.option("--dry-run", is_flag=True, help="Say what would be done, and why, and do nothing.")
YES = click.option("--yes", "-y", is_flag=True, help="Don't ask before deleting.")
COMMENT = click.option("--comment", is_flag=True, help="Tell it in the pull request's comment, too.")
