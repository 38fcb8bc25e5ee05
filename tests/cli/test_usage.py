"""How the commands may be called, what their help and the pages about them say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from preview_db.cli.main import main
from preview_db_emulator.client import script
from tests.drivers import exit_codes
from tests.drivers.terminal import Desk

COMMANDS = sorted(main.commands)


USAGE = [
    (["create", "--timeout", "0s"], "'--timeout': takes from 1s to 6h"),
    (["create", "--region", "the moon"], "'--region': takes inherit"),
    (["create", "--branch", "a..b"], "'--branch': takes"),
    (["create", "--pr", "0"], "'--pr'"),
    (["create", "--pr", "1", "--branch", "x"], "--pr and --branch"),
    (["connect", "--json", "--export"], "--json and --export"),
    (["sweep", "--max-idle", "soon"], "'--max-idle': takes never"),
    (["create", "--repo", "shop"], "'--repo': takes OWNER/NAME"),
    (["destroy"], "No such command"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE, ids=[" ".join(one) for one, _ in USAGE])
def test_wrong_usage_is_said_by_the_option_s_name(desk: Desk, arguments: list[str], message: str) -> None:
    said = desk(*arguments)
    assert (said.exit_code, said.out) == (exit_codes.USAGE, "")
    assert message in said.err


def test_what_is_missing_is_said_in_the_terminal_s_words(desk: Desk) -> None:
    no_token = desk("create", PRISMA_SERVICE_TOKEN="")
    assert (no_token.exit_code, "PRISMA_SERVICE_TOKEN" in no_token.err) == (exit_codes.USAGE, True)
    pasted = desk("create", PRISMA_SERVICE_TOKEN="two words")
    assert (pasted.exit_code, "PRISMA_SERVICE_TOKEN takes a token" in pasted.err) == (exit_codes.USAGE, True)
    assert "two words" not in pasted.everything
    no_project = desk("create", PRISMA_PROJECT_ID="")
    assert no_project.exit_code == exit_codes.USAGE
    assert "--project" in no_project.err
    assert desk.life.project in no_project.err
    bare_address = desk("create", PRISMA_MANAGEMENT_API_URL="http://api.example.com")
    assert "PRISMA_MANAGEMENT_API_URL takes an https://" in bare_address.err
    unsafe = desk("create", GITHUB_API_URL="http://github.example.com")
    assert (unsafe.exit_code, "GITHUB_API_URL" in unsafe.err) == (exit_codes.USAGE, True)
    no_github = desk("sweep", "--yes", GH_TOKEN="")
    assert (no_github.exit_code, "GH_TOKEN" in no_github.err) == (exit_codes.USAGE, True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_completion_script(shell: str) -> None:
    done = subprocess.run([script("preview-db"), "completion", shell], capture_output=True, text=True, timeout=20, check=True)
    assert "_PREVIEW_DB_COMPLETE" in done.stdout


def test_commands_and_options_are_completed() -> None:
    def completed(words: str, position: int) -> str:
        variables = {"_PREVIEW_DB_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(position)}
        asked = subprocess.run([script("preview-db")], env=os.environ | variables, capture_output=True, text=True, timeout=20, check=True)
        return asked.stdout

    assert "plain,delete" in completed("preview-db de", 1)
    assert "plain,--env-file" in completed("preview-db connect --en", 2)
    assert "plain,pooled" in completed("preview-db connect --endpoint po", 3)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    done = subprocess.run([script("preview-db"), command, "--help"], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.startswith(f"Usage: preview-db {command}")
    assert done.stderr == ""


def test_the_help_tells_the_exit_codes() -> None:
    text = subprocess.run([script("preview-db"), "--help"], capture_output=True, text=True, timeout=20, check=True).stdout
    for code in (exit_codes.FAILED, exit_codes.USAGE, exit_codes.NOTHING_THERE, exit_codes.REFUSED, exit_codes.STOPPED):
        assert f"\n    {code} " in text


def test_what_takes_time_to_import_is_not_imported_for_the_help() -> None:
    program = "import sys, preview_db.cli; print({'pydantic', 'httpx', 'github', 'rich', 'psycopg'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout.strip() == "set()"


DOCS = (Path(__file__).parents[2] / "docs" / "terminal.md").read_text("utf-8")


def test_the_docs_name_commands_and_options_there_are() -> None:
    options = {option for command in main.commands.values() for one in command.params for option in (*one.opts, *one.secondary_opts)}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", DOCS)) <= options
    assert set(re.findall(r"(?:^|[ `(])preview-db ([a-z]+)", DOCS, re.MULTILINE)) <= set(main.commands)
    assert {name for name in main.commands if f"`{name}`" in DOCS} == set(main.commands) - {"completion"}


def test_the_docs_tell_the_exit_codes() -> None:
    assert set(re.findall(r"^\| (\d+) \|", DOCS, re.MULTILINE)) == {"0", "1", "2", "3", "4", "130"}


def test_the_examples_for_ci_systems_are_yaml() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)
    assert len(examples) == 3
    assert all(yaml.safe_load(one) for one in examples)
