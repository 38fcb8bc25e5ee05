"""What the environment holds is never shown, and never the reason for a traceback."""

from __future__ import annotations

import io

import pytest

from preview_db.cli.console import Terminal
from tests.drivers import exit_codes
from tests.drivers.terminal import Desk

NO_TEXT = b"undecodable\xff\xfetoken".decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("command", ["list", "create", "doctor"])
@pytest.mark.parametrize("variable", ["PRISMA_SERVICE_TOKEN", "GH_TOKEN"])
def test_a_token_that_is_no_text_is_refused_by_its_name(desk: Desk, variable: str, command: str) -> None:
    said = desk(command, **{variable: NO_TEXT})
    assert said.exit_code == exit_codes.USAGE
    assert variable in said.err
    assert "undecodable" not in said.everything


def test_a_name_that_is_no_text_is_shown_as_far_as_it_can_be() -> None:
    screen = io.BytesIO()
    out = io.TextIOWrapper(screen, encoding="utf-8")
    terminal = Terminal(out=out)
    terminal.line("feat/half\ud83done")
    terminal.table((), [("branch", "feat/half\ud83done")])
    out.flush()
    assert screen.getvalue().decode().count("feat/half one") == 2
