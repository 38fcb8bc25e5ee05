"""A preview's Hyperdrive configuration, through the front door: it lives and ends with the preview, and nobody else's is touched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from preview_db.planning import identity
from preview_db.planning.model import Kind, Repository, Scope
from tests.drivers.cloudflare import Account, account
from tests.drivers.lying_server import Answer, about, lying
from tests.drivers.pull_request import Life
from tests.drivers.workflow import PullRequest, can_log_in


@pytest.fixture
def cloudflare(life: Life) -> Iterator[Account]:
    """The account, which every run of the life's workflow keeps configurations in."""
    with account(life.emulator) as opened:
        life.inputs |= opened.inputs
        life.environ |= opened.environ
        yield opened


def credentials(life: Life) -> list[str]:
    (database,) = life.databases()
    return [connection["name"] for connection in database["connections"] if connection["name"].startswith("hyperdrive-")]


def test_it_lives_and_ends_with_the_preview(life: Life, cloudflare: Account) -> None:
    opened = life.opened()
    assert opened.succeeded, opened.log
    (made,) = cloudflare.configurations()
    assert opened.outputs["hyperdrive_id"] == made["id"]
    assert made["name"] == identity.name(life.scope)
    assert made["caching"] == {"disabled": True}
    assert cloudflare.can_log_in(made)
    assert made["id"] in life.comments()[0]["body"]
    closed = life.closed()
    assert closed.outputs["outcome"] == "deleted"
    assert cloudflare.configurations() == life.databases() == []
    assert life.closed().outputs["outcome"] == "absent"


def test_a_push_keeps_the_configuration_and_its_credential(life: Life, cloudflare: Account) -> None:
    made = life.opened(credential_grace="0s").outputs["hyperdrive_id"]
    before = credentials(life)
    for _ in range(3):  # enough to revoke the job's own
        assert life.pushed(credential_grace="0s").outputs["hyperdrive_id"] == made
    assert credentials(life) == before
    (kept,) = cloudflare.configurations()
    assert cloudflare.can_log_in(kept)


def test_its_password_is_masked_and_nowhere_to_be_read(life: Life, cloudflare: Account) -> None:
    life.emulator.control("PUT", "passwords", {"alphabet": "x"})
    run = life.opened()
    assert run.succeeded, run.log
    for place in ("\n".join(run.log), run.raw_summary, life.comments()[0]["body"], run.outputs["hyperdrive_id"]):
        assert "x" * 20 not in place
        assert cloudflare.inputs["cloudflare_api_token"] not in place
    assert "hyperdrive" not in json.loads(run.outputs["connection_urls"])


def test_one_that_can_no_longer_log_in_gets_a_new_credential_under_the_same_id(life: Life, cloudflare: Account) -> None:
    made = life.opened().outputs["hyperdrive_id"]
    (database,) = life.databases()
    (cut_off,) = (connection for connection in database["connections"] if connection["name"].startswith("hyperdrive-"))
    life.api("POST", f"/v1/connections/{cut_off['id']}/rotate", {}).raise_for_status()
    (broken,) = cloudflare.configurations()
    assert not cloudflare.can_log_in(broken)
    repairing = life.pushed()
    assert repairing.outputs.get("hyperdrive_id") == made, repairing.log
    (repaired,) = cloudflare.configurations()
    assert cloudflare.can_log_in(repaired)
    life.api("DELETE", f"/v1/connections/{cut_off['id']}").raise_for_status()
    for connection in life.databases()[0]["connections"]:
        if connection["name"].startswith("hyperdrive-"):
            life.api("DELETE", f"/v1/connections/{connection['id']}").raise_for_status()
    assert life.pushed().outputs["hyperdrive_id"] == made
    assert cloudflare.can_log_in(cloudflare.configurations()[0])


def test_a_reset_points_it_at_the_new_database(life: Life, cloudflare: Account) -> None:
    made = life.opened()
    reset = life.pushed(command="reset")
    assert reset.outputs["outcome"] == "reset"
    assert reset.outputs["hyperdrive_id"] == made.outputs["hyperdrive_id"]
    (pointing,) = cloudflare.configurations()
    assert pointing["origin"]["database"] == reset.outputs["database"] != made.outputs["database"]
    assert cloudflare.can_log_in(pointing)


def test_one_that_was_deleted_by_hand_is_created_again_and_one_whose_database_was_is_pointed_elsewhere(
    life: Life, cloudflare: Account
) -> None:
    first = life.opened().outputs["hyperdrive_id"]
    cloudflare.http.delete(f"{cloudflare.url}/{first}").raise_for_status()
    second = life.pushed().outputs["hyperdrive_id"]
    assert second not in ("", first)
    life.api("DELETE", f"/v1/databases/{life.databases()[0]['id']}").raise_for_status()
    third = life.pushed()
    assert (third.outputs["outcome"], third.outputs["hyperdrive_id"]) == ("created", second)
    assert cloudflare.can_log_in(cloudflare.configurations()[0])


def test_caching_is_as_asked_for(life: Life, cloudflare: Account) -> None:
    life.opened(hyperdrive_caching="true")
    assert [found["caching"]["disabled"] for found in cloudflare.configurations()] == [False]
    life.pushed()
    assert [found["caching"]["disabled"] for found in cloudflare.configurations()] == [True]


def test_runs_at_once_end_with_one_configuration_that_can_log_in(life: Life, cloudflare: Account) -> None:
    life.emulator.pull_request(life.number, state="open")
    with ThreadPoolExecutor(3) as pool:
        runs = list(pool.map(lambda _: life.pushed(), range(3)))
    assert [run.exit_code for run in runs] == [0] * 3, [run.log for run in runs]
    (made,) = cloudflare.configurations()
    assert {run.outputs["hyperdrive_id"] for run in runs} == {made["id"]}
    assert cloudflare.can_log_in(made)


def test_an_answer_that_is_lost_is_put_right_by_the_next_run(life: Life, cloudflare: Account) -> None:
    rule = {"kinds": ["lost"], "operations": ["^POST /cloudflare/"], "count": 1}
    life.emulator.control("PUT", "faults", rule)
    lost = life.opened()
    assert (lost.exit_code, len(cloudflare.configurations())) == (1, 1)
    assert life.databases()
    again = life.pushed()
    assert again.succeeded, again.log
    (made,) = cloudflare.configurations()
    assert made["id"] == again.outputs["hyperdrive_id"]
    assert cloudflare.can_log_in(made)


def test_one_that_no_list_shows_yet_is_waited_for_and_used(life: Life, cloudflare: Account) -> None:
    made = life.opened().outputs["hyperdrive_id"]
    asked: list[str] = []

    def late(answer: Answer) -> None:
        asked.append(answer.operation)
        if len(asked) <= 3:
            answer.json = answer.json | {"result": [], "result_info": {"page": 1, "per_page": 100, "count": 0, "total_count": 0}}

    with lying(life.emulator, about("GET .*/hyperdrive/configs", late)) as liar:
        life.environ |= liar.environ | {"CLOUDFLARE_API_BASE_URL": f"{liar.url}/cloudflare/client/v4"}
        run = life.pushed()
    assert run.outputs.get("hyperdrive_id") == made, run.log
    (kept,) = cloudflare.configurations()
    assert cloudflare.can_log_in(kept)


@pytest.mark.parametrize("command", ["create", "delete", "sweep"])
def test_a_list_that_is_cut_short_changes_nothing_at_cloudflare(life: Life, cloudflare: Account, command: str) -> None:
    made = life.opened().outputs["hyperdrive_id"]
    life.emulator.pull_request(life.number, state="open" if command == "create" else "closed")

    def cut(answer: Answer) -> None:
        answer.json = answer.json | {"result": []}

    with lying(life.emulator, about("GET .*/hyperdrive/configs", cut)) as liar:
        life.environ |= liar.environ | {"CLOUDFLARE_API_BASE_URL": f"{liar.url}/cloudflare/client/v4"}
        run = life.happens("synchronize" if command == "create" else "closed", {}, command=command)
    assert run.exit_code == 1
    assert "it says there" in run.annotations[-1].message
    assert [found["id"] for found in cloudflare.configurations()] == [made]
    assert len(life.databases()) == 1


def test_a_later_job_is_given_the_id_and_creates_nothing(life: Life, cloudflare: Account) -> None:
    opened = life.opened()
    connected = life.pushed(command="connect", database_id=opened.outputs["database_id"])
    assert connected.outputs["hyperdrive_id"] == opened.outputs["hyperdrive_id"]
    cloudflare.http.delete(f"{cloudflare.url}/{opened.outputs['hyperdrive_id']}").raise_for_status()
    connected = life.pushed(command="connect")
    assert (connected.exit_code, "hyperdrive_id" in connected.outputs) == (0, False)
    assert cloudflare.configurations() == []


def test_nobody_elses_configuration_is_touched(life: Life, cloudflare: Account) -> None:
    life.opened()
    (ours,) = cloudflare.configurations()
    database = life.databases()[0]
    connection = life.api("POST", "/v1/connections", {"databaseId": database["id"], "name": "by hand"}).json()["data"]
    direct = connection["endpoints"]["direct"]
    parts = connection["directConnection"]
    origin = {
        "scheme": "postgres", "host": direct["host"], "port": direct["port"], "database": ours["origin"]["database"],
        "user": parts["user"], "password": parts["pass"],
    }  # fmt: skip
    name = ours["name"]
    names = [
        "production",
        name[:-1] + ("a" if name[-1] != "a" else "b"),
        identity.name(Scope(Repository(life.repository.id + 1, "acme/other"), Kind.PULL_REQUEST, str(life.number))),
    ]
    others = [cloudflare.somebody_elses(other, origin)["id"] for other in names]
    life.closed()
    life.sweep()
    assert [found["id"] for found in cloudflare.configurations()] == others


@pytest.mark.parametrize("code", [2008, 2009, 2010, 2011, 2012, 2013, 2014, 2015, 2016])
def test_each_code_has_words_of_its_own_and_the_database_is_kept(life: Life, cloudflare: Account, code: int) -> None:
    cloudflare.weather(refuse_with=code)
    run = life.opened()
    assert (run.exit_code, run.outputs["outcome"]) == (1, "failed")
    told = run.annotations[-1].message
    assert f"code {code}" in told
    assert "does not document" not in told
    assert credentials(life) == [], "what nothing holds is revoked"
    cloudflare.weather(refuse_with=None)
    again = life.pushed()
    assert (again.exit_code, again.outputs["outcome"]) == (0, "reused"), again.log
    assert cloudflare.can_log_in(cloudflare.configurations()[0])


def test_at_the_limit_the_error_lists_what_could_go(life: Life, cloudflare: Account) -> None:
    other = life.pull()
    other.opened()
    cloudflare.weather(limit=1)
    run = life.opened()
    assert run.exit_code == 1
    told = run.annotations[-1]
    assert told.title == "Hyperdrive's limit reached"
    for words in ("10 on Cloudflare's free plan and 25", "1 configuration, 1 of them", f"#{other.number} (nothing for", "sweep"):
        assert words in told.message
    assert len(life.databases()) == 2, "the database is kept"
    other.closed()
    assert life.pushed().succeeded


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"cloudflare_api_token": "wrong"}, "Hyperdrive: Edit"),
        ({"cloudflare_account_id": "0" * 32}, "Hyperdrive: Edit"),
        ({"cloudflare_api_token": ""}, "There is no Cloudflare token"),
        ({"cloudflare_account_id": ""}, "cloudflare_account_id is not set"),
        ({"cloudflare_account_id": "my-account"}, "32 hexadecimal digits"),
        ({"connections": "app\nhyperdrive"}, "credential of its own"),
    ],
)
def test_what_can_not_work_fails_before_anything_is_created(life: Life, cloudflare: Account, changed: dict[str, str], words: str) -> None:
    run = life.opened(**changed)
    assert run.exit_code == 1
    assert words in run.annotations[-1].message
    assert life.databases() == cloudflare.configurations() == []


def test_token_and_account_may_be_variables(life: Life, cloudflare: Account) -> None:
    life.environ |= {name.upper(): value for name, value in cloudflare.inputs.items() if name.startswith("cloudflare_")}
    run = life.opened(cloudflare_api_token="", cloudflare_account_id="")
    assert run.succeeded, run.log
    assert cloudflare.inputs["cloudflare_api_token"] in run.masks


def test_a_plan_shows_it_and_touches_nothing(life: Life, cloudflare: Account) -> None:
    planned = life.opened(command="plan")
    steps = [step["action"] for step in json.loads(planned.outputs["plan"])]
    assert steps == ["create", "mint", "wait", "create_configuration"]
    assert cloudflare.configurations() == []
    life.opened()
    steps = [step["action"] for step in json.loads(life.closed(dry_run="true").outputs["plan"])]
    assert steps == ["delete_configuration", "delete"]
    assert len(cloudflare.configurations()) == 1


def one_kept_one_closed_one_without_its_database(life: Life) -> tuple[PullRequest, PullRequest, PullRequest]:
    """Three pull requests with a preview and a configuration each, the last two of which are closed with no run of theirs."""
    kept, closed, orphan = life.pull(), life.pull(), life.pull()
    for pull in (kept, closed, orphan):
        pull.opened()
    (database,) = (found for found in life.databases() if found["name"] == identity.name(orphan.scope))
    life.api("DELETE", f"/v1/databases/{database['id']}").raise_for_status()
    for pull in (closed, orphan):
        life.emulator.pull_request(pull.number, state="closed")
    return kept, closed, orphan


def test_a_sweep_takes_configurations_of_closed_pull_requests_with_or_without_a_database(life: Life, cloudflare: Account) -> None:
    kept, closed, orphan = one_kept_one_closed_one_without_its_database(life)
    dry = life.sweep(dry_run="true")
    assert len(cloudflare.configurations()) == 3
    assert dry.succeeded
    run = life.sweep()
    assert run.succeeded, run.log
    assert [found["name"] for found in cloudflare.configurations()] == [identity.name(kept.scope)]
    assert [found["name"] for found in life.databases()] == [identity.name(kept.scope)]
    swept = {found["pull_request"]: found["status"] for found in json.loads(run.outputs["swept"])}
    assert swept == {kept.number: "kept", closed.number: "deleted", orphan.number: "deleted"}
    assert "Hyperdrive configurations in the account: 1 (9 of 10 left on the free plan, 24 of 25 on a paid plan)" in run.summary


def test_a_sweep_deletes_nothing_if_cloudflare_can_not_be_read(life: Life, cloudflare: Account) -> None:
    life.opened()
    life.emulator.pull_request(life.number, state="closed")
    assert life.sweep(cloudflare_api_token="wrong").exit_code == 1
    assert len(life.databases()) == len(cloudflare.configurations()) == 1


def test_a_sweep_leaves_the_configuration_of_an_open_pull_request_to_its_own_project(life: Life, cloudflare: Account) -> None:
    life.opened()
    other = Life.new(life.emulator, life.root / "other")
    other.inputs |= life.inputs
    other.environ |= life.environ
    run = other.sweep(label="some-label")
    assert run.succeeded, run.log
    assert len(cloudflare.configurations()) == 1


def test_without_the_input_cloudflare_is_not_asked(life: Life, cloudflare: Account) -> None:
    life.emulator.control("DELETE", "requests")
    assert can_log_in(life.opened(hyperdrive="false").outputs["database_url"])
    assert not [request for request in life.emulator.control("GET", "requests") if request["path"].startswith("/cloudflare/")]


def test_the_doctor_says_how_many_are_left(life: Life, cloudflare: Account) -> None:
    life.opened()
    well = life.happens("synchronize", {}, command="doctor")
    assert "1 configuration in the account, 9 of 10 left on the free plan, 24 of 25 on a paid plan" in well.summary.replace("\\", "")
    unwell = life.happens("synchronize", {}, command="doctor", cloudflare_api_token="wrong")
    assert unwell.exit_code == 1
    assert "Hyperdrive" in unwell.annotations[-1].message


def test_a_sweep_of_many_repositories_takes_their_configurations_too(life: Life, cloudflare: Account) -> None:
    kept, _, _ = one_kept_one_closed_one_without_its_database(life)
    run = life.sweep(repositories=life.emulator.repository)
    assert run.succeeded, run.log
    assert [found["name"] for found in cloudflare.configurations()] == [identity.name(kept.scope)]
    assert [found["name"] for found in life.databases()] == [identity.name(kept.scope)]
    assert "Hyperdrive configurations in the account: 1 (9 of 10 left on the free plan, 24 of 25 on a paid plan)" in run.summary
