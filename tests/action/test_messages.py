"""What a red step says is true: the cause that GitHub's answer points at, the value that was given, and an outcome to go by."""

from __future__ import annotations

import pytest

from preview_db_emulator.client import Emulator
from tests.drivers.lying_server import Answer, Lie, about, lying
from tests.drivers.pull_request import Life


def test_a_step_that_fails_puts_out_that_it_failed(life: Life) -> None:
    assert life.opened(project="nowhere").outputs["outcome"] == "failed"


def test_a_reset_says_that_it_deleted_and_the_first_creation_that_it_did_not(life: Life) -> None:
    assert life.opened(on_push="reset").outputs["deleted"] == "false"
    pushed = life.pushed(on_push="reset")
    assert (pushed.outputs["outcome"], pushed.outputs["deleted"]) == ("reset", "true")


def test_a_value_that_makes_no_sense_is_repeated(life: Life) -> None:
    run = life.opened(timeout="soon")
    assert "The input timeout takes a duration like 90s, 15m, 6h or 2d; it is 'soon'." in run.annotations[-1].message


@pytest.mark.parametrize("name", ["service_token", "github_token", "seal_with"])
def test_a_secret_that_makes_no_sense_is_not(life: Life, name: str) -> None:
    run = life.opened(**{name: "two words"})
    assert run.exit_code == 1
    assert "two words" not in run.raw_stdout.replace("::add-mask::two words", "")
    assert "two words" not in run.raw_summary


def test_an_address_with_a_password_in_it_is_not_repeated(life: Life) -> None:
    run = life.opened(region="postgres://user:hunter2@db.example/app")
    assert run.exit_code == 1
    assert "hunter2" not in run.raw_stdout + run.raw_summary


def github_answers(status: int, message: str) -> Lie:
    def change(answer: Answer) -> None:
        answer.status, answer.json = status, {"message": message, "documentation_url": "https://docs.github.com/rest"}

    return about(r"/repos/.*/issues/\d+/comments", change)


@pytest.mark.parametrize(
    ("status", "message", "said"),
    [
        (401, "Bad credentials", "expired or revoked"),
        (403, "Resource not accessible by integration", "lacks the permission 'pull-requests: write'"),
        (403, "API rate limit exceeded for installation", "used up"),
        (403, "Unable to create comment because issue is locked.", "locked"),
        (404, "Not Found", "There is nothing by that name"),
        (422, "Validation Failed", "does not take the request"),
    ],
)
def test_github_s_refusal_has_the_cause_that_its_answer_points_at(
    running: Emulator, life: Life, status: int, message: str, said: str
) -> None:
    with lying(running, github_answers(status, message)) as liar:
        life.environ["GITHUB_API_URL"] = liar.environ["GITHUB_API_URL"]
        run = life.opened()
    assert run.exit_code == 0, run.log
    (warning,) = [annotation for annotation in run.annotations if annotation.level == "warning"]
    assert said in warning.message
    assert message.rstrip(".") in warning.message
