"""Stands in for what a played job calls and is not ours: npm, npx, pip, python, alembic, docker and node, by the name it is called by.

It checks what the real ones would: that the repository is checked out, the packages are installed, and the database lets them in; and
says what it did in one line that begins with ``played:``. psql and pg_dump are the real ones.

    python -I -S tool.py <folder of PostgreSQL's programs> <name> [argument ...]
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

# A page shows the service container of a fork's tests at this address. act starts none where jobs run on the machine itself.
CONTAINER = "postgresql://postgres:postgres@localhost:5432/postgres"
PROGRAMS, NAME, *ARGUMENTS = sys.argv[1:]
COMMAND = " ".join([NAME, *ARGUMENTS])
HOSTED = Path(os.environ["HOME"]) / "hosted.json"
"""The variables that the host of deployments holds, by branch; from one run to the next."""


def log_in(url: str) -> str:
    if url == CONTAINER:
        return "the service container"
    asked = subprocess.run(
        [f"{PROGRAMS}/psql", "--no-psqlrc", "--tuples-only", "--no-align", "--command=select current_database()", "--", url],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"logged in to {asked.stdout.strip()}" if asked.returncode == 0 else sys.exit(f"{COMMAND}: {asked.stderr}")


def variable(name: str = "DATABASE_URL") -> str:
    """One of the environment; without DATABASE_URL a tool falls back to a default: to another database than the one that was meant."""
    return os.environ.get(name) or sys.exit(f"{COMMAND}: {name} is not set")


def node() -> str:
    if COMMAND in ("npm ci", "npm install"):
        needed = "package-lock.json" if COMMAND == "npm ci" else "package.json"
        if not Path(needed).exists():
            sys.exit(f"npm error `{COMMAND}` needs an existing {needed}")
        Path("node_modules").mkdir(exist_ok=True)
        return "installed"
    if re.match(r"npx (vercel (env|deploy|pull)|netlify env)", COMMAND):  # they take nothing of what is installed
        return vercel() if NAME == "npx" and ARGUMENTS[0] == "vercel" else netlify()
    if not Path("node_modules").is_dir():
        sys.exit(f"{COMMAND}: nothing is installed here; npx would fetch whatever version is newest")
    if COMMAND == "npx prisma generate":
        return "generated"
    others: dict[str, Callable[[], str]] = {"vercel": vercel, "netlify": netlify, "wrangler": wrangler}
    return others[ARGUMENTS[0]]() if NAME == "npx" and ARGUMENTS[0] in others else log_in(variable())


def vercel() -> str:
    variable("VERCEL_ORG_ID"), variable("VERCEL_PROJECT_ID")
    if not (os.environ.get("VERCEL_TOKEN") and os.environ["VERCEL_TOKEN"] in " ".join(ARGUMENTS)):
        sys.exit(f"{NAME} vercel: no credentials")
    match ARGUMENTS[1:]:
        case ["env", "rm", name, "preview", branch, *_]:
            if name not in hosted().get(branch, {}):
                refuse(f"the variable {name} was not found in the branch {branch}")
            return forget(branch, name)
        case ["env", "add", name, "preview", "--git-branch", branch, *options]:
            if name in hosted().get(branch, {}) and "--force" not in options:
                refuse(f"the variable {name} has already been added to the branch {branch}")
            return remember(branch, name, sys.stdin.read())
        case ["deploy", "--yes", *_]:
            return log_in(hosted()[variable("BRANCH")]["DATABASE_URL"])
        case ["deploy", "--prebuilt", "--env", assigned, *_]:
            return log_in(assigned.removeprefix("DATABASE_URL="))
        case ["pull" | "build", *_]:
            return "done"
    sys.exit(f"{COMMAND}: no stand-in for it")


def netlify() -> str:
    variable("NETLIFY_AUTH_TOKEN"), variable("NETLIFY_SITE_ID")
    branch = ARGUMENTS[ARGUMENTS.index("--context") + 1].removeprefix("branch:")
    match ARGUMENTS[1:]:
        case ["env:set", name, value, *_] if value:
            return remember(branch, name, value)
        case ["env:unset", name, *_]:
            return forget(branch, name)
        case ["deploy", "--context", *_]:
            return log_in(hosted()[branch]["DATABASE_URL"])
    sys.exit(f"{COMMAND}: no stand-in for it")


def hosted() -> dict[str, dict[str, str]]:
    return dict(json.loads(HOSTED.read_text("utf-8"))) if HOSTED.exists() else {}


def remember(branch: str, name: str, value: str) -> str:
    variables = hosted()
    HOSTED.write_text(json.dumps(variables | {branch: variables.get(branch, {}) | {name: value}}), "utf-8")
    return "set"


def forget(branch: str, name: str) -> str:
    variables = hosted()
    variables.get(branch, {}).pop(name, None)
    HOSTED.write_text(json.dumps({branch: named for branch, named in variables.items() if named}), "utf-8")
    return "removed"


def wrangler() -> str:
    """Deploys a Worker: what its binding names has to be there."""
    import urllib.request  # no other tool needs it, and it takes as long to load as all the rest

    written = Path("wrangler.jsonc").read_text("utf-8")
    bound = re.search(r'"binding": "HYPERDRIVE", "id": "(\w+)"', written) or sys.exit(f"{COMMAND}: a binding without an id:\n{written}")
    address = f"{variable('CLOUDFLARE_API_BASE_URL')}/accounts/{variable('CLOUDFLARE_ACCOUNT_ID')}/hyperdrive/configs/{bound[1]}"
    asking = urllib.request.Request(address, headers={"Authorization": f"Bearer {variable('CLOUDFLARE_API_TOKEN')}"})
    with urllib.request.urlopen(asking, timeout=10) as answer:
        return f"bound to {json.load(answer)['result']['name']}"


def docker() -> str:
    assigned = re.search(r'^DATABASE_URL="(.*)"$', Path(".env").read_text("utf-8"), re.MULTILINE)
    return log_in(assigned[1] if assigned else sys.exit("no DATABASE_URL in .env"))


def python() -> str:
    for file in ("requirements.txt", *(argument for argument in ARGUMENTS if argument.endswith(".py"))):
        if not Path(file).exists():
            sys.exit(f"{COMMAND}: there is no {file}")
    return "installed" if NAME == "pip" else log_in(variable())


def played() -> str:
    if NAME in ("npm", "npx"):
        return node()
    if COMMAND.startswith("docker compose "):
        return docker()
    if NAME in ("python", "alembic") or COMMAND == "pip install -r requirements.txt":
        return python()
    if NAME in ("psql", "pg_dump"):
        if not ARGUMENTS or not ARGUMENTS[0]:
            sys.exit(f"{NAME}: no string, so this would run against another database")
        ended = subprocess.run([f"{PROGRAMS}/{NAME}", *ARGUMENTS], check=False).returncode
        return log_in(ARGUMENTS[0]) if ended == 0 else sys.exit(ended)
    sys.exit(f"{COMMAND}: no stand-in for it")


def tell(said: str) -> None:
    shown = re.sub(r"--token[= ]\S+|\S*://\S*", "...", COMMAND)
    print(f"played: {shown}: {said}", file=sys.stderr if NAME == "pg_dump" else sys.stdout)


def refuse(why: str) -> NoReturn:
    tell(f"refused: {why}")
    sys.exit(1)


if NAME == "node" and ARGUMENTS[:1] == ["--no-warnings"]:  # act asks where it is before anything else
    sys.exit(0)
if COMMAND == "pip install preview-db[cli]":  # this checkout's is there
    sys.exit(0)
tell(played())
