"""No secret anywhere but where it was asked for: every sink is searched for every secret in every form."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

import pytest

from preview_db.action import run as action
from preview_db.interrupts import Interrupts
from preview_db_emulator.client import Emulator
from preview_db_emulator.runner.runner import Run
from tests.drivers.workflow import PullRequest, Workflow
from tests.torture import sinks
from tests.torture.claims import LONG, check_manners, some
from tests.torture.weather import rule

CHUNKS = {
    "percent signs and quotes": "a%'\"%25q",
    "line breaks": "b\r\n%0A\nz",
    "a shell's characters": "$(x)`y`;&|\\ <w>",
    "Markdown": "*_[v](u)~#|`|<!--",
    "commands": "::add-mask::t,=##[r]",
    "characters of other scripts": "é€\U0001f40d\u202e",
}
"""What a password repeats: a password that is known beforehand can be searched for where a run has failed, too."""

PASSPHRASE = "correct horse %0A 'battery' \"staple\""


@pytest.fixture
def workflow(running: Emulator, tmp_path: Path) -> Workflow:
    return Workflow.new(running, tmp_path, debug=True, inputs={"deployment": "true", "connections": "app=DATABASE_URL\njobs=JOBS_URL"})


def secrets_of(workflow: Workflow, chunk: str) -> dict[str, str]:
    workflow.emulator.control("PUT", "settings", {"password_alphabet": [chunk]})
    addresses = workflow.emulator.addresses
    return {
        "the password": chunk * 24,
        "the service token": str(addresses["service_token"]),
        "the GitHub token": str(addresses["github_token"]),
        "the passphrase": PASSPHRASE,
    }


def told(pull: PullRequest) -> dict[str, str]:
    """What other people can read: comments and deployments."""
    return {
        "the comments": json.dumps(pull.comments(), ensure_ascii=False),
        "the deployments": json.dumps(pull.workflow.emulator.control("GET", "github/deployments"), ensure_ascii=False),
    }


def a_life(pull: PullRequest) -> Iterator[Run]:
    yield pull.opened()
    yield pull.pushed(seal_with=PASSPHRASE, env_file=".env")
    yield pull.pushed(on_push="reset")
    yield pull.pushed(command="connect", ephemeral="true")
    yield pull.pushed(command="plan")
    yield pull.closed()


@pytest.mark.parametrize("chunk", (tried := some(CHUNKS, short=2)).values(), ids=tried)
def test_a_whole_life_leaves_no_secret_anywhere(workflow: Workflow, chunk: str) -> None:
    secrets = secrets_of(workflow, chunk)
    watches: list[sinks.Watch] = []

    def step(environ: Mapping[str, str], log: TextIO) -> int:
        watches.append(sinks.Watch(environ, log, {"the password": secrets["the password"]}))
        return action.run(environ, watches[-1], interrupts=Interrupts())

    workflow.entry = step
    pull = workflow.pull()
    with sinks.Overheard() as overheard:
        runs = list(a_life(pull))
        runs.append(workflow.sweep())
    for run in runs:
        check_manners(run)
    handed_out = [run for run in runs if "database_url" in run.outputs]
    assert handed_out, [run.log for run in runs]
    assert all(run.outputs["password"] == secrets["the password"] for run in handed_out)
    for run in runs:
        assert sinks.leaks(secrets, sinks.of_run(run)) == []
    assert sinks.leaks(secrets, told(pull)) == []
    assert {"httpx", "httpcore", "github"} <= overheard.names
    assert sinks.leaks(secrets, {"the libraries' logs": overheard.said}) == []
    assert [found for watch in watches for found in watch.too_early] == []


@pytest.mark.parametrize("seed", range(1, 11) if LONG else [3])
def test_bad_weather_brings_no_secret_to_light(workflow: Workflow, seed: int) -> None:
    secrets = secrets_of(workflow, CHUNKS["a shell's characters"])
    workflow.inputs |= {"timeout": "5s"}
    kinds = ["500", "502", "429", "reset", "lost", "truncated", "html"]
    workflow.emulator.control("PUT", "faults", rule(0.25, seed, kinds=kinds))
    pulls = [workflow.pull()]
    with sinks.Overheard() as overheard:
        runs = [(pull, run) for pull in pulls for run in (pull.opened(), pull.pushed(on_push="reset"), pull.closed())]
    for pull, run in runs:
        check_manners(run)
        assert sinks.leaks(secrets, {**sinks.of_run(run), **told(pull)}) == []
    assert sinks.leaks(secrets, {"the libraries' logs": overheard.said}) == []


@pytest.mark.parametrize("chunk", (tried := some(CHUNKS, short=2)).values(), ids=tried)
def test_a_login_that_is_refused_quotes_no_password(workflow: Workflow, chunk: str) -> None:
    secrets = secrets_of(workflow, chunk)
    pull = workflow.pull()
    first = pull.opened()
    refusing = f"no login for you, {chunk * 3}"
    workflow.emulator.control("PUT", f"databases/{first.outputs['database_id']}", {"refusing": refusing.replace("\0", "")})
    run = pull.pushed(timeout="2s")
    assert run.exit_code == 1
    only_password = {"the password": secrets["the password"]}
    assert sinks.leaks(only_password, sinks.of_run(run)) == []


def test_a_process_shows_nothing_while_it_runs_and_leaves_nothing_behind(workflow: Workflow) -> None:
    chunk = CHUNKS["percent signs and quotes"]
    secrets = secrets_of(workflow, chunk)
    workflow.emulator.control("PUT", "settings", {"provisioning_s": 0.7, "connection_on_create": False})
    pull = workflow.pull()
    step = pull.starts("opened", {"state": "open"}, env_file=".env")
    seen: dict[str, str] = {}
    while step.process.poll() is None:
        for pid in _family(step.process.pid):
            seen |= _shown(pid)
        time.sleep(0.02)
    run = step.finish()
    workflow.emulator.control("PUT", "settings", {"provisioning_s": 0})
    assert run.exit_code == 0, run.log
    assert any("cmdline" in name for name in seen)
    assert sinks.leaks(secrets, {name: text for name, text in seen.items() if "cmdline" in name}) == []
    only_password = {"the password": secrets["the password"]}
    assert sinks.leaks(only_password, seen) == [], "nor in its environment, which holds the inputs by nature"
    assert sinks.leaks(secrets, sinks.of_run(run)) == []
    left = sinks.of_folder(workflow.root, but=("GITHUB_OUTPUT", "GITHUB_ENV", ".env", "set_output", "set_env"))
    assert left
    assert sinks.leaks(secrets, left) == []
    (env_file,) = (path for path in workflow.root.rglob(".env"))
    assert env_file.stat().st_mode & 0o777 == 0o600


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return [pid]
    return [pid, *(int(child) for child in children)]


def _shown(pid: int) -> dict[str, str]:
    shown = {}
    for name in ("cmdline", "environ"):
        try:
            shown[f"{name} of {pid}"] = Path(f"/proc/{pid}/{name}").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
    return shown


def test_the_search_finds_what_it_is_for() -> None:
    """Or all of the above would hold of anything."""
    secret = 's3cr%t/p+ss"w\nrd'
    for form in sinks.forms(secret):
        assert sinks.leaks({"it": secret}, {"here": f"before {form} after"})
    for text in ("xx" + secret, "é" + secret + "?", secret * 2):
        for shift in range(3):
            import base64

            encoded = base64.b64encode(b"y" * shift + text.encode()).decode()
            assert sinks.leaks({"it": secret}, {"here": encoded}), (text, shift)
    assert not sinks.leaks({"it": secret}, {"here": "nothing of the kind"})


def test_no_error_of_ours_holds_a_field_for_a_secret() -> None:
    """A credential shows itself as stars, whoever prints it."""
    from datetime import UTC, datetime

    from pydantic import SecretStr

    from preview_db.planning.credential import ConnectionString, Credential

    string = ConnectionString(url=SecretStr("postgres://user:s3cret-p%25ss@127.0.0.1:5432/db"))
    made = Credential(name="app", connection_id="con_1", database_id="db_1", created_at=datetime.now(UTC), direct=string, pooled=None)
    for shown in (
        str(made),
        repr(made),
        f"{made!s}",
        str(made._asdict()),
        repr(string.password),
        str(list(made)),
    ):
        assert "s3cret" not in shown
    assert dataclasses.is_dataclass(Run)
