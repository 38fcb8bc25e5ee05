"""A pull request's life in every workflow that README, docs and examples show, copied as it stands."""

from __future__ import annotations

from typing import Any

import pytest

from .documents import Workflow, workflows
from .player import Played, Player

ALL = workflows()
OF_PULL_REQUESTS = [workflow for workflow in ALL if "pull_request" in workflow.events]
LABEL = "preview"
"""The label that the pages ask for where they ask for one; every pull request here has it."""


def of(*shown: Workflow) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("workflow", shown, ids=[workflow.name for workflow in shown])


def happens(player: Player, workflow: Workflow, number: int, action: str, *, secrets: bool = True, **fields: Any) -> Played:
    """A run for an event of the pull request. It ends green, and shows no secret."""
    payload = player.emulator.pull_request_event(action, number, labels=[LABEL], **fields)
    return green(player, player.play(workflow, "pull_request", payload, secrets=secrets))


def green(player: Player, played: Played) -> Played:
    assert played.exit_code == 0, str(played)
    assert set(played.jobs.values()) <= {"success"}, str(played)
    assert [name for name, secret in player.secrets(played).items() if secret in str(played)] == []
    return played


def only_tests_elsewhere(played: Played) -> bool:
    """Whether whatever the jobs ran, they ran it without a preview."""
    return all(tool.endswith((": installed", ": the service container", ": removed")) or ": refused" in tool for tool in played.tools)


def has(player: Player, number: int, workflow: Workflow) -> dict[str, bool]:
    """What there is beside the databases: at Cloudflare, on Prisma's platform, and where deployments are hosted."""
    return {
        "hyperdrive: true": player.configurations(number) != [],
        "compute_env:": player.variables() != {},
        "npx vercel env": player.hosted() != {} and "npx vercel env" in workflow.text,
        "npx netlify env": player.hosted() != {} and "npx netlify env" in workflow.text,
    }


@of(*OF_PULL_REQUESTS)
def test_it_has_a_database_from_opened_to_closed(player: Player, number: int, workflow: Workflow) -> None:
    asked_for = {asks: asks in workflow.text for asks in has(player, number, workflow)}

    opened = happens(player, workflow, number, "opened", state="open")
    assert opened.outcomes[0] == "created", str(opened)
    first = player.previews(number)
    assert first != []
    assert has(player, number, workflow) == asked_for, str(opened)
    (*_, comment) = player.comments(number)
    assert "ready" in comment

    pushed = happens(player, workflow, number, "synchronize", head_sha="2" * 40)
    second = player.previews(number)
    if "on_push: reset" in workflow.text:
        assert pushed.outcomes[0] == "reset"
        assert set(first).isdisjoint(second)
    else:
        assert pushed.outcomes[0] == "reused"
        assert first == second
    assert {tool.split(":")[0] for tool in pushed.tools} == {tool.split(":")[0] for tool in opened.tools}
    assert has(player, number, workflow) == asked_for, str(pushed)

    closed = happens(player, workflow, number, "closed", state="closed", merged=True)
    assert closed.outcomes[0] == "deleted"
    assert player.previews(number) == []
    assert only_tests_elsewhere(closed), str(closed)
    assert set(has(player, number, workflow).values()) == {False}, str(closed)
    if workflow.whole:
        assert happens(player, workflow, number, "closed").outcomes[0] == "absent"


@of(*OF_PULL_REQUESTS)
def test_a_fork_s_is_green_without_a_database(player: Player, number: int, workflow: Workflow) -> None:
    for action, state in [("opened", "open"), ("closed", "closed")][: 2 if workflow.whole else 1]:
        played = happens(player, workflow, number, action, secrets=False, state=state, head_repo="somebody/shop")
        assert set(played.outcomes) == {"skipped"}, str(played)
        assert only_tests_elsewhere(played), str(played)
    assert player.previews(number) == []


def test_dependabot_s_are_green_without_a_database(player: Player, number: int) -> None:
    played = happens(player, OF_PULL_REQUESTS[0], number, "opened", secrets=False, state="open", user="dependabot[bot]")
    assert played.outcomes == ("skipped",)
    assert player.previews(number) == []
