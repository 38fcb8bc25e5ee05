"""action.yml promises what the program keeps."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from preview_db.planning import settings
from preview_db_emulator.runner.runner import declared_inputs

FILE = Path(__file__).parents[2] / "action.yml"
ACTION: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
INPUTS: dict[str, Any] = ACTION["inputs"]
OUTPUTS: dict[str, Any] = ACTION["outputs"]

AGREED_INPUTS = {
    "command", "service_token", "project", "project_id", "create_project", "workspace", "region", "source", "key", "pr", "branch",
    "database_id", "database_name", "connections", "endpoint", "env_file", "ephemeral", "credential_grace", "seal_with", "sealed",
    "wait", "timeout", "on_push", "migrations", "on_drift", "seed", "seed_always", "schema_diff", "label", "drafts", "allow_forks",
    "max_idle", "keep_label", "max_deletions", "dry_run", "comment", "summary", "deployment", "hyperdrive", "cloudflare_account_id",
    "cloudflare_api_token", "hyperdrive_caching", "wrangler_config", "wrangler_binding", "wrangler_env",
    "platform_branch", "platform_branch_cleanup", "compute_env",
    "github_token", "verify_certificate", "anonymize",
    "repositories", "missing_repositories", "shard", "max_deletions_per_repository",
}  # fmt: skip
MASKED_OUTPUTS = {"database_url", "direct_url", "pooled_url", "password", "connection_urls"}
OPEN_OUTPUTS = {
    "host", "port", "database", "user", "database_id", "database_name", "project_id", "connection_id", "outcome", "deleted", "plan",
    "swept", "sealed", "hyperdrive_id", "migrations", "shards",
}  # fmt: skip


def test_every_agreed_input_and_output_is_there_and_no_other() -> None:
    assert set(INPUTS) == AGREED_INPUTS
    assert set(OUTPUTS) == MASKED_OUTPUTS | OPEN_OUTPUTS


def test_ids_are_snake_case() -> None:
    assert [name for name in (*INPUTS, *OUTPUTS) if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)] == []


def test_everything_is_described_in_sentences() -> None:
    for name, what in (*INPUTS.items(), *OUTPUTS.items()):
        assert re.fullmatch(r"[A-Z].{10,}[.]", what["description"]), name


def test_masked_outputs_say_so_and_no_other_does() -> None:
    assert {name for name, what in OUTPUTS.items() if "Masked." in what["description"]} == MASKED_OUTPUTS


def test_nothing_is_required_since_the_runner_would_not_enforce_it() -> None:
    assert not any("required" in what for what in INPUTS.values())


def test_every_default_is_a_string() -> None:
    # An unquoted `false` or `50` reaches the step as text all the same, but reads as if it didn't.
    assert {name for name, what in INPUTS.items() if not isinstance(what.get("default"), str)} == set()


def test_the_defaults_are_the_program_s_own() -> None:
    variables = {f"INPUT_{name.upper()}": what["default"] for name, what in INPUTS.items()}
    variables["INPUT_GITHUB_TOKEN"] = ""
    assert settings.Inputs.read(variables) == settings.Inputs.read({})


def test_every_setting_of_the_program_is_an_input() -> None:
    # An API's address is the environment's to say, not an input: a token would follow it.
    own = set(settings.Inputs.model_fields) - {"management_api_url", "cloudflare_api_base_url"}
    assert own | {"project_id"} == AGREED_INPUTS


def test_the_stand_in_s_runner_reads_the_same_inputs_as_a_yaml_parser() -> None:
    assert declared_inputs(FILE) == {name: what["default"] for name, what in INPUTS.items()}


@pytest.mark.parametrize("key", ["name", "description", "author", "branding"])
def test_the_marketplace_s_keys_are_there(key: str) -> None:
    assert ACTION[key]


def test_it_runs_in_a_container_with_the_image_s_own_entrypoint() -> None:
    assert ACTION["runs"]["using"] == "docker"
    assert not {"entrypoint", "args", "env"} & set(ACTION["runs"])
