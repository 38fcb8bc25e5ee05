"""What a run is going to look at in any case is known before all of its settings are read, and is what these say then."""

from __future__ import annotations

import pytest

from preview_db.planning import access
from preview_db.planning.access import Access
from preview_db.planning.settings import Inputs

PRISMA = "https://api.prisma.io"
GIVEN = {"INPUT_SERVICE_TOKEN": "token", "INPUT_PROJECT": "proj_1", "GITHUB_EVENT_NAME": "pull_request"}


@pytest.mark.parametrize(
    ("environ", "foreseen"),
    [
        ({}, Access(PRISMA, "token", "proj_1")),
        ({"INPUT_COMMAND": "auto", "INPUT_LABEL": "", "INPUT_DRAFTS": "true"}, Access(PRISMA, "token", "proj_1")),
        ({"INPUT_COMMAND": "", "INPUT_DRAFTS": "", "GITHUB_EVENT_NAME": ""}, Access(PRISMA, "token", "proj_1")),
        ({"PRISMA_SERVICE_TOKEN": "another", "PRISMA_PROJECT_ID": "proj_2"}, Access(PRISMA, "token", "proj_1")),
        ({"INPUT_SERVICE_TOKEN": " ", "PRISMA_SERVICE_TOKEN": "another"}, Access(PRISMA, "another", "proj_1")),
        ({"INPUT_PROJECT": "", "INPUT_PROJECT_ID": "proj_2", "PRISMA_PROJECT_ID": "proj_3"}, Access(PRISMA, "token", "proj_2")),
        ({"INPUT_PROJECT": "", "PRISMA_PROJECT_ID": "proj_3"}, Access(PRISMA, "token", "proj_3")),
        ({"INPUT_PROJECT": ""}, Access(PRISMA, "token", "")),
        ({"PRISMA_MANAGEMENT_API_URL": ""}, Access(PRISMA, "token", "proj_1")),
        ({"PRISMA_MANAGEMENT_API_URL": "http://127.0.0.1:1/"}, Access("http://127.0.0.1:1", "token", "proj_1")),
        ({"INPUT_SERVICE_TOKEN": "!~" + "x" * 8190}, Access(PRISMA, "!~" + "x" * 8190, "proj_1")),
    ],
)
def test_what_is_foreseen_is_what_the_settings_say(environ: dict[str, str], foreseen: Access) -> None:
    environ = {**GIVEN, **environ}
    assert access.foreseen(environ) == foreseen
    inputs = Inputs.read(environ)
    assert inputs.service_token is not None
    assert foreseen == Access(inputs.management_api_url, inputs.service_token.get_secret_value(), inputs.project or "")


@pytest.mark.parametrize(
    "environ",
    [
        {"GITHUB_EVENT_NAME": "push"},
        {"INPUT_COMMAND": "delete"},
        {"INPUT_LABEL": "preview"},
        {"INPUT_DRAFTS": "false"},
        {"INPUT_SERVICE_TOKEN": ""},
        {"INPUT_SERVICE_TOKEN": "two words"},
        {"INPUT_SERVICE_TOKEN": "x" * 8193},
        {"PRISMA_MANAGEMENT_API_URL": "http://api.prisma.io"},
    ],
)
def test_where_it_takes_all_of_the_settings_to_know_nothing_is_foreseen(environ: dict[str, str]) -> None:
    assert access.foreseen({**GIVEN, **environ}) is None


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "end\n", "größe", "\x7f", "x" * 8193])
def test_a_token_that_no_header_can_carry_is_refused_without_quoting_it(token: str) -> None:
    with pytest.raises(ValueError, match=r"^takes a token without spaces or line breaks: check how the secret was pasted$"):
        access.sendable(token)
