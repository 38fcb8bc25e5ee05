"""`list` and `sweep` of many repositories in a terminal: what there is, the question, and what is left alone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from preview_db.planning.model import Kind, Repository, Scope
from tests.drivers import exit_codes
from tests.drivers.organisation import Organisation
from tests.drivers.terminal import Desk


@pytest.fixture
def organisation(desk: Desk) -> Organisation:
    """With a shop that has one preview to keep and one to go, and a stranger's preview beside them."""
    organisation = Organisation(desk.life)
    organisation.previews(organisation.repository("shop"), opened=[1], closed=[2], days=20)
    organisation.pulls(organisation.repository("shop"), {"number": 1, "updated_at": time.time() - 9 * 86400})
    desk.life.seed(Scope(Repository(77, "else/where"), Kind.PULL_REQUEST, "1"))
    return organisation


def test_the_list_of_all_has_a_line_for_each_repository_and_project(desk: Desk, organisation: Organisation) -> None:
    said = desk("list", "--all", "--repo", f"{organisation.name}/shop", GH_TOKEN=organisation.token())
    assert said.exit_code == 0, said.err
    (line,) = [line for line in said.out.splitlines() if line.startswith(f"{organisation.name}/shop ")]
    assert [word for word in ("20 days", "9 days", "1 closed", "1 still wanted") if word not in line] == []
    assert "where-" in said.out
    assert said.out.splitlines()[-1].startswith("1 repository. Databases: 1 kept, 1 would go")
    assert len(organisation.left()) == 3


def test_the_list_of_all_for_a_program_names_each_preview(desk: Desk, organisation: Organisation, tmp_path: Path) -> None:
    elsewhere = tmp_path / "no-checkout"
    elsewhere.mkdir()
    command = ("list", "--json", "--repositories", f"{organisation.name}/*")
    said = desk.at(elsewhere, *command, GH_TOKEN=organisation.token())
    assert {entry["ref"]: entry["status"] for entry in said.json["swept"]} == {"1": "kept", "2": "would go"}
    assert said.json["unlisted"][0]["slug"] == "where"


def test_a_sweep_of_all_asks_and_does_what_was_shown(desk: Desk, organisation: Organisation) -> None:
    desk.environ["GH_TOKEN"] = organisation.token()
    command = ("sweep", "--all", "--repositories", f"{organisation.name}/*")
    refused = desk(*command)
    assert (refused.exit_code, refused.out) == (exit_codes.REFUSED, "")
    no = desk.on_screen(*command, answers=["n\n"])
    assert (no.exit_code, len(organisation.left())) == (exit_codes.REFUSED, 3)
    assert "Delete 1 database with its data?" in no.out
    assert desk.on_screen(*command, answers=["y\n"]).exit_code == 0
    assert len(organisation.left()) == 2
    again = desk(*command, "--yes")
    assert again.exit_code == 0
    assert "Databases: 1 kept" in again.out


def test_all_without_a_project_are_all_projects_and_a_doubt_fails_at_the_end(desk: Desk, organisation: Organisation) -> None:
    desk.environ["GH_TOKEN"] = organisation.token()
    command = ("list", "--all", "--repositories", f"{organisation.name}/*, {organisation.name}/shpo", "--json")
    said = desk(*command, PRISMA_PROJECT_ID="")
    assert said.exit_code == exit_codes.FAILED
    assert "shpo" in said.err
    assert {entry["project_id"] for entry in said.json["repositories"]} == {desk.life.project}


def test_all_of_nobody_and_without_a_token_are_refused_in_words(desk: Desk, tmp_path: Path) -> None:
    elsewhere = tmp_path / "no-checkout"
    elsewhere.mkdir()
    nobody = desk.at(elsewhere, "list", "--all")
    assert nobody.exit_code == exit_codes.USAGE
    assert "--repositories 'owner/*'" in nobody.err
    no_token = desk("sweep", "--all", "--yes", GH_TOKEN="")
    assert no_token.exit_code == exit_codes.USAGE
    assert "GH_TOKEN" in no_token.err
    alone = desk("sweep", "--shard", "1/2", "--yes")
    assert alone.exit_code == exit_codes.USAGE
