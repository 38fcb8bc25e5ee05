"""A pull request that is closed while its database is created, and those who close it take away what the run creates."""

from __future__ import annotations

import dataclasses

import pytest

from preview_db_emulator.runner.runner import Run
from tests.drivers.lying_server import Answer, lying
from tests.drivers.workflow import PullRequest, Workflow


def opened_as_others_delete(pull: PullRequest, state: str) -> Run:
    """The run for ``opened`` on a server that does not know ``logicalId``, each of whose databases others delete at once."""
    workflow = pull.workflow
    workflow.emulator.control("PUT", "settings", {"logical_id": "ignored"})

    def lie(answer: Answer) -> None:
        if answer.operation == "POST /v1/databases":
            pull.event("synchronize", state=state)
            workflow.api("DELETE", f"/v1/databases/{answer.json['data']['id']}").raise_for_status()

    with lying(workflow.emulator, lie) as liar:
        return PullRequest(dataclasses.replace(workflow, environ=liar.environ), pull.number).opened()


@pytest.mark.parametrize("state", ["closed", "open"])
def test_what_others_delete_is_no_failure_once_the_pull_request_is_closed(workflow: Workflow, state: str) -> None:
    pull = workflow.pull()
    run = opened_as_others_delete(pull, state)
    assert pull.databases() == []
    if state == "closed":
        assert (run.exit_code, run.outputs["outcome"]) == (0, "absent"), run.log
        assert "Closed meanwhile" in [annotation.title for annotation in run.annotations]
    else:
        assert run.exit_code == 1
        assert "was deleted while the run was at work" in " ".join(run.log)
    assert "database_url" not in run.outputs
