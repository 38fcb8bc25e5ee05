"""Settings and event in, decision out: as a table."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preview_db import decide, events
from preview_db.emulator import payloads
from preview_db.errors import UnsupportedEvent
from preview_db.model import Kind, Repository, Scope
from preview_db.settings import Inputs

API, SERVER = "https://api.github.com", "https://github.com"
REPOSITORY = Repository(42, "acme/web")
TOKEN = {"INPUT_SERVICE_TOKEN": "token"}


def payload(action: str = "opened", *, head: int | None = 42, sender: str = "octocat", **changes: Any) -> dict[str, object]:
    repository = payloads.repository("acme/web", id=42, api_url=API, server_url=SERVER)
    user = payloads.user(sender, id=7, api_url=API, server_url=SERVER)
    fields: dict[str, object] = {
        "number": 12, "repository": repository, "head_ref": "feat/x", "head_sha": "1" * 40, "base_ref": "main", "base_sha": "2" * 40,
        "head_repository": payloads.repository("acme/web", id=head, api_url=API, server_url=SERVER) if head else None,
        "state": "open", "merged": False, "draft": False, "labels": [], "title": "t", "body": None, "user": user,
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "closed_at": None, "merged_at": None,
    }  # fmt: skip
    pull_request = payloads.pull_request(**{**fields, **changes})  # type: ignore[arg-type]  # its own fields
    return payloads.pull_request_event(action=action, pull_request=pull_request, repository=repository, sender=user)


def event(name: str = "pull_request", **content: Any) -> events.Event:
    return events.parse(name, json.dumps(payload(**content)))


def decided(happened: events.Event, **inputs: str) -> decide.Decision:
    return decide.decide(Inputs.read({**TOKEN, **{f"INPUT_{name.upper()}": value for name, value in inputs.items()}}), happened, REPOSITORY)


TWELVE = Scope(REPOSITORY, Kind.PULL_REQUEST, "12")


@pytest.mark.parametrize(
    ("action", "state", "present", "says"),
    [
        ("opened", "open", True, "opened"),
        ("reopened", "open", True, "reopened"),
        ("synchronize", "open", True, "new commits"),
        ("closed", "closed", False, "closed"),
        ("labeled", "open", None, "labeled"),
        ("edited", "open", None, "edited"),
        ("a_new_action_of_next_year", "open", None, "no reason"),
    ],
)
def test_what_an_action_means(action: str, state: str, present: bool | None, says: str) -> None:
    decision = decided(event(action=action, state=state))
    assert (decision.scope, decision.present) == (TWELVE, present)
    assert says in decision.reason


def test_merging_is_closing_and_is_called_merged() -> None:
    decision = decided(event(action="closed", state="closed", merged=True))
    assert (decision.present, decision.reason) == (False, "pull request #12 was merged")


def test_a_key_makes_another_preview_of_the_same_pull_request() -> None:
    assert decided(event(), key="docs").scope == Scope(REPOSITORY, Kind.PULL_REQUEST, "12", "docs")


@pytest.mark.parametrize("who", [{"head": 43}, {"head": None}, {"sender": "dependabot[bot]"}])
def test_a_pull_request_without_secrets_is_left_out_politely(who: dict[str, Any]) -> None:
    decision = decide.decide(Inputs.read({}), event(**who), REPOSITORY)
    assert decision.present is None
    assert "no secrets" in decision.reason


def test_a_command_with_a_number_needs_no_pull_request_event() -> None:
    schedule = events.parse("schedule", json.dumps({"schedule": "0 3 * * *"}))
    assert decided(schedule, command="create", pr="7").scope == Scope(REPOSITORY, Kind.PULL_REQUEST, "7")
    assert decided(schedule, command="delete", pr="7").present is False
    connect = decided(schedule, command="connect", database_id="db_1")
    assert (connect.scope, connect.present, connect.may_create) == (None, True, False)


@pytest.mark.parametrize("command", ["auto", "create", "connect", "delete"])
@pytest.mark.parametrize("name", ["push", "schedule", "workflow_dispatch", "some_event_of_next_year"])
def test_an_event_without_a_pull_request_gets_an_error_that_says_what_to_set(name: str, command: str) -> None:
    with pytest.raises(UnsupportedEvent, match="does not say which pull request") as refused:
        decided(events.parse(name, "{}"), command=command)
    assert "pr" in refused.value.remedy


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '"x"', "[" * 100_000, '{"pull_request": {}}', '{"pull_request": {"number": "x"}}'])
def test_a_payload_that_is_not_one_gets_an_error_rather_than_a_traceback(text: str) -> None:
    with pytest.raises(UnsupportedEvent, match="can't be read"):
        events.parse("pull_request", text)


def test_fields_nobody_knows_yet_do_no_harm() -> None:
    content = payload() | {"something": {"new": [1]}}
    content["pull_request"]["also_new"] = True  # type: ignore[index]  # a JSON object
    assert events.parse("pull_request", json.dumps(content)).pull_request is not None


@given(
    st.sampled_from(["number", "state", "head", "base", "updated_at", "merged", "draft", "closed_at"]),
    st.none() | st.text() | st.integers(),
)
def test_a_field_of_another_kind_is_an_error_in_words_or_does_not_matter(field: str, value: object) -> None:
    content = payload()
    content["pull_request"][field] = value  # type: ignore[index]  # a JSON object
    try:
        decided(events.parse("pull_request", json.dumps(content)))
    except UnsupportedEvent as refused:
        assert field in refused.what
