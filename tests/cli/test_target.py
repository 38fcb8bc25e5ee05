"""Which preview a terminal is about: what is checked out, what a CI system says, what an option names."""

from __future__ import annotations

from tests.cli.previews import numbers
from tests.drivers import exit_codes
from tests.drivers.terminal import Desk, git


def test_another_repository_s_database_is_refused(desk: Desk) -> None:
    (foreign,) = desk.life.emulator.control("POST", "databases", [{"name": "by hand", "project": desk.life.project}])
    said = desk("delete", "--database-id", foreign["id"], "--yes")
    assert said.exit_code == exit_codes.REFUSED
    assert len(desk.life.databases()) == 1


def test_the_pull_request_is_the_one_whose_head_is_checked_out(desk: Desk) -> None:
    other = numbers(desk.life, 1)[0]
    desk.life.emulator.pull_request(other, state="open", head_ref=desk.branch, head_repo="stranger/shop")
    assert desk("create", "--dry-run", "--json").json["pull_request"] == desk.life.number, "a fork's branch is another one"
    desk.life.emulator.pull_request(other, state="open", head_ref=desk.branch, head_repo=desk.life.repository.full_name)
    two = desk("create")
    assert two.exit_code == exit_codes.USAGE
    assert f"#{desk.life.number}, #{other}" in two.err
    git(desk.folder, "checkout", "-q", "-b", "feat/none")
    none = desk("create")
    assert none.exit_code == exit_codes.USAGE
    assert "--pr" in none.err
    assert "feat/none" in none.err
    assert desk("create", "--dry-run", GH_TOKEN="").exit_code == exit_codes.USAGE


def test_a_ci_system_says_which_pull_request(desk: Desk) -> None:
    bare = desk.folder.parent / "no checkout"
    bare.mkdir()
    url, number = f"https://github.com/{desk.life.repository.full_name}", desk.life.number
    systems = {
        "CircleCI": {"CIRCLECI": "true", "CIRCLE_PULL_REQUEST": f"{url}/pull/{number}"},
        "Buildkite": {"BUILDKITE": "true", "BUILDKITE_REPO": f"{url}.git", "BUILDKITE_PULL_REQUEST": str(number)},
        "Jenkins": {"JENKINS_URL": "https://ci", "CHANGE_ID": str(number), "CHANGE_URL": f"{url}/pull/{number}"},
    }
    for name, variables in systems.items():
        said = desk.at(bare, "create", "--dry-run", "--json", **variables)
        assert said.exit_code == 0, said.err
        assert said.json["pull_request"] == number
        assert name in said.err


def test_a_gitlab_project_is_told_by_its_own_number(desk: Desk) -> None:
    gitlab = {"GITLAB_CI": "true", "CI_MERGE_REQUEST_IID": "5", "CI_PROJECT_ID": "4711", "GH_TOKEN": ""}
    git(desk.folder, "remote", "set-url", "origin", "https://gitlab.com/group/shop.git")
    silent = desk("create", **gitlab)
    assert silent.exit_code == exit_codes.USAGE
    assert "gitlab.com" in silent.err
    said = desk("create", "--repo", "group/shop", "--repo-id", "4711", "--pr", "5", "--json", **gitlab)
    assert said.exit_code == 0, said.err
    assert said.json["identity"].startswith("shop-pr-5-")
    assert desk("delete", "--repo", "group/shop", "--repo-id", "4711", "--pr", "5", "--yes", **gitlab).exit_code == 0


def test_the_number_of_another_repository_is_not_taken(desk: Desk) -> None:
    said = desk("create", "--repo", "acme/other", "--repo-id", "5", "--dry-run")
    assert said.exit_code == exit_codes.USAGE
    assert "not acme/other" in said.err


def test_the_repository_s_id_is_the_surroundings_or_an_option_or_github_s(desk: Desk) -> None:
    life = desk.life
    desk("create")
    by_option = desk("connect", "--pr", str(life.number), "--repo-id", str(life.repository.id), GH_TOKEN="")
    assert by_option.exit_code == 0
    by_variable = {"GITHUB_REPOSITORY": life.repository.full_name, "GITHUB_REPOSITORY_ID": str(life.repository.id), "GH_TOKEN": ""}
    assert desk("connect", "--pr", str(life.number), **by_variable).exit_code == 0
    other = by_variable | {"GITHUB_REPOSITORY": "acme/other"}
    unknown = desk("connect", "--pr", str(life.number), **other)
    assert unknown.exit_code == exit_codes.USAGE
    assert "--repo-id" in unknown.err
    assert desk("connect", "--pr", str(life.number), "--repo-id", "5").exit_code == exit_codes.NOTHING_THERE
