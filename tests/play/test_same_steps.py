"""The same steps through act and through the emulator's stand-in for the runner: two readings that check each other.

Where they differ the stand-in goes by the source of GitHub's runner; those steps stand below with both readings, so that neither
changes unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from preview_db_emulator.client import SERVER_URL
from preview_db_emulator.github import payloads
from preview_db_emulator.runner.runner import Run, Runner

from .documents import Workflow
from .player import Played, Player

TOLD = "told: "
"""What begins the lines that are compared."""

SAME = {
    "outputs, old and new": """
        echo '::set-output name=old::1%0A2%25'
        printf '%s\\n' 'new<<E' 'a=b' '' 'c' 'E' 'plain=x<<y' 'empty=' >> "$GITHUB_OUTPUT"
        """,
    "in brackets": "echo '##[set-output name=a]x'",
    "variables and path": """
        printf '%s\\n' 'ONE=1' 'TWO<<E' 'a' 'b' 'E' >> "$GITHUB_ENV"
        printf '%s\\n' /opt/first /opt/second >> "$GITHUB_PATH"
        """,
    "disabled": """
        echo '::set-env name=DISABLED::x'
        echo '::add-path::/opt/disabled'
        """,
    "masks": """
        echo 'told: early hunter2'
        echo '::add-mask::hunter2'
        echo '::add-mask::50%25'
        echo 'told: late hunter2 and 50%, hunter22'
        """,
    "stopped": """
        echo '::stop-commands::some-token'
        echo '::set-output name=a::no'
        echo '::some-token::'
        echo '::set-output name=b::yes'
        """,
    "no commands": """
        echo 'told: ::set-output name=a::x'
        echo 'told: ::add-mask::x'
        echo 'told: xylophone'
        """,
}


@dataclass(frozen=True)
class Difference:
    """Lines that a step prints, and what is shown of the last of them or put out, by both."""

    script: str
    act: Any
    runner: Any


DIFFERENT = {
    "what stands before brackets": Difference("echo 'text ##[set-output name=a]x'", {}, {"a": "x"}),
    "white space before colons": Difference("echo '  ::set-output name=a::x'", {}, {"a": "x"}),
    "capitals": Difference("echo '::SET-OUTPUT name=a::x'", {}, {"a": "x"}),
    "encoded": Difference(
        "echo '::add-mask::p@ss w/'; echo 'told: p%40ss%20w%2F cEBzcyB3Lw=='", ["p%40ss%20w%2F cEBzcyB3Lw=="], ["*** ***"]
    ),
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory, stage: Any, image: str, tools_on_path: Path) -> Played:
    """A workflow with a job for each of the steps, and a second step in each that shows what the first one left."""
    jobs = "".join(
        f"  job{number}:\n    runs-on: ubuntu-latest\n    steps:\n"
        f"      - id: job{number}\n        shell: bash\n        run: |\n{indent(script, ' ' * 10)}\n"
        f"      - if: always()\n        shell: bash\n        run: |\n          python3 -c '{SHOW}'\n"
        for number, script in enumerate(_scripts().values())
    )
    player = Player(tmp_path_factory.mktemp("same"), stage, image, tools_on_path)
    payload = payloads.workflow_dispatch_event(ref="refs/heads/main", **stage.where())
    return player.play(Workflow("same", f"name: same\non: workflow_dispatch\njobs:\n{jobs}"), "workflow_dispatch", payload)


SHOW = (
    'import os; [print("set", repr(name), repr(os.environ.get(name))) '
    'for name in ("ONE", "TWO", "DISABLED")]; print("path", [part for part in os.environ["PATH"].split(":") if "/opt/" in part])'
)


def _scripts() -> dict[str, str]:
    return SAME | {name: different.script for name, different in DIFFERENT.items()}


def _standing_in(root: Path, script: str, where: dict[str, Any], api_url: str) -> Run:
    runner = Runner(root, api_url=api_url, server_url=SERVER_URL)
    payload = payloads.workflow_dispatch_event(ref="refs/heads/main", **where)
    return runner.run(["bash", "-e", "-c", script], event="workflow_dispatch", payload=payload)


def _left(run: Run) -> list[str]:
    """What a later step would find."""
    found = [f"set {name!r} {run.environment.get(name)!r}" for name in ("ONE", "TWO", "DISABLED")]
    return [*found, f"path {[*reversed(run.path)]}"]


def _told(lines: tuple[str, ...]) -> list[str]:
    return [line.partition(TOLD)[2] for line in lines if line.startswith(TOLD)]


def _of(played: Played, name: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Outputs and log of one of the steps, as act has them."""
    job = f"job{list(_scripts()).index(name)}"
    lines = (line.removeprefix(f"{job} | ") for line in played.log if line.startswith(f"{job} | "))
    return {output: value for (step, output), value in played.outputs.items() if step == job}, tuple(lines)


@pytest.mark.parametrize("name", SAME)
def test_both_read_it_the_same(played: Played, tmp_path: Path, stage: Any, name: str) -> None:
    outputs, lines = _of(played, name)
    run = _standing_in(tmp_path, SAME[name], stage.where(), stage.addresses["github_api_url"])
    assert run.outputs == outputs, played
    assert _told(run.log) == _told(lines)
    assert _left(run) == [line for line in lines if line.startswith(("set ", "path "))]


@pytest.mark.parametrize("name", DIFFERENT)
def test_where_they_differ_it_goes_by_github_s_runner(played: Played, tmp_path: Path, stage: Any, name: str) -> None:
    outputs, lines = _of(played, name)
    run = _standing_in(tmp_path, DIFFERENT[name].script, stage.where(), stage.addresses["github_api_url"])
    assert (outputs or _told(lines) or {}) == DIFFERENT[name].act, played
    assert (run.outputs or _told(run.log)) == DIFFERENT[name].runner
