"""One comment on the pull request: found on any page, edited only when its text changes, never somebody else's."""

from __future__ import annotations

from tests.drivers.pull_request import Life


def test_there_is_one_comment_and_it_follows_the_life(life: Life) -> None:
    run = life.opened()
    (comment,) = life.comments()
    assert comment["user"] == "github-actions[bot]"
    for fact in ("ready", run.outputs["database_name"], run.outputs["database_id"], "eu-central-1", "is closed", "command: connect"):
        assert fact in comment["body"]
    life.pushed()
    assert "new commits" in life.comments()[0]["body"]
    life.closed(merged=True)
    (final,) = life.comments()
    assert final["id"] == comment["id"]
    assert "merged" in final["body"]
    assert "Deleted" in final["body"]


def test_a_re_run_does_not_edit_it(life: Life) -> None:
    """A re-run has the same event, and so the same time in it."""
    pushed = life.pull_request.event("synchronize")
    for attempt in (1, 2):
        life.runs("pull_request", pushed, attempt=attempt)
    before = life.comments()[0]
    again = life.runs("pull_request", pushed, attempt=3)
    assert any("Comment" in line and "unchanged" in line for line in again.log)
    assert life.comments()[0] == before
    closed = life.pull_request.event("closed", state="closed")
    for attempt in (1, 2):
        life.runs("pull_request", closed, attempt=attempt)
    nothing_to_delete = life.comments()[0]
    life.runs("pull_request", closed, attempt=3)
    assert life.comments()[0] == nothing_to_delete


def test_it_is_found_on_any_page(life: Life) -> None:
    life.emulator.pull_request(life.number, state="open")
    life.emulator.control("PUT", f"github/comments/{life.number}", [{"body": f"before {n}", "login": "someone"} for n in range(120)])
    life.opened()
    life.emulator.control("PUT", f"github/comments/{life.number}", [{"body": f"after {n}", "login": "someone"} for n in range(120)])
    life.pushed()
    assert len(life.comments()) == 241
    assert "new commits" in life.comments()[120]["body"]


def test_a_person_who_pastes_the_marker_does_not_get_their_comment_edited(life: Life) -> None:
    life.opened()
    marker = life.comments()[0]["body"].splitlines()[0]
    other = life.pull()
    life.emulator.pull_request(other.number, state="open")
    pasted = {"body": f"{marker}\nmine", "login": "mallory", "type": "User"}
    life.emulator.control("PUT", f"github/comments/{life.number}", pasted)
    life.pushed()
    assert [comment["body"] for comment in life.comments() if comment["user"] == "mallory"] == [pasted["body"]]
    assert len(life.comments()) == 2


def test_two_keys_have_a_comment_each(life: Life) -> None:
    life.opened(key="api")
    life.opened(key="jobs")
    life.pushed(key="api")
    bodies = [comment["body"] for comment in life.comments()]
    assert len(bodies) == 2
    assert "`api`" in bodies[0]
    assert "`jobs`" in bodies[1]


def test_no_comment_where_none_is_wanted(life: Life) -> None:
    assert life.opened(comment="false").succeeded
    assert life.closed(comment="false").succeeded
    assert life.comments() == []


def test_closing_makes_no_comment_where_there_was_none(life: Life) -> None:
    life.opened(comment="false")
    assert life.closed().outputs["outcome"] == "deleted"
    assert life.comments() == []


def test_a_comment_that_fails_is_a_warning_with_the_permission_it_takes(life: Life) -> None:
    life.emulator.control("PUT", "faults", {"kinds": ["500"], "operations": ["POST .*/(comments|graphql)"]})
    run = life.opened()
    assert run.exit_code == 0
    assert run.outputs["outcome"] == "created"
    assert any(one.level == "warning" and "Commenting" in one.message for one in run.annotations)


def test_a_token_github_does_not_know_is_a_warning(life: Life) -> None:
    run = life.opened(github_token="ghs_wrong")
    assert run.exit_code == 0
    (warning, *_) = [one for one in run.annotations if one.level == "warning"]
    assert "The token is wrong, expired or revoked" in warning.message
    assert life.databases()


def test_without_a_github_token_the_rest_still_works(life: Life) -> None:
    run = life.opened(github_token="")
    assert run.succeeded
    assert run.annotations == ()


def test_nothing_of_the_authors_reaches_the_comment_unescaped(life: Life) -> None:
    hostile = "x</details>@everyone ::error::x [a](https://evil.example) `$(id)`"
    life.happens("opened", {"state": "open", "title": hostile, "head_ref": "feat/$(id)`x`"})
    body = life.comments()[0]["body"]
    assert "evil" not in body
    assert "@everyone" not in body


def test_the_summary_has_the_same_facts(life: Life) -> None:
    run = life.opened()
    for fact in ("created", run.outputs["database_name"], run.outputs["database_id"], "eu-central-1", "create credential", "| took |"):
        assert fact in run.summary
    assert life.pushed(summary="false").summary == ""
