"""Previews with all that they may have beside their databases: staged for a command that is ended early, and checked after the next."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import httpx

from preview_db.planning import identity
from preview_db_emulator.github import payloads
from preview_db_emulator.runner.runner import Step
from tests.drivers.workflow import PullRequest, Workflow, can_log_in
from tests.torture.claims import hold


def _beside(workflow: Workflow) -> PullRequest:
    """A new pull request, with all that a preview may have beside its database: a platform branch, Compute's variables, Hyperdrive."""
    addresses = workflow.emulator.addresses
    workflow.emulator.control("PUT", "cloudflare", {"limit": 10_000})
    workflow.environ = workflow.environ | {
        "CLOUDFLARE_API_BASE_URL": addresses["cloudflare_api_url"],
        "CLOUDFLARE_API_TOKEN": addresses["cloudflare_api_token"],
        "CLOUDFLARE_ACCOUNT_ID": addresses["cloudflare_account_id"],
    }
    workflow.inputs = workflow.inputs | {  # another one, since several workflows may have been given the same
        "hyperdrive": "true",
        "platform_branch": "auto",
        "platform_branch_cleanup": "true",
        "compute_env": "DATABASE_URL, POOLED_URL=pooled",
    }
    pull = workflow.pull()
    workflow.emulator.pull_request(pull.number, head_ref=f"feat-{pull.number}")
    return pull


def create(workflow: Workflow) -> tuple[PullRequest, Callable[[], Step]]:
    pull = _beside(workflow)
    payload = pull.event("opened", state="open")
    return pull, lambda: workflow.step("pull_request", payload)


def reset(workflow: Workflow) -> tuple[PullRequest, Callable[[], Step]]:
    """The run after it is one that keeps what it finds: it has to see what the reset has left undone."""
    pull = _beside(workflow)
    pull.opened()
    payload = pull.event("synchronize")
    asked = itertools.chain(["reset"], itertools.repeat("keep"))
    return pull, lambda: workflow.step("pull_request", payload, {"on_push": next(asked)})


def close(workflow: Workflow) -> tuple[PullRequest, Callable[[], Step]]:
    pull = _beside(workflow)
    pull.opened()
    payload = pull.event("closed", state="closed")
    return pull, lambda: workflow.step("pull_request", payload)


def sweep(workflow: Workflow) -> tuple[PullRequest, Callable[[], Step]]:
    pull = _beside(workflow)
    pull.opened()
    pull.event("closed", state="closed")
    payload = payloads.schedule_event(schedule="0 3 * * *", repository=workflow.where["repository"])
    return pull, lambda: workflow.step("schedule", payload)


def _configurations(pull: PullRequest) -> list[str]:
    """The strings that the preview's Hyperdrive configurations lead to."""
    control, addresses = pull.workflow.emulator.control, pull.workflow.emulator.addresses
    answer = httpx.get(
        f"{addresses['cloudflare_api_url']}/accounts/{addresses['cloudflare_account_id']}/hyperdrive/configs",
        params={"per_page": "100"},
        headers={"Authorization": f"Bearer {addresses['cloudflare_api_token']}"},
        trust_env=False,
    )
    ours = [found["id"] for found in answer.json()["result"] if found["name"].endswith(identity.tag(pull.scope))]
    return [control("GET", f"cloudflare/configurations/{id}")["connection_string"] for id in ours]


def _variables(pull: PullRequest) -> dict[str, str]:
    """Compute's variables of the project with their values."""
    project = pull.workflow.project.removeprefix("proj_")
    return {found["name"]: found["value"] for found in pull.workflow.emulator.control("GET", "variables") if found["project_id"] == project}


def _branches(pull: PullRequest) -> list[str]:
    return [found["gitName"] for found in pull.workflow.api("GET", f"/v1/projects/{pull.workflow.project}/branches").json()["data"]]


def check_present(pull: PullRequest) -> None:
    hold(len(pull.databases()) == 1, f"exactly one database: {len(pull.databases())}")
    hold(_branches(pull) == ["main", f"feat-{pull.number}"], f"one branch beside the default one: {_branches(pull)}")
    leading, variables = _configurations(pull), _variables(pull)
    hold(len(leading) == 1, f"exactly one Hyperdrive configuration: {len(leading)}")
    hold(set(variables) == {"DATABASE_URL", "POOLED_URL"}, f"both variables: {set(variables)}")
    for name, url in [("Hyperdrive", leading[0]), *variables.items()]:
        hold(can_log_in(url), f"{name} can log in")


def check_absent(pull: PullRequest) -> None:
    check_swept(pull)
    hold(_branches(pull) == ["main"], f"no branch is left: {_branches(pull)}")


def check_swept(pull: PullRequest) -> None:
    """An empty branch may be left: nothing in it says whose it is, once its database is gone."""
    hold(pull.databases() == [], "no database is left")
    hold((_configurations(pull), _variables(pull)) == ([], {}), "no configuration and no variable is left")
