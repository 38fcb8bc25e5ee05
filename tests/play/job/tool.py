#!/opt/preview-db/bin/python
"""Stands in for npm, npx, pip, pg_dump, docker and node in a played job, by the name it is called by.

Says what it did in one line that begins with ``played:``.
"""

import os
import re
import sys
from pathlib import Path

# A page shows the service container of a fork's tests at this address. The play leaves it out.
CONTAINER = "postgresql://postgres:postgres@localhost:5432/postgres"


def log_in(url: str) -> str:
    if url == CONTAINER:
        return "the service container"
    import psycopg

    with psycopg.connect(url, connect_timeout=10) as database:
        found = database.execute("select current_database()").fetchone()
    return f"logged in to {found and found[0]}"


def variable() -> str:
    """DATABASE_URL, without which a tool falls back to a default: to another database than the one that was meant."""
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        sys.exit("DATABASE_URL is not set, so this would run against another database")
    return url


def node(command: str) -> str:
    if command == "npm ci":
        if not Path("package-lock.json").exists():
            sys.exit("npm error The `npm ci` command can only install with an existing package-lock.json")
        Path("node_modules").mkdir(exist_ok=True)
        return "installed"
    if not Path("node_modules").is_dir():
        sys.exit(f"{command}: nothing is installed here; npx would fetch whatever version is newest")
    if command.startswith("npx vercel"):
        given = re.search(r"--env DATABASE_URL=(\S*)", command)
        return log_in(given[1]) if given else "done"
    return log_in(variable())


def docker(command: str) -> str:
    if not command.startswith("docker compose"):
        sys.exit(f"{command}: no stand-in for it")
    assigned = re.search(r'^DATABASE_URL="(.*)"$', Path(".env").read_text("utf-8"), re.MULTILINE)
    return log_in(assigned[1] if assigned else sys.exit("no DATABASE_URL in .env"))


name, arguments = Path(sys.argv[0]).name, sys.argv[1:]
command = " ".join([name, *arguments])
if name == "node":  # act asks where it is before anything else
    sys.exit(0 if arguments[:1] == ["--no-warnings"] else f"{command}: no stand-in for it")
if name == "pip":  # the image has it: it is the action's own
    sys.exit(0 if command == "pip install preview-db[cli]" else f"{command}: no stand-in for it")
if name == "pg_dump":
    print("played: pg_dump:", log_in(arguments[0]), file=sys.stderr)
else:
    shown = re.sub(r"\S+://\S+", "...", command)
    print(f"played: {shown}:", docker(command) if name == "docker" else node(command))
