"""Every input with every kind of nonsense: a message that names the input and what it takes, before anything was asked of anybody."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from preview_db_emulator.runner.runner import declared_inputs
from tests.drivers.lying_server import Listener, listening
from tests.drivers.workflow import ACTION, Workflow
from tests.torture.claims import check_manners, some

INPUTS = sorted(declared_inputs(ACTION))
NONSENSE = {
    "a word": "nonsense",
    "a sentence": "this is no value",
    "a number": "12345678901234567890",
    "a negative number": "-1",
    "a fraction": "0.5",
    "nothing to see": "\u200b",
    "a line break": "a\nb",
    "a zero byte": "a\x00b",
    "a command": "\n::set-output name=a::b",
    "a path": "../../etc/passwd",
    "a template": "${{ secrets.TOKEN }}",
    "JSON": '{"a": [1, null]}',
    "markup": "</details>@everyone",
    "another script": "данные",
    "a direction": "a\u202eb",
    "half a character": "\ud800",
    "100 kB": "x" * 100_000,
}
SECRET = {"service_token", "github_token", "seal_with", "sealed", "cloudflare_api_token"}
NAMES = {"project", "project_id", "workspace", "label", "keep_label", "database_name", "branch", "env_file", *SECRET}
NAMES |= {"source", "platform_branch", "wrangler_binding", "wrangler_env"}
"""Inputs that are somebody's own words: most of what is nonsense elsewhere could be meant here."""

COULD_BE_MEANT = {
    "connections": {"a word", "a number", "a line break"},
    "key": {"a word"},
    "region": {"a word"},
    "credential_grace": {"a fraction"},
}


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as one:
        yield one


@pytest.mark.parametrize("name", INPUTS)
def test_nonsense_is_refused_by_name_before_anything_is_asked(workflow: Workflow, name: str) -> None:
    payload = workflow.pull().event("opened", state="open")
    for what, value in some(NONSENSE, "half a character", "100 kB", "a line break").items():
        with listening() as listener:  # one to a run: in this process, what a run has begun to read outlives it
            workflow.environ = {"PRISMA_MANAGEMENT_API_URL": listener.url, "GITHUB_API_URL": f"{listener.url}/github"}
            run = workflow.within("pull_request", payload, {name: value})
        check_manners(run)
        if listener.heard or run.exit_code == 0:
            assert name in NAMES or what in COULD_BE_MEANT[name], f"{name}={what} was taken for a value"
            continue
        # Raw, since a runner that was given such a secret hides every piece of it wherever it stands.
        (error,) = [line for line in run.raw_stdout.splitlines() if line.startswith("::error ")]
        asked = "project" if name == "project_id" else name
        assert re.search(rf"::error title=[^:]+::[^.]*\b{asked}\b", error), f"{name}={what}: {error}"
        if name in SECRET and len(value) > 3:
            assert value not in error, f"{name}={what} is quoted"


CONTRADICTIONS = [
    {"pr": "1", "branch": "x"},
    {"database_id": "db_1"},
    {"command": "unseal"},
    {"env_file": ".env"},
    {"env_file": "../.env", "connections": "app=DATABASE_URL"},
    {"env_file": "/etc/passwd", "connections": "app=DATABASE_URL"},
    {"env_file": ".git/config", "connections": "app=DATABASE_URL"},
    {"timeout": "0"},
    {"timeout": "7h"},
    {"max_idle": "1s"},
    {"max_deletions": "10001"},
]


@pytest.mark.parametrize("inputs", CONTRADICTIONS, ids=str)
def test_inputs_that_make_no_sense_together_are_refused_before_anything_is_asked(
    workflow: Workflow, listener: Listener, inputs: dict[str, str]
) -> None:
    payload = workflow.pull().event("opened", state="open")
    workflow.environ = {"PRISMA_MANAGEMENT_API_URL": listener.url, "GITHUB_API_URL": f"{listener.url}/github"}
    run = workflow.within("pull_request", payload, inputs)
    check_manners(run)
    assert run.exit_code == 1
    assert listener.heard == []
    assert any(name in run.annotations[-1].message for name in inputs)


URLS = [
    "http://api.prisma.io", "https://", "https://a b", "https://x@y", "https://x:0", "https://x:99999", "https://a..b", "ftp://x",
    "https://[::1", "https://x\n", "https://x\\@y", "https://é.example", "https://" + "a" * 300, "javascript:x", "\x00",
]  # fmt: skip
VARIABLES = {
    "PRISMA_MANAGEMENT_API_URL": URLS,
    "GITHUB_API_URL": ["http://api.github.com", "https://x?y", "//x", "https://x:y"],
    "GITHUB_REPOSITORY": ["", "a", "a/b/c", "a b/c", "/", "a/" + "b" * 101],
    "GITHUB_REPOSITORY_ID": ["0", "-1", "x", "1.5"],
    "GITHUB_RUN_ID": ["x", "-1"],
    "GITHUB_EVENT_PATH": ["", "/nonexistent", "/proc/self/mem", "/"],
    "GITHUB_OUTPUT": ["", "/nonexistent/x", "/", "/proc/version"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in VARIABLES.items() for value in values])
def test_a_runner_that_makes_no_sense_is_told_so(workflow: Workflow, listener: Listener, name: str, value: str) -> None:
    payload = workflow.pull().event("opened", state="open")
    workflow.environ = {"PRISMA_MANAGEMENT_API_URL": listener.url, "GITHUB_API_URL": f"{listener.url}/github", name: value}
    run = workflow.within("pull_request", payload)
    check_manners(run)
    assert run.exit_code == 1, run.log
    assert listener.heard == []
    assert name in run.annotations[-1].message or "payload" in run.annotations[-1].message, run.annotations
