"""Hyperdrive configurations in a terminal: `--hyperdrive`, with token and account in the environment."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest

from tests.drivers import exit_codes
from tests.drivers.cloudflare import Account, account
from tests.drivers.terminal import Desk
from tests.drivers.workflow import can_log_in


@pytest.fixture
def cloudflare(desk: Desk) -> Iterator[Account]:
    with account(desk.life.emulator) as opened:
        yield opened


def environ(cloudflare: Account) -> dict[str, str]:
    named = {name.upper(): value for name, value in cloudflare.inputs.items() if name.startswith("cloudflare_")}
    return named | cloudflare.environ


def test_a_configuration_is_made_listed_and_deleted(desk: Desk, cloudflare: Account) -> None:
    variables = environ(cloudflare)
    created = desk("create", "--hyperdrive", "--json", **variables)
    assert created.exit_code == 0, created.err
    (made,) = cloudflare.configurations()
    assert created.json["hyperdrive_id"] == made["id"]
    assert cloudflare.can_log_in(made)
    listed = desk("list", "--hyperdrive", **variables)
    assert made["id"] in listed.out
    (row,) = desk("list", "--hyperdrive", "--json", **variables).json["previews"]
    assert row["hyperdrive_id"] == made["id"]
    assert made["id"] not in desk("list", **variables).out
    desk.life.emulator.pull_request(desk.life.number, state="closed")
    swept = desk("sweep", "--hyperdrive", "--dry-run", **variables)
    assert f"Hyperdrive {made['id']}" in swept.out
    assert desk("delete", "--pr", str(desk.life.number), "--yes", "--hyperdrive", **variables).exit_code == 0
    assert cloudflare.configurations() == desk.life.databases() == []


def test_the_string_for_wrangler_dev_comes_by_the_variable_that_it_reads(desk: Desk) -> None:
    name = "CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_HYPERDRIVE"
    desk("create")
    said = desk("connect", "--pr", str(desk.life.number), "--connection", f"app={name}", "--export")
    (line,) = said.out.splitlines()
    assert line.startswith(f"export {name}=")
    assert can_log_in(shlex.split(line)[1].partition("=")[2])


def test_what_is_missing_is_said_in_words(desk: Desk, cloudflare: Account) -> None:
    said = desk("create", "--hyperdrive", **cloudflare.environ)
    assert said.exit_code == exit_codes.FAILED
    assert "CLOUDFLARE_API_TOKEN" in said.err
    variables = environ(cloudflare) | {"CLOUDFLARE_ACCOUNT_ID": ""}
    said = desk("create", "--hyperdrive", **variables)
    assert said.exit_code == 2
    assert "CLOUDFLARE_ACCOUNT_ID" in said.err
    assert desk.life.databases() == []


def test_the_token_is_never_shown(desk: Desk, cloudflare: Account) -> None:
    said = desk("create", "--hyperdrive", "--json", **environ(cloudflare))
    assert cloudflare.inputs["cloudflare_api_token"] not in said.out + said.err
