"""Whether git would commit a file of variables is told as git itself has it, and a hostile repository runs nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.services.env_files import put
from tests.torture.claims import LONG

# Whether git would commit it

GIT = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent"}
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed, so what it says is not compared with here")


def git(workspace: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    author = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    return subprocess.run(["git", "-C", str(workspace), *author, *arguments], env=GIT, capture_output=True, text=True, check=False)


@pytest.fixture
def repository(workspace: Path) -> Path:
    git(workspace, "init", "-q")
    return workspace


@needs_git
def test_a_file_that_git_would_commit_is_warned_of(repository: Path) -> None:
    (warning,) = put(repository)
    assert ".env holds connection strings" in warning
    assert ".gitignore" in warning
    (repository / ".gitignore").write_text(".env\n")
    assert put(repository) == []
    assert git(repository, "status", "--porcelain").stdout == "?? .gitignore\n", "and nothing else of ours is left there"


@needs_git
def test_a_file_that_git_tracks_is_warned_of_though_it_is_ignored(repository: Path) -> None:
    (repository / "app").mkdir()
    (repository / "app" / ".env").write_text("A=1\n")
    (repository / "longer-app").mkdir()
    (repository / "longer-app" / ".env").write_text("A=1\n")
    git(repository, "add", "-A")
    (repository / ".gitignore").write_text(".env\n")
    (warning,) = put(repository, "app/.env")
    assert "git rm --cached app/.env" in warning
    assert put(repository, ".env") == [], "which only ends as the tracked ones do"


@needs_git
@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_the_index_is_read_in_the_versions_that_can_be(repository: Path, version: str) -> None:
    for name in ("a", ".env", "z"):
        (repository / name).write_text("A=1\n")
    git(repository, "add", "a", "z")
    git(repository, "add", "--intent-to-add" if version == "3" else "--all", ".env")
    git(repository, "update-index", "--index-version", version)
    (repository / ".gitignore").write_text(".env\n")
    assert (repository / ".git" / "index").read_bytes()[7] == int(version)
    assert len(put(repository)) == (version != "4"), "version 4 shortens paths: nothing is said"


@needs_git
def test_no_repository_no_warning_and_the_nearest_one_counts(workspace: Path) -> None:
    (workspace / "checkout" / "app").mkdir(parents=True)
    assert put(workspace, "checkout/app/.env") == []
    git(workspace / "checkout", "init", "-q")
    (workspace / ".gitignore").write_text(".env\n")
    assert len(put(workspace, "checkout/app/.env")) == 1, "a rule outside the repository is none"
    (workspace / "checkout" / ".git" / "info").mkdir(exist_ok=True)
    (workspace / "checkout" / ".git" / "info" / "exclude").write_text("/app/.env\n")
    assert put(workspace, "checkout/app/.env") == []
    (workspace / "checkout" / "app" / ".gitignore").write_text("!.env\n")
    assert len(put(workspace, "checkout/app/.env")) == 1


@needs_git
def test_a_hostile_repository_runs_nothing_and_leads_nowhere(repository: Path, tmp_path: Path) -> None:
    proof = tmp_path / "ran"
    git(repository, "config", "core.fsmonitor", f"touch {proof}; false")
    git(repository, "config", "core.excludesFile", "/dev/zero")
    (repository / ".gitignore").symlink_to("/dev/zero")
    (repository / ".git" / "info" / "exclude").unlink()
    os.mkfifo(repository / ".git" / "info" / "exclude")
    (repository / ".git" / "index").symlink_to("/dev/zero")
    assert len(put(repository)) == 1
    assert not proof.exists()
    shutil.rmtree(repository / ".git")
    (repository / ".git").symlink_to("/")
    assert len(put(repository)) == 1


# Not a** and **a in a path: what those are depends on where git 2.39 happens to have its strings in memory.
parts = st.sampled_from(
    ["*", "**", "***", "?", ".env", ".env*", ".e?v", "app", "a*", "*.env", "web", "x", "\\.env", "\\", "\\*", "[a-z]pp", "[!x]*", "[^.]*"]
    + [".[de]nv", "[]a]pp", "[[:alpha:]]pp", "[!]]pp", "a[/]b", "[\\a]pp", "[[:x:]]*", "[z-a]pp"]
)
patterns = st.builds(
    lambda negated, anchored, middle, folder, spaces: f"{negated}{anchored}{'/'.join(middle)}{folder}{spaces}",
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(parts, min_size=1, max_size=3),
    st.sampled_from(["", "", "/", "/**", "/*"]),
    st.sampled_from(["", "", "  ", "\r"]),
)
rules = st.lists(patterns | st.sampled_from(["", "# comment", "[", "!", "/", "\\"]), max_size=5)


@needs_git
@settings(max_examples=150 if LONG else 50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(top=rules, deeper=rules, exclude=rules)
def test_what_it_says_of_rules_is_what_git_says(repository: Path, top: list[str], deeper: list[str], exclude: list[str]) -> None:
    (repository / "app" / "web").mkdir(parents=True, exist_ok=True)
    (repository / ".gitignore").write_text("\n".join(top))
    (repository / "app" / ".gitignore").write_text("\n".join(deeper))
    (repository / ".git" / "info" / "exclude").write_text("\n".join(exclude))
    for path in (".env", "app/.env", "app/web/.env"):
        asked = git(repository, "check-ignore", "-q", "--no-index", path).returncode
        assume(asked in (0, 1))
        assert bool(put(repository, path)) == bool(asked), (path, top, deeper, exclude)


def test_a_hostile_rule_takes_no_time(workspace: Path) -> None:
    path = "/".join(["a" * 60] * 10) + "/" + "a" * 200
    (workspace / path).parent.mkdir(parents=True)
    (workspace / ".git").mkdir()
    for rule in (
        "**/" * 20_000 + "x",
        "*a" * 30_000 + "b",
        "**/*a*a*a*a*a*a*a*a*a*a*b/" * 1000 + "x",
        "[" * 60_000,
        "\\" * 60_000,
        " " * 60_000 + "x ",
    ):
        (workspace / ".gitignore").write_text(rule)
        started = time.process_time()
        put(workspace, path)
        assert time.process_time() - started < 5  # of work; what tries every way to match takes days
