"""Where a terminal stands: what git and every CI system say is read as it is meant, and nothing else is believed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preview_db.cli import ci as checkout
from preview_db.cli.ci import Detected, Git, Remote, surroundings
from tests.drivers.terminal import git

SHOP = Remote("github.com", "acme/shop")
SSH = "git@github.com:acme/shop.git"
URL = "https://github.com/acme/shop"

ADDRESSES = [
    (SSH, SHOP),
    ("github.com:acme/shop", SHOP),
    ("org-1234@github.com:acme/shop.git", SHOP),
    ("https://github.com/acme/shop.git", SHOP),
    ("https://github.com/acme/shop/", SHOP),
    ("https://GitHub.com/acme/shop", SHOP),
    ("https://www.github.com/acme/shop", SHOP),
    ("https://x-access-token:ghs_abc@github.com/acme/shop.git", SHOP),
    ("ssh://git@github.com/acme/shop.git", SHOP),
    ("ssh://git@ssh.github.com:443/acme/shop.git", SHOP),
    ("git+ssh://git@github.com/acme/shop", SHOP),
    ("git://github.com/acme/shop.git", SHOP),
    ("git@ghe.corp.example:acme/shop.js.git", Remote("ghe.corp.example", "acme/shop.js")),
    ("https://acme.ghe.com/acme/shop", Remote("acme.ghe.com", "acme/shop")),
    ("git@work:acme/shop.git", Remote("work", "acme/shop")),
    ("acme/shop", SHOP),
    ("https://gitlab.com/group/sub/shop.git", None),
    ("https://github.com/acme", None),
    ("https://github.com/acme/..", None),
    ("https://github.com/acme/sh op", None),
    ("/srv/git/acme/shop.git", None),
    ("../shop", None),
    ("file:///srv/git/shop.git", None),
    ("https://[not-an-address/acme/shop", None),
    ("", None),
]


@pytest.mark.parametrize(("address", "found"), ADDRESSES)
def test_an_address_is_read_in_every_form_git_has(address: str, found: Remote | None) -> None:
    assert checkout.remote(address, {}) == found


@given(address=st.text(max_size=60) | st.from_regex(r"(https|ssh)://[^ ]{0,30}/[^ ]{0,30}", fullmatch=True))
def test_whatever_an_address_is_it_is_a_repository_or_none(address: str) -> None:
    found = checkout.remote(address, {})
    assert found is None or found.full_name.count("/") == 1


SYSTEMS: list[tuple[str, dict[str, str], int]] = [
    ("GitHub Actions", {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_REF": "refs/pull/7/merge"}, 7),
    (
        "GitLab CI/CD",
        {"GITLAB_CI": "true", "CI_EXTERNAL_PULL_REQUEST_IID": "7", "CI_EXTERNAL_PULL_REQUEST_TARGET_REPOSITORY": "acme/shop"},
        7,
    ),
    ("CircleCI", {"CIRCLECI": "true", "CIRCLE_PULL_REQUEST": f"{URL}/pull/7"}, 7),
    ("CircleCI", {"CIRCLECI": "true", "CIRCLE_PULL_REQUESTS": f"{URL}/pull/7", "CIRCLE_REPOSITORY_URL": SSH}, 7),
    ("Buildkite", {"BUILDKITE": "true", "BUILDKITE_REPO": SSH, "BUILDKITE_PULL_REQUEST": "7"}, 7),
    ("Jenkins", {"JENKINS_URL": "https://ci.example", "CHANGE_ID": "7", "CHANGE_URL": f"{URL}/pull/7"}, 7),
    ("Azure Pipelines", {"TF_BUILD": "True", "BUILD_REPOSITORY_URI": URL, "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "7"}, 7),
    ("Drone", {"DRONE": "true", "DRONE_REPO_LINK": URL, "DRONE_PULL_REQUEST": "7"}, 7),
]


@pytest.mark.parametrize(("name", "variables", "number"), SYSTEMS, ids=[name for name, _, _ in SYSTEMS])
def test_a_ci_system_says_the_pull_request_even_without_a_checkout(name: str, variables: dict[str, str], number: int) -> None:
    found = surroundings(variables, Git(), event={})
    assert (found.remote, found.number, found.said_by) == (SHOP, number, f"the variables of {name}")


def test_travis_takes_its_number_and_git_s_repository() -> None:
    variables = {"TRAVIS": "true", "TRAVIS_PULL_REQUEST": "7", "TRAVIS_REPO_SLUG": "acme/shop"}
    assert surroundings(variables, Git(origin=SSH), event={}).number == 7
    assert surroundings(variables, Git(origin="git@bitbucket.org:acme/shop.git"), event={}).number is None


NO_NUMBER: list[dict[str, str]] = [
    {"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "7"},
    {"BUILDKITE": "true", "BUILDKITE_REPO": SSH, "BUILDKITE_PULL_REQUEST": "false"},
    {"BUILDKITE": "true", "BUILDKITE_REPO": "git@gitlab.com:acme/shop.git", "BUILDKITE_PULL_REQUEST": "7"},
    {"CIRCLECI": "true", "CIRCLE_PULL_REQUEST": f"{URL}/pull/7", "CIRCLE_PULL_REQUESTS": f"{URL}/pull/7,{URL}/pull/8"},
    {"CIRCLECI": "true", "CIRCLE_PULL_REQUEST": "https://bitbucket.org/acme/shop/pull-requests/7"},
    {"JENKINS_URL": "https://ci.example", "CHANGE_ID": "7", "CHANGE_URL": "https://gitlab.com/acme/shop/-/merge_requests/7"},
    {"JENKINS_URL": "https://ci.example", "CHANGE_ID": "7"},
    {"TF_BUILD": "True", "BUILD_REPOSITORY_URI": URL, "SYSTEM_PULLREQUEST_PULLREQUESTID": "7"},
    {"TF_BUILD": "True", "BUILD_REPOSITORY_URI": URL, "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "$(System.PullRequest.PullRequestNumber)"},
    {"DRONE": "true", "DRONE_REPO_LINK": "https://gitea.example/acme/shop", "DRONE_PULL_REQUEST": "7"},
    {"TRAVIS": "true", "TRAVIS_PULL_REQUEST": "false"},
    {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_REF": "refs/heads/main"},
    {"CIRCLE_PULL_REQUEST": f"{URL}/pull/7"},
]


@pytest.mark.parametrize("variables", NO_NUMBER, ids=[" ".join(one) for one in NO_NUMBER])
def test_what_is_no_pull_request_of_github_is_not_taken_for_one(variables: dict[str, str]) -> None:
    assert surroundings(variables, Git(), event={}).number is None


def test_the_run_of_a_merge_says_its_number_in_the_event_only() -> None:
    run = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_REF": "refs/heads/main"}
    assert surroundings(run, Git(), event={"pull_request": {"number": 7}}).number == 7
    assert surroundings(run, Git(), event={"issue": {"number": 7, "pull_request": {}}}).number == 7
    assert surroundings(run, Git(), event={"issue": {"number": 7}}).number is None
    assert surroundings(run, Git(), event={"pull_request": "7"}).number is None
    assert surroundings({}, Git(origin=SSH), event={"pull_request": {"number": 7}}).number is None, "an event is GitHub Actions'"


@pytest.mark.parametrize(
    ("variables", "branch"),
    [
        ({}, "checked-out"),
        ({"BUILDKITE": "true", "BUILDKITE_BRANCH": "feat/x"}, "feat/x"),
        ({"CIRCLECI": "true", "CIRCLE_BRANCH": "pull/7"}, "checked-out"),
        ({"TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/heads/feat/x"}, "feat/x"),
        ({"TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/tags/v1"}, "checked-out"),
        ({"GITHUB_ACTIONS": "true", "GITHUB_HEAD_REF": "feat/x", "GITHUB_REF": "refs/heads/main"}, "feat/x"),
        ({"JENKINS_URL": "x", "CHANGE_BRANCH": "feat/x", "BRANCH_NAME": "PR-7"}, "feat/x"),
    ],
)
def test_the_branch_is_the_one_that_is_built(variables: dict[str, str], branch: str) -> None:
    assert surroundings(variables, Git(origin=SSH, branch="checked-out"), event={}).branch == branch


def test_a_host_counts_as_github_s_only_if_the_environment_says_so() -> None:
    origin = Git(origin="git@ghe.corp.example:acme/shop.git")
    assert surroundings({}, origin, event={}) == Detected(elsewhere="ghe.corp.example")
    known = Remote("ghe.corp.example", "acme/shop")
    assert surroundings({"GH_HOST": "ghe.corp.example"}, origin, event={}).remote == known
    assert surroundings({"GITHUB_SERVER_URL": "https://ghe.corp.example"}, origin, event={}).remote == known


@pytest.mark.parametrize(
    ("environ", "host", "url"),
    [
        ({}, "github.com", "https://api.github.com"),
        ({}, "acme.ghe.com", "https://api.acme.ghe.com"),
        ({}, "ghe.corp.example", "https://ghe.corp.example/api/v3"),
        ({"GITHUB_API_URL": "https://proxy.example/api"}, "github.com", "https://proxy.example/api"),
    ],
)
def test_each_kind_of_github_has_its_api_elsewhere(environ: dict[str, str], host: str, url: str) -> None:
    assert checkout.api_url(environ, host) == url


def test_number_and_branch_are_those_of_one_repository() -> None:
    here = Detected(remote=SHOP, number=7)
    assert here.are_of("Acme/Shop")
    assert not here.are_of("acme/other")
    assert not Detected(number=7).are_of("acme/shop")


def test_a_checkout_says_origin_branch_and_top(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    assert checkout.detect(environ, tmp_path) == Detected(), "no checkout"
    git(tmp_path, "init", "-q", "-b", "feat/ü x".replace(" ", "-"))
    below = tmp_path / "apps" / "web"
    below.mkdir(parents=True)
    assert checkout.detect(environ, below) == Detected(branch="feat/ü-x", top=str(tmp_path)), "no remote, no commit"
    git(tmp_path, "remote", "add", "origin", "gh:acme/shop")
    git(tmp_path, "config", "url.git@github.com:.insteadOf", "gh:")
    here = checkout.detect(environ, below)
    assert (here.remote, here.said_by, here.branch) == (SHOP, "git's remote 'origin'", "feat/ü-x")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "x")
    git(tmp_path, "checkout", "-q", "--detach")
    assert checkout.detect(environ, below).branch == ""


def test_without_git_and_with_an_unreadable_event_there_is_less_to_tell(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text("[" * 100_000)
    environ = {"PATH": str(tmp_path), "GITHUB_EVENT_PATH": str(event), "GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop"}
    assert checkout.detect(environ, tmp_path) == Detected(remote=SHOP, said_by="the variables of GitHub Actions")
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    assert checkout.detect(environ, tmp_path).number == 7


def test_a_file_is_placed_in_the_checkout_or_wherever_a_person_says(tmp_path: Path) -> None:
    top, below = tmp_path / "shop", tmp_path / "shop" / "web"
    below.mkdir(parents=True)
    assert checkout.placed(".env", below, str(top)) == (top, "web/.env")
    assert checkout.placed("../.env", below, str(top)) == (top, ".env")
    assert checkout.placed("../../.env", below, str(top)) == (tmp_path, ".env")
    assert checkout.placed(".env", below, "") == (below, ".env")
