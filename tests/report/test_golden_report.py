"""What a person and a program read, word for word: the comment, the summaries, the outputs and the plan as JSON."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from preview_db.errors import PreviewError
from preview_db.planning.contents import Contents, Migrated
from preview_db.planning.credential import ConnectionString, Credential
from preview_db.planning.model import (
    Configuration,
    Connection,
    Database,
    DatabaseReference,
    Endpoint,
    Kind,
    Project,
    Repository,
    Scope,
    Status,
    Workspace,
)
from preview_db.planning.outcome import Done, Outcome, OutcomeKind, RunResult
from preview_db.planning.steps import Action, Plan, Step
from preview_db.report import preview

SCOPE = Scope(Repository(123456789, "acme/shop"), Kind.PULL_REQUEST, "12")
NAME = "shop-pr-12-yuc7lqx5hcdvrhjs"
AT = datetime(2026, 5, 1, 8, 30, tzinfo=UTC)
DATABASE = Database("db_1", NAME, None, Status.READY, AT, False, "proj_1", "eu-central-1", "con_0")
CONNECTION = Connection("con_1", "app-1-1", AT)
CONFIGURATION = Configuration("hd_1", NAME, "db.example", 5432, AT)
OUTCOME = Outcome(OutcomeKind.CREATED, "pull request #12 was opened", SCOPE, NAME, DATABASE)
FACTS = preview.Facts("abcdef0123456789", AT + timedelta(minutes=1))

COMMENT = """\
### Preview database: ready

| Status | Ready, new |
|---|---|
| Database | `shop-pr-12-yuc7lqx5hcdvrhjs` (`db_1`) |
| Region | `eu-central-1` |
| Created | 2026-05-01 08:30 UTC |
| Last event | pull request \\#12 was opened, at `abcdef0`, 2026-05-01 08:31 UTC |

When this pull request is closed, the database, its data and all its credentials are deleted.

<details><summary>Use it in another job</summary>

A connection string can't leave its job. Pass the id on, and let the other job ask for a string of its own:

```yaml
- uses: preview-db/preview-db@v1
  id: db
  with:
    command: connect
    service_token: ${{ secrets.PRISMA_SERVICE_TOKEN }}
    project: proj_1
    database_id: db_1
- run: npm test
  env:
    DATABASE_URL: ${{ steps.db.outputs.database_url }}
```

</details>"""

GONE = """\
### Preview database: deleted

| Status | Deleted |
|---|---|
| Database | `shop-pr-12-yuc7lqx5hcdvrhjs` |
| Last event | pull request \\#12 was closed |

The database, its data and all its credentials are gone. If the pull request gets a preview again, it is new and empty."""


def test_the_comment_on_a_preview_that_is_there() -> None:
    assert preview.comment(OUTCOME, FACTS) == COMMENT


def test_the_comment_on_a_preview_that_is_gone() -> None:
    deleted = OUTCOME._replace(kind=OutcomeKind.DELETED, reason="pull request #12 was closed")
    assert preview.comment(deleted, preview.Facts()) == GONE


def test_the_comment_says_which_of_several_previews_it_is_about() -> None:
    with_key = OUTCOME._replace(scope=SCOPE._replace(key="e2e"))
    assert preview.comment(with_key, FACTS).startswith("### Preview database `e2e`: ready\n")


def test_a_time_is_said_in_utc() -> None:
    elsewhere = FACTS._replace(at=datetime.fromisoformat("2026-05-01T10:31:00+02:00"))
    assert preview.comment(OUTCOME, elsewhere) == COMMENT


def test_a_time_is_said_in_utc_wherever_the_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        assert preview.comment(OUTCOME, FACTS) == COMMENT
    time.tzset()


def test_the_comment_leaves_a_region_out_that_is_not_known() -> None:
    somewhere = OUTCOME._replace(database=DATABASE._replace(region=None))
    assert preview.comment(somewhere, FACTS) == COMMENT.replace("| Region | `eu-central-1` |\n", "")


HEADLINES = {
    OutcomeKind.CREATED: ("ready", "Ready, new"),
    OutcomeKind.REUSED: ("ready", "Ready, data kept"),
    OutcomeKind.RESET: ("ready", "Ready, reset: the data is gone and the connection string is a new one"),
    OutcomeKind.CONNECTED: (None, "Ready, data kept"),
    OutcomeKind.DELETED: ("deleted", "Deleted"),
    OutcomeKind.ABSENT: ("none", "None found"),
    OutcomeKind.PLANNED: (None, "Ready"),
    OutcomeKind.SKIPPED: (None, "None"),
    OutcomeKind.FAILED: ("not ready", "Failed"),
}
"""Of each kind of outcome, the comment's headline, where there is a comment, and the status."""


@pytest.mark.parametrize("kind", HEADLINES)
def test_an_outcome_has_its_headline_and_its_status(kind: OutcomeKind) -> None:
    headline, status = HEADLINES[kind]
    outcome = OUTCOME._replace(kind=kind)
    assert preview.summary(outcome, FACTS).startswith(f"### preview-db: {kind}\n\n| Status | {status} |\n")
    if headline is not None:
        assert preview.comment(outcome, FACTS).startswith(f"### Preview database: {headline}\n\n| Status | {status} |\n")


def test_a_status_without_a_database_is_none() -> None:
    planned = OUTCOME._replace(kind=OutcomeKind.PLANNED, database=None)
    assert "| Status | None |" in preview.summary(planned, FACTS)


MODES = {
    OutcomeKind.CREATED: "write",
    OutcomeKind.REUSED: "write",
    OutcomeKind.RESET: "write",
    OutcomeKind.CONNECTED: None,
    OutcomeKind.DELETED: "edit",
    OutcomeKind.ABSENT: "edit",
    OutcomeKind.SWEPT: None,
    OutcomeKind.PLANNED: None,
    OutcomeKind.SKIPPED: None,
    OutcomeKind.CHECKED: None,
    OutcomeKind.FAILED: "write",
}


@pytest.mark.parametrize("kind", OutcomeKind)
def test_an_outcome_is_written_edited_or_left_out_of_the_comment(kind: OutcomeKind) -> None:
    assert preview.comment_mode(OUTCOME._replace(kind=kind)) == MODES[kind]


def test_only_a_pull_request_that_something_was_done_for_has_a_comment() -> None:
    assert preview.comment_mode(OUTCOME._replace(plan=Plan(()))) is None
    assert preview.comment_mode(OUTCOME._replace(scope=None)) is None
    assert preview.comment_mode(OUTCOME._replace(scope=SCOPE._replace(kind=Kind.MERGE_QUEUE))) is None


def test_the_marker_of_a_comment_stays_the_same() -> None:
    assert preview.marker(SCOPE) == "<!-- preview-db yuc7lqx5hcdvrhjs -->"


def test_the_summary_says_each_step_and_each_warning() -> None:
    done = [
        Done(Step(Action.CREATE, NAME, "it was opened"), "", 1.25),
        Done(Step(Action.MINT, "app-1-1", "each run has one"), "came with it", 0.04),
    ]
    assert preview.summary(OUTCOME._replace(done=done, warnings=["There were 2."]), preview.Facts()) == (
        "### preview-db: created\n\n"
        "| Status | Ready, new |\n|---|---|\n| Database | `shop-pr-12-yuc7lqx5hcdvrhjs` (`db_1`) |\n| Region | `eu-central-1` |\n"
        "| Created | 2026-05-01 08:30 UTC |\n| Last event | pull request \\#12 was opened |\n\n"
        "| step | of | why | took |\n|---|---|---|--:|\n"
        "| create database | `shop-pr-12-yuc7lqx5hcdvrhjs` | it was opened | 1.2 s |\n"
        "| create credential | `app-1-1` | came with it | 0.0 s |\n\n"
        "> [!WARNING]\n> There were 2.\n"
    )


def test_the_summary_of_a_failure() -> None:
    error = PreviewError("It broke.", cause="Who knows.", remedy="Run it again.")
    assert preview.failure(error) == (
        f"### preview-db: {error.title}\n\n> [!CAUTION]\n> It broke.\n\n- **Likely cause:** Who knows.\n- **What to do:** Run it again.\n"
        f"- [Read on]({error.link})\n"
    )


PLAN = Plan((Step(Action.KEEP, NAME, "it is there", DATABASE), Step(Action.REVOKE, "app-1-1", "it is old", DATABASE, CONNECTION)))


def test_the_summary_of_a_plan() -> None:
    planned = OUTCOME._replace(kind=OutcomeKind.PLANNED, plan=PLAN)
    assert preview.plan_summary(planned) == (
        "### preview-db: the plan for pull request \\#12\n\npull request \\#12 was opened.\n\n| step | of | why |\n|---|---|---|\n"
        "| reuse database | `shop-pr-12-yuc7lqx5hcdvrhjs` | it is there |\n| revoke credential | `app-1-1` | it is old |\n"
    )
    for nothing in (Plan(()), None):
        assert preview.plan_summary(planned._replace(plan=nothing)).endswith("opened.\n\nNothing would be done.\n")


def test_a_plan_as_json() -> None:
    assert preview.plan_json(PLAN) == [
        {"action": "keep", "subject": NAME, "reason": "it is there", "database_id": "db_1", "connection_id": None},
        {"action": "revoke", "subject": "app-1-1", "reason": "it is old", "database_id": "db_1", "connection_id": "con_1"},
    ]
    assert preview.plan_json(Plan((Step(Action.CREATE, NAME, "it is new"),)))[0]["database_id"] is None
    (deletion,) = preview.plan_json(Plan((Step(Action.DELETE_CONFIGURATION, NAME, "it is gone", configuration=CONFIGURATION),)))
    assert deletion["hyperdrive_id"] == "hd_1"


def string(host: str, port: int) -> ConnectionString:
    return ConnectionString(SecretStr(f"postgres://u:secret-{host}@{host}:{port}/d"))


def made(name: str, *, direct: bool = True, pooled: bool = True) -> Credential:
    return Credential(
        name, f"con_{name}", "db_1", AT, string("direct", 5432) if direct else None, string("pooled", 6543) if pooled else None
    )


def shown(result: RunResult, endpoint: Endpoint = Endpoint.DIRECT) -> list[tuple[str, str]]:
    """The outputs, those with a secret marked by a star."""
    return [
        (f"{name} *", value.get_secret_value()) if isinstance(value, SecretStr) else (name, str(value))
        for name, value in preview.outputs(result, endpoint)
    ]


PROJECT = Project("proj_2", "Shop", Workspace("wksp_1", "Acme"))
PLAIN = [
    ("connection_id", "con_app"),
    ("database_id", "db_1"),
    ("database_name", NAME),
    ("project_id", "proj_2"),
    ("outcome", "created"),
    ("deleted", "false"),
]


@pytest.mark.parametrize(("endpoint", "port"), [(Endpoint.DIRECT, "5432"), (Endpoint.POOLED, "6543")])
def test_the_outputs_of_a_run_that_hands_out_credentials(endpoint: Endpoint, port: str) -> None:
    result = RunResult(OUTCOME, (made("app"), made("other")), PROJECT)
    assert shown(result, endpoint) == [
        ("database_url *", f"postgres://u:secret-{endpoint}@{endpoint}:{port}/d"),
        ("direct_url *", "postgres://u:secret-direct@direct:5432/d"),
        ("pooled_url *", "postgres://u:secret-pooled@pooled:6543/d"),
        ("password *", f"secret-{endpoint}"),
        ("connection_urls *", json.dumps(dict.fromkeys(("app", "other"), f"postgres://u:secret-{endpoint}@{endpoint}:{port}/d"))),
        ("host", str(endpoint)),
        ("port", port),
        ("database", "d"),
        ("user", "u"),
        *PLAIN,
    ]


def test_an_endpoint_that_is_not_there_has_no_output() -> None:
    names = [name for name, _ in shown(RunResult(OUTCOME, (made("app", pooled=False),), PROJECT))]
    assert "direct_url *" in names
    assert "pooled_url *" not in names
    names = [name for name, _ in shown(RunResult(OUTCOME, (made("app", direct=False),), PROJECT), Endpoint.POOLED)]
    assert "direct_url *" not in names
    assert "pooled_url *" in names


def test_the_outputs_of_a_deletion() -> None:
    deleted = OUTCOME._replace(kind=OutcomeKind.DELETED)
    assert shown(RunResult(deleted)) == [
        ("database_id", "db_1"),
        ("database_name", NAME),
        ("project_id", "proj_1"),
        ("outcome", "deleted"),
        ("deleted", "true"),
    ]


def test_the_outputs_of_a_run_that_migrates_and_has_hyperdrive() -> None:
    migrated = Migrated("prisma/migrations", 2, ("20260501_add",))
    outcome = OUTCOME._replace(contents=Contents(migrated=migrated), configuration=CONFIGURATION)
    assert shown(RunResult(outcome)) == [
        ("database_id", "db_1"),
        ("database_name", NAME),
        ("project_id", "proj_1"),
        ("migrations", '{"applied": ["20260501_add"], "pending": [], "failed": null, "applied_before": 2}'),
        ("hyperdrive_id", "hd_1"),
        ("outcome", "created"),
        ("deleted", "false"),
    ]


def test_the_outputs_of_a_plan() -> None:
    planned = Outcome(OutcomeKind.PLANNED, "asked for", SCOPE, NAME, None, PLAN)
    assert shown(RunResult(planned)) == [("plan", json.dumps(preview.plan_json(PLAN))), ("outcome", "planned"), ("deleted", "false")]


def test_the_outputs_of_opening_what_another_job_has_sealed() -> None:
    opened = RunResult(Outcome(OutcomeKind.CONNECTED, "asked for"), opened=DatabaseReference("db_9", "other", "proj_9"))
    assert shown(opened)[:3] == [("database_id", "db_9"), ("database_name", "other"), ("project_id", "proj_9")]
