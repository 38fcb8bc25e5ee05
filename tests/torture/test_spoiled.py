"""Answers spoiled at random hand out nothing wrong, and no open pull request's database goes."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from preview_db_emulator.runner.runner import Run
from tests.drivers.lying_server import Answer, Lie, about, lying
from tests.drivers.workflow import Workflow
from tests.torture.claims import FUZZED, LONG, check_manners, hold
from tests.torture.lies import (
    Neighbours,
    prepare,
)


@pytest.fixture
def workflow(workflow: Workflow) -> Workflow:
    workflow.inputs["timeout"] = "4s"
    return workflow


NASTY: list[Any] = [
    None, True, False, 0, -1, 2**63, 1e308, "", " ", "\x00", "::error::x", "a\nb", "\u202e", "\ud800", "x" * 100_000, [], {}, [None], [[]],
    {"id": None}, "db_x", "proj_x", "../..", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2026-01-01", "ready", "failure",
    "postgres://u:p@127.0.0.1:1/d", "postgres://u:p@db.evil.example/d", "http://127.0.0.1:9/", "%", "{}", "@everyone", "</details>",
]  # fmt: skip


def spoil(chance: random.Random, content: Any) -> Any:
    """The same with something in it changed, dropped, doubled or exchanged."""
    if isinstance(content, dict) and content and chance.random() < 0.85:
        name = chance.choice(list(content))
        if chance.random() < 0.2:
            return {key: value for key, value in content.items() if key != name}
        return {**content, name: spoil(chance, content[name])}
    if isinstance(content, list) and content and chance.random() < 0.85:
        index = chance.randrange(len(content))
        if chance.random() < 0.2:
            return content + content[index : index + 1]
        return [*content[:index], spoil(chance, content[index]), *content[index + 1 :]]
    return chance.choice(NASTY)


def spoiling(chance: random.Random, share: float) -> Lie:
    def lie(answer: Answer) -> None:
        if chance.random() > share:
            return
        try:
            content = answer.json
        except ValueError:
            return
        answer.body = json.dumps(spoil(chance, content)).encode("utf-8", "replace") if content is not None else b""
        if chance.random() < 0.1:
            answer.status = chance.choice([200, 201, 202, 204, 206, 300, 304, 400, 404, 409, 410, 422, 451, 500, 503, 599])
            if answer.status in (204, 304):
                answer.body = b""

    return lie


ACTS: list[tuple[str, dict[str, str]]] = [
    ("opened", {}),
    ("pushed", {}),
    ("pushed", {"on_push": "reset"}),
    ("pushed", {"command": "connect"}),
    ("closed", {}),
]


def fuzz(workflow: Workflow, seed: int) -> Run:
    """One run in which a third of all answers is spoiled, by the seed. What it says and does has to be true all the same."""
    chance = random.Random(seed)
    act, inputs = chance.choice(ACTS)
    pull = workflow.pull()
    neighbours = Neighbours(workflow)
    if act != "opened":
        prepare(pull)
    with lying(workflow.emulator, spoiling(chance, 0.3)) as liar:
        workflow.environ = liar.environ
        run: Run = getattr(pull, act)(**inputs)
        workflow.environ = {}
    neighbours.check()
    check_manners(run)
    if run.exit_code == 0 and run.outputs.get("database_url"):
        ours = [one["id"] for one in pull.databases()]
        hold(run.outputs["database_id"].removeprefix("db_") in [id_.removeprefix("db_") for id_ in ours], "what is handed out is ours", run)
        hold("127.0.0.1" in run.outputs["database_url"], "and nobody else's host", run)
    return run


@pytest.mark.parametrize("seed", range(FUZZED if LONG else 12))
def test_a_sweep_of_databases_spoiled_at_random_takes_no_open_pull_requests(workflow: Workflow, seed: int) -> None:
    """Of GitHub's answers one could say that the pull request is closed; what the Management API says never can."""
    workflow.inputs |= {"timeout": "1s"}
    pull, gone = workflow.pull(), workflow.pull()
    prepare(pull)
    prepare(gone)
    gone.event("closed", state="closed")
    neighbours = Neighbours(workflow)
    with lying(workflow.emulator, about(" /v1/", spoiling(random.Random(seed), 0.3))) as liar:
        workflow.environ = liar.environ
        run = workflow.sweep(max_idle="1d")
        workflow.environ = {}
    check_manners(run)
    hold(len(pull.databases()) == 1, "the open one's is there", run)
    neighbours.check()


@pytest.mark.parametrize("seed", range(FUZZED if LONG else 12))
def test_answers_spoiled_at_random_hand_out_nothing_of_anyone_elses(workflow: Workflow, seed: int) -> None:
    workflow.inputs |= {"timeout": "1s"}
    fuzz(workflow, seed)
