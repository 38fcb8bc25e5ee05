"""What inputs take and are, value by value, and which of them contradict each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from preview_db.errors import InvalidInput
from preview_db.planning.fields import RequestedConnection, RequestedVariable
from preview_db.planning.job import Job
from preview_db.planning.model import Endpoint
from preview_db.planning.repositories import Selection
from preview_db.planning.settings import Inputs

DEFAULTS = {
    "command": "auto",
    "service_token": None,
    "project": None,
    "create_project": False,
    "workspace": None,
    "region": "inherit",
    "source": "empty",
    "key": "",
    "pr": None,
    "branch": None,
    "database_id": None,
    "database_name": None,
    "connections": (RequestedConnection(name="app"),),
    "endpoint": Endpoint.DIRECT,
    "env_file": None,
    "ephemeral": False,
    "credential_grace": timedelta(hours=6),
    "seal_with": None,
    "sealed": None,
    "wait": "connectable",
    "timeout": None,
    "on_push": "keep",
    "label": None,
    "drafts": True,
    "allow_forks": False,
    "deployment": False,
    "max_idle": None,
    "keep_label": "keep-preview-db",
    "max_deletions": 50,
    "dry_run": False,
    "comment": True,
    "summary": True,
    "github_token": None,
    "management_api_url": "https://api.prisma.io",
}


def read(**inputs: str) -> Inputs:
    return Inputs.read({f"INPUT_{name.upper()}": value for name, value in inputs.items()})


@pytest.mark.parametrize("name", DEFAULTS)
def test_an_input_that_is_not_given_is_what_the_documentation_says(name: str) -> None:
    assert getattr(read(), name) == DEFAULTS[name]


@pytest.mark.parametrize(
    "variable",
    ["GITHUB_TOKEN", "github_output", "RUNNER_TEMP", "ACTIONS_ID_TOKEN_REQUEST_URL", "INPUT_PROJECT", "Input_X"]
    + ["CI", "PATH", "Path", "HOME", "NODE_OPTIONS", "node_options"],
)
def test_no_credential_is_exported_to_a_variable_of_the_runner(variable: str) -> None:
    with pytest.raises(InvalidInput, match="can't export to a variable that belongs to the runner"):
        read(connections=f"app={variable}")


@pytest.mark.parametrize("variable", ["GITHUB", "CIRCLE", "CI_URL", "PATHS", "HOMEPAGE", "NODE_OPTIONS_2", "MY_GITHUB_URL", "_", "x" * 128])
def test_a_variable_that_only_looks_like_one_of_the_runner_may_be_exported_to(variable: str) -> None:
    assert read(connections=f"app={variable}").connections == (RequestedConnection(name="app", variable=variable),)


ACCEPTED: dict[str, dict[str, Any]] = {
    "command": {name: name for name in ("auto", "create", "connect", "reset", "delete", "sweep", "plan", "doctor")},
    "wait": {name: name for name in ("connectable", "ready", "none")},
    "endpoint": {"direct": Endpoint.DIRECT, "pooled": Endpoint.POOLED},
    "on_push": {"keep": "keep", "reset": "reset"},
    "region": {name: name for name in ("inherit", "eu-central-1", "us-east-1", "ap-northeast-1")},
    "source": {name: name for name in ("empty", "db_1", "db_1/latest", "db_1/2026-01-01T00:00:00Z", "Our staging", "db", "größe/latest")},
    "key": {name: name for name in ("a", "e2e", "a-b-c", "a" * 16)},
    "pr": {"1": 1, str(2**53): 2**53},
    "branch": {"main": "main", "refs/heads/main": "main", "feat/checkout": "feat/checkout", "x.y": "x.y", "a" * 255: "a" * 255},
    "database_id": {name: name for name in ("db_1", "x", "a-B_9", "x" * 64)},
    "database_name": {"Änderung 12": "Änderung 12", "x" * 255: "x" * 255},
    "label": {"preview": "preview", "x" * 100: "x" * 100},
    "keep_label": {"x" * 100: "x" * 100},
    "project": {"web": "web", "x" * 256: "x" * 256},
    "workspace": {"x" * 256: "x" * 256},
    "max_idle": {"never": None, "1h": timedelta(hours=1), "14d": timedelta(days=14)},
    "max_deletions": {"0": 0, "10000": 10_000},
    "timeout": {"1s": timedelta(seconds=1), "1h": timedelta(hours=1), "6h": timedelta(hours=6), "90": timedelta(seconds=90)},
    "credential_grace": {"0s": timedelta(0), "1.25h": timedelta(minutes=75)},
    "cloudflare_account_id": {"0123456789abcdef" * 2: "0123456789abcdef" * 2},
    "compute_env": {
        "DATABASE_URL": (RequestedVariable(name="DATABASE_URL"),),
        " A = direct ,\n_9=pooled,,": (
            RequestedVariable(name="A", endpoint=Endpoint.DIRECT),
            RequestedVariable(name="_9", endpoint=Endpoint.POOLED),
        ),
        ",".join(f"A{number}" for number in range(20)): tuple(RequestedVariable(name=f"A{number}") for number in range(20)),
        "X" * 256: (RequestedVariable(name="X" * 256),),
    },
    "repositories": {"acme/*": Selection.parse("acme/*")},
    "drafts": {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False},
}


GOES_WITH = {"database_id": {"command": "connect"}, "compute_env": {"platform_branch": "feat/x"}}
"""What an input makes no sense without."""


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in ACCEPTED.items() for value in values])
def test_an_input_takes_what_it_says_it_takes(name: str, value: str) -> None:
    assert getattr(read(**{name: value}, **GOES_WITH.get(name, {})), name) == ACCEPTED[name][value]


TAKES_BRANCH = "takes a branch's name as git has it, such as feat/checkout"
TAKES_VARIABLES = "takes names of Compute's variables: A-Z, 0-9 and '_', at most 256 characters, with commas between them"
TAKES_ACCOUNT = "takes the 32 hexadecimal digits that Cloudflare's dashboard shows in its address"
TAKES_DURATION = "takes a duration like 90s, 15m, 6h or 2d"
REFUSED: dict[tuple[str, str], str] = {
    ("command", "CREATE"): "takes auto, create, connect, reset, delete, sweep, shards, plan, doctor or unseal",
    ("wait", "yes"): "takes connectable, ready or none",
    ("endpoint", "Direct"): "takes direct or pooled",
    ("on_push", "drop"): "takes keep or reset",
    ("region", "eu-central"): "takes inherit or a region such as eu-central-1",
    ("region", "x" * 60): "takes inherit or a region such as eu-central-1",
    ("region", "x" * 61): "takes inherit or a region such as eu-central-1",
    ("wrangler_binding", "9"): "does not fit: String should match pattern '^[A-Za-z_$][A-Za-z0-9_$]{0,127}$'",
    ("region", "x"): "takes inherit or a region such as eu-central-1",
    ("source", "db_1/"): "takes empty, a database's id or name, or <id or name>/<backup id>",
    ("source", "a/b/latest"): "takes empty, a database's id or name, or <id or name>/<backup id>",
    ("source", "a\u202eb"): "takes empty, a database's id or name, or <id or name>/<backup id>",
    ("key", "a--b"): "takes a-z, 0-9 and single '-' between them, at most 16 characters",
    ("key", "-a"): "takes a-z, 0-9 and single '-' between them, at most 16 characters",
    ("pr", "0"): "takes a whole number from 1",
    ("pr", str(2**53 + 1)): f"takes a whole number up to {2**53}",
    ("pr", "x"): "takes a whole number",
    **{
        ("branch", name): TAKES_BRANCH
        for name in (
            "a b",
            "a\x7fb",
            "a~b",
            "a^b",
            "a:b",
            "a?b",
            "a*b",
            "a[b",
            "a\\b",
            "a..b",
            "a//b",
            "a@{b",
            "-a",
            "/a",
            "a/",
            "a.",
            "a.lock",
        )
    },
    ("branch", "refs/heads/"): TAKES_BRANCH,
    ("branch", "x" * 256): "takes at most 255 characters",
    ("database_id", "x" * 65): "takes the database_id that an earlier step or job put out, such as db_abc123",
    ("database_name", "a\nb"): "takes printable characters only",
    ("label", "a\x00"): "takes printable characters only",
    ("project", "a\x07b"): "takes printable characters only",
    ("workspace", "a\tb"): "takes printable characters only",
    ("label", "x" * 101): "takes at most 100 characters",
    ("keep_label", "x" * 101): "takes at most 100 characters",
    ("project", "x" * 257): "takes at most 256 characters",
    ("workspace", "x" * 257): "takes at most 256 characters",
    ("env_file", "x" * 1025): "takes at most 1024 characters",
    ("max_idle", "59m"): "takes never, or at least 1h",
    ("max_idle", "soon"): "takes never, or a duration like 14d",
    ("max_deletions", "-1"): "takes a whole number from 0",
    ("max_deletions", "10001"): "takes a whole number up to 10000",
    ("timeout", "0.999s"): "takes from 1s to 6h",
    ("timeout", "361m"): "takes from 1s to 6h",
    ("credential_grace", "6 hours"): TAKES_DURATION,
    ("credential_grace", "1.2345h"): TAKES_DURATION,
    ("drafts", "yes"): "takes true or false",
    ("service_token", "x" * 8193): "takes a token without spaces or line breaks: check how the secret was pasted",
    ("github_token", "a b"): "takes a token without spaces or line breaks: check how the secret was pasted",
    ("cloudflare_account_id", "A" * 32): TAKES_ACCOUNT,
    ("cloudflare_account_id", "a" * 31): TAKES_ACCOUNT,
    ("compute_env", "database_url"): TAKES_VARIABLES,
    ("compute_env", "9A"): TAKES_VARIABLES,
    ("compute_env", "A B"): TAKES_VARIABLES,
    ("compute_env", "X" * 257): TAKES_VARIABLES,
    ("compute_env", "=direct"): TAKES_VARIABLES,
    ("compute_env", "A="): "takes after '=' the endpoint, direct or pooled",
    ("compute_env", "A=Direct"): "takes after '=' the endpoint, direct or pooled",
    ("compute_env", "A,B,A=direct"): "names the same variable twice",
    ("compute_env", ",".join(f"A{number}" for number in range(21))): "takes at most 20 variables",
    ("shard", "9/8"): "takes a part such as 3/8: from 1/1 to 256/256",
    ("repositories", "!acme/web"): "takes out repositories, and names none to begin with",
    ("connections", "A"): ("takes names of a-z, 0-9 and '-', at most 32 characters, one a line, each with =VARIABLE to export it"),
    ("connections", "a" * 33): ("takes names of a-z, 0-9 and '-', at most 32 characters, one a line, each with =VARIABLE to export it"),
    ("connections", "app="): "takes after '=' the name of an environment variable, such as app=DATABASE_URL",
    ("connections", "app=" + "x" * 129): "takes after '=' the name of an environment variable, such as app=DATABASE_URL",
    ("connections", "app=GITHUB_TOKEN"): "can't export to a variable that belongs to the runner",
    ("connections", "#"): "takes at least one name",
    ("connections", "a=X\na=Y"): "names the same connection twice",
    ("connections", "\n".join(f"c{number}" for number in range(21))): "takes at most 20 connections",
}


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_what_an_input_does_not_take_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(**{name: value})
    shown = f"{value[:60]!r}{'...' if len(value) > 60 else ''}"
    given = "" if name.endswith("_token") else f"; it is {shown}"
    assert refused.value.what == f"The input {name} {REFUSED[name, value]}{given}."
    assert (refused.value.named, refused.value.problem) == (name, REFUSED[name, value])
    assert refused.value.remedy == f"Correct the input {name} in the workflow file; nothing was touched."


def test_twenty_connections_are_not_too_many() -> None:
    assert len(read(connections="\n".join(f"c{number}" for number in range(20))).connections) == 20


CONTRADICTIONS: list[tuple[dict[str, str], str]] = [
    ({"database_id": "db_1"}, "database_id is a handle for the commands connect and delete"),
    (
        {"env_file": ".env"},
        "env_file takes the variables of connections, and none of those has one, as in app=DATABASE_URL",
    ),
    (
        {"ephemeral": "true", "seal_with": "x"},
        "ephemeral ends the credentials with this job, and seal_with is there to pass them on to another",
    ),
    (
        {"command": "unseal", "sealed": "x"},
        "the command unseal needs sealed, the text, and seal_with, the passphrase it was sealed with",
    ),
    (
        {"command": "unseal", "seal_with": "x"},
        "the command unseal needs sealed, the text, and seal_with, the passphrase it was sealed with",
    ),
    ({"pr": "1", "branch": "main"}, "pr and branch can't both say what it is about"),
    (
        {"hyperdrive": "true", "connections": "app\nhyperdrive"},
        "the Hyperdrive configuration has a credential of its own that is called hyperdrive, and so can't be another's",
    ),
    (
        {"compute_env": "DATABASE_URL", "platform_branch": "feat/x", "connections": "compute"},
        "Compute's variables have a credential of their own that is called compute, and so can't be another's",
    ),
    (
        {"compute_env": "DATABASE_URL"},
        "compute_env and platform_branch_cleanup are about the platform branch, and platform_branch names none",
    ),
    (
        {"platform_branch_cleanup": "true"},
        "compute_env and platform_branch_cleanup are about the platform branch, and platform_branch names none",
    ),
    ({"wrangler_config": "wrangler.toml"}, "wrangler_config gets the id of the Hyperdrive configuration, and hyperdrive is false"),
]


@pytest.mark.parametrize(("given", "why"), CONTRADICTIONS)
def test_inputs_that_contradict_each_other_are_refused(given: dict[str, str], why: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(**given)
    assert refused.value.what == f"The inputs contradict each other: {why}."
    assert refused.value.remedy == "Correct them in the workflow file; nothing was touched."


@pytest.mark.parametrize(
    "given",
    [
        {"database_id": "db_1", "command": "connect"},
        {"database_id": "db_1", "command": "delete"},
        {"env_file": ".env", "connections": "app=DATABASE_URL\nother"},
        {"env_file": ".env", "command": "unseal", "sealed": "x", "seal_with": "y"},
        {"ephemeral": "true"},
        {"ephemeral": "false", "seal_with": "x"},
        {"pr": "1"},
        {"branch": "main"},
        {"hyperdrive": "true", "wrangler_config": "wrangler.toml"},
        {"connections": "hyperdrive\ncompute"},
        {"platform_branch": "feat/x", "platform_branch_cleanup": "true", "hyperdrive": "true", "connections": "compute"},
    ],
)
def test_inputs_that_go_together_are_taken(given: dict[str, str]) -> None:
    read(**given)


@pytest.mark.parametrize(
    ("given", "only"), [({}, False), ({"command": "plan"}, True), ({"dry_run": "true"}, True), ({"command": "sweep"}, False)]
)
def test_a_plan_and_a_dry_run_do_nothing(given: dict[str, str], only: bool) -> None:
    assert read(**given).only_plans is only


JOB = {"GITHUB_REPOSITORY": "acme/shop", "GITHUB_EVENT_NAME": "push", "GITHUB_EVENT_PATH": "/event.json"}


def test_what_a_runner_does_not_say_is_as_on_github_com() -> None:
    job = Job.read(JOB)
    assert (job.repository, job.event_name, job.event_path) == ("acme/shop", "push", "/event.json")
    assert (job.repository_id, job.run_id, job.run_attempt, job.sha) == (None, 0, 1, "")
    assert (job.api_url, job.server_url, job.host) == ("https://api.github.com", "https://github.com", "github.com")
    assert job.mint_suffix == "0-1"


def test_a_run_says_which_one_it_is() -> None:
    job = Job.read({**JOB, "GITHUB_RUN_ID": "12", "GITHUB_RUN_ATTEMPT": "3", "GITHUB_SERVER_URL": "https://github.example.com"})
    assert (job.mint_suffix, job.host) == ("12-3", "github.example.com")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("REPOSITORY", "shop"),
        ("REPOSITORY", "a/b/c"),
        ("REPOSITORY_ID", "0"),
        ("RUN_ID", "-1"),
        ("RUN_ATTEMPT", "0"),
        ("API_URL", "http://x.example"),
    ],
)
def test_a_runner_that_makes_no_sense_is_named_by_its_variable(variable: str, value: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Job.read({**JOB, f"GITHUB_{variable}": value})
    given = "" if "://" in value else f"; it is {value!r}"
    assert refused.value.what == f"The runner's variable GITHUB_{variable} is missing or makes no sense{given}."
