"""The look at Prisma that a step sends before it has read its settings: only what every run asks for, and nothing is believed of it."""

from __future__ import annotations

import pytest

from tests.drivers.pull_request import Life
from tests.drivers.workflow import can_log_in, new_project

LOOK = ["GET /v1/databases", "GET /v1/projects"]


@pytest.fixture(autouse=True)
def whole(life: Life) -> Life:
    """Its runs are processes, begun as the runner begins them."""
    life.in_process = False
    life.emulator.control("DELETE", "requests")
    return life


def asked(life: Life) -> list[str]:
    """What was asked of Prisma since the last time."""
    served = life.emulator.control("GET", "requests")
    life.emulator.control("DELETE", "requests")
    paths = [f"{request['method']} {request['path']}" for request in served if request["path"].startswith("/v1")]
    return sorted("/".join(path.split("/")[:3]) for path in paths)


def test_each_thing_is_asked_for_once(life: Life) -> None:
    assert life.opened().outputs["outcome"] == "created"
    assert asked(life) == [*LOOK, "POST /v1/databases"]
    assert life.pushed().outputs["outcome"] == "reused"
    assert asked(life) == [*LOOK, "POST /v1/connections"]
    assert life.closed().outputs["outcome"] == "deleted"
    assert asked(life) == ["DELETE /v1/databases", *LOOK]


def test_with_an_input_that_makes_no_sense_prisma_is_only_looked_at(life: Life) -> None:
    for name, value in (("timeout", "soon"), ("connections", "a=1")):
        run = life.opened(**{name: value})
        assert run.exit_code == 1
        assert f"input {name}" in run.annotations[-1].message
        assert set(asked(life)) <= set(LOOK)


@pytest.mark.parametrize(
    "inputs",
    [
        {"service_token": "two words"},
        {"service_token": ""},
        {"command": "unseal"},
        {"command": "connect", "database_id": "no id"},
        {"label": "preview"},
        {"drafts": "never"},
    ],
    ids=str,
)
def test_nothing_is_asked_where_the_settings_have_to_say_that_anything_is(life: Life, inputs: dict[str, str]) -> None:
    life.opened(**inputs)
    assert asked(life) == []


@pytest.mark.parametrize("url", ["http://prisma.example", "ftp://127.0.0.1", "http://127.0.0.1:9"])
def test_an_address_that_will_not_do_is_told_as_ever(life: Life, url: str) -> None:
    life.environ["PRISMA_MANAGEMENT_API_URL"] = url
    run = life.opened()
    assert run.exit_code == 1
    assert ("PRISMA_MANAGEMENT_API_URL" if ":9" not in url else "no answer from 127.0.0.1") in run.annotations[-1].message
    assert asked(life) == []


def test_a_proxy_that_cannot_be_used_is_told_as_ever(life: Life) -> None:
    life.environ |= {"HTTPS_PROXY": "ftp://127.0.0.1", "PRISMA_MANAGEMENT_API_URL": "https://api.prisma.test"}
    run = life.opened()
    assert run.exit_code == 1
    assert "HTTPS_PROXY" in run.annotations[-1].message


@pytest.mark.parametrize("kind", ["502", "429", "html", "reset", "truncated"])
def test_a_look_that_fails_is_tried_again_as_any(life: Life, kind: str) -> None:
    life.emulator.control("PUT", "faults", {"kinds": [kind], "operations": ["GET /v1/"], "count": 2})
    run = life.opened()
    assert run.succeeded, run.log
    assert can_log_in(run.outputs["database_url"])


def test_a_project_by_name_is_found_as_ever(life: Life) -> None:
    name = f"by name {life.number}"
    new_project(life.emulator, name)
    assert life.opened(project=name).outputs["outcome"] == "created"


def test_of_two_variables_the_same_one_counts_for_all(life: Life) -> None:
    life.environ |= {"PRISMA_PROJECT_ID": "proj_another", "PRISMA_SERVICE_TOKEN": "another"}
    assert life.opened().outputs["outcome"] == "created"
    assert asked(life) == [*LOOK, "POST /v1/databases"]
