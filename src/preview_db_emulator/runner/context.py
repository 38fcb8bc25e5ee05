"""What GitHub's runner tells a step: its inputs, and the variables about its run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from ..github.payloads import merge_commit


class StepOptions(TypedDict):
    """What a step is started with, beside its command."""

    event: str
    payload: Mapping[str, Any]
    inputs: NotRequired[Mapping[str, str]]
    """The step's ``with:``."""
    env: NotRequired[Mapping[str, str]]
    """The step's ``env:``, and whatever earlier steps left there."""
    state: NotRequired[Mapping[str, str]]
    """What the main step saved for a post step."""
    run_id: NotRequired[int]
    attempt: NotRequired[int]


def inputs(given: Mapping[str, str], *, action: Path | None, token: str) -> dict[str, str]:
    """A step's ``with:`` as variables, and every input that ``action`` declares, with its default."""
    declared = declared_inputs(action) if action else {}
    values = {name: _evaluate(default, token) for name, default in declared.items()} | dict(given)
    return {f"INPUT_{name.replace(' ', '_').upper()}": value for name, value in values.items()}


def context(options: StepOptions, *, api_url: str, server_url: str, workflow: str, job: str, debug: bool) -> dict[str, str]:
    """The variables by which GitHub's runner tells a step about its run."""
    payload, event = options["payload"], options["event"]
    repository = payload["repository"]
    actor = payload.get("sender", repository["owner"])
    pull = payload.get("pull_request") or {}
    ref, sha = _ref_and_sha(event, payload)
    kind = "tag" if ref.startswith("refs/tags/") else "branch"
    return {
        "CI": "true",
        "GITHUB_ACTION": "preview-db",
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION_REF": "",
        "GITHUB_ACTION_REPOSITORY": "",
        "GITHUB_ACTOR": actor["login"],
        "GITHUB_ACTOR_ID": str(actor["id"]),
        "GITHUB_API_URL": api_url,
        "GITHUB_BASE_REF": pull["base"]["ref"] if pull else "",
        "GITHUB_EVENT_NAME": event,
        "GITHUB_GRAPHQL_URL": f"{api_url}/graphql",
        "GITHUB_HEAD_REF": pull["head"]["ref"] if pull else "",
        "GITHUB_JOB": job,
        "GITHUB_REF": ref,
        "GITHUB_REF_NAME": re.sub(r"^refs/(heads|tags|pull)/", "", ref),
        "GITHUB_REF_PROTECTED": "false",
        "GITHUB_REF_TYPE": kind,
        "GITHUB_REPOSITORY": repository["full_name"],
        "GITHUB_REPOSITORY_ID": str(repository["id"]),
        "GITHUB_REPOSITORY_OWNER": repository["owner"]["login"],
        "GITHUB_REPOSITORY_OWNER_ID": str(repository["owner"]["id"]),
        "GITHUB_RETENTION_DAYS": "90",
        "GITHUB_RUN_ATTEMPT": str(options.get("attempt", 1)),
        "GITHUB_RUN_ID": str(options.get("run_id", 1)),
        "GITHUB_RUN_NUMBER": str(options.get("run_id", 1)),
        "GITHUB_SERVER_URL": server_url,
        "GITHUB_SHA": sha,
        "GITHUB_TRIGGERING_ACTOR": actor["login"],
        "GITHUB_WORKFLOW": workflow,
        "GITHUB_WORKFLOW_REF": f"{repository['full_name']}/.github/workflows/preview.yml@{ref}",
        "GITHUB_WORKFLOW_SHA": sha,
        "RUNNER_ARCH": "X64",
        "RUNNER_ENVIRONMENT": "github-hosted",
        "RUNNER_NAME": "stand-in",
        "RUNNER_OS": "Linux",
        **({"RUNNER_DEBUG": "1"} if debug else {}),
    }


def declared_inputs(action: Path) -> dict[str, str]:
    """Read the ids and defaults of the inputs of an action.yml, in the order it gives them.

    Reads the plain layout such files have (two spaces a level, a default on one line), not all of YAML, so that no
    parser has to be installed.
    """
    section = re.search(r"^inputs:\n((?:[ #].*\n|\n)*)", action.read_text("utf-8"), re.MULTILINE)
    inputs: dict[str, str] = {}
    for line in section[1].splitlines() if section else ():
        if name := re.match(r"  ([\w-]+):\s*$", line):
            inputs[name[1]] = ""
        elif default := re.match(r"    default:\s*(.*?)\s*$", line):
            inputs[list(inputs)[-1]] = default[1].strip("'\"")
    return inputs


def _ref_and_sha(event: str, payload: Mapping[str, Any]) -> tuple[str, str]:
    """Say what ``github.ref`` and ``github.sha`` are; most events run on the default branch, whatever they are about."""
    default = f"refs/heads/{payload['repository']['default_branch']}"
    if event == "pull_request":
        pull = payload["pull_request"]
        # What is checked out is the head merged into the base, which no pull request names until it is merged.
        sha = pull["merge_commit_sha"] or merge_commit(pull["head"]["sha"], pull["base"]["sha"])
        return f"refs/heads/{pull['base']['ref']}" if pull["merged"] else f"refs/pull/{pull['number']}/merge", sha
    if event == "push":
        return payload["ref"], payload["after"]
    if event == "create":
        return f"refs/{'tags' if payload['ref_type'] == 'tag' else 'heads'}/{payload['ref']}", "c" * 40
    if event == "merge_group":
        return payload["merge_group"]["head_ref"], payload["merge_group"]["head_sha"]
    if event == "workflow_dispatch":
        return payload["ref"], "c" * 40
    return default, "c" * 40


def _evaluate(default: str, token: str) -> str:
    value = re.sub(r"\$\{\{\s*github\.token\s*\}\}", lambda _: token, default)
    if "${{" in value:
        raise ValueError(f"the stand-in evaluates no expression but github.token: {default}")
    return value
