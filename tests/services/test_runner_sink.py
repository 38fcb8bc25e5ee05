"""What reaches the runner's log and files: commands escaped, secrets masked before their first use, hostile text defused."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from preview_db.errors import InvalidInput
from preview_db.services.github.runner import Runner
from preview_db_emulator.runner.file_commands import parse as parse_file_command

hostile = st.text(max_size=200) | st.sampled_from(
    [
        "::set-output name=a::b",
        "x\n::error::y",
        "\r::stop-commands::t",
        "##[error]x",
        " \t::add-mask::a",
        "%0A::warning::x",
        "</details>",
        "\u2028::error::x",
        "\x00",
    ]
)


def sink(tmp_path: Path | None = None) -> tuple[Runner, io.StringIO]:
    log = io.StringIO()
    files = {name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY")} if tmp_path else {}
    return Runner(files, log), log


@given(hostile)
def test_no_text_becomes_a_command(text: str) -> None:
    runner, log = sink()
    runner.info(text)
    runner.info(f"Database {text}")
    for line in log.getvalue().replace("\r", "\n").split("\n"):
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


@given(hostile, hostile)
def test_an_annotation_is_one_command_whatever_it_says(title: str, text: str) -> None:
    runner, log = sink()
    runner.error(title, text)
    (line, rest) = log.getvalue().split("\n", 1)
    assert rest == ""
    assert line.startswith("::error title=")
    assert line.count("::") >= 2
    properties = line.removeprefix("::error title=").split("::", 1)[0]
    assert "," not in properties


@given(st.text(min_size=1, max_size=60).filter(lambda secret: secret.strip().strip("*")))  # stars are what it would be shown as
def test_a_secret_is_masked_before_and_starred_wherever_it_is_printed(secret: str) -> None:
    runner, log = sink()
    runner.mask(SecretStr(secret))
    before = log.getvalue()
    runner.info(f"begin|{secret}|end")
    runner.error("title", f"begin|{secret}|end")
    after = log.getvalue()[len(before) :]
    assert "begin|" + secret + "|end" not in after
    assert before.startswith("::add-mask::")
    assert "\n" not in before.splitlines()[0]


def test_masks_are_escaped_so_that_the_right_value_is_hidden() -> None:
    runner, log = sink()
    runner.mask(SecretStr("100%\n%0A"))
    assert log.getvalue().splitlines()[0] == "::add-mask::100%25%0A%250A"
    assert quote("100%\n%0A", safe="").replace("%", "%25") in log.getvalue()


def test_an_empty_secret_is_never_masked() -> None:
    runner, log = sink()
    for empty in ("", " ", "\n"):
        runner.mask(SecretStr(empty))
    assert log.getvalue() == ""


@given(value=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300))
def test_an_output_is_read_back_as_it_was_set(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    path = tmp_path_factory.mktemp("runner")
    runner, _ = sink(path)
    runner.set_output("plain", value)
    runner.set_output("after", "x")
    read = dict(parse_file_command((path / "GITHUB_OUTPUT").read_bytes().decode()))
    normal = value.replace("\r\n", "\n")
    assert read["plain"].replace("\r\n", "\n") == normal
    assert read["after"] == "x"


def test_a_secret_output_is_masked_before_it_is_written(tmp_path: Path) -> None:
    runner, log = sink(tmp_path)
    runner.set_output("database_url", SecretStr("postgres://u:p%25w@h/d"))
    runner.set_output("host", "not postgres://u:p%25w@h/d")
    text = (tmp_path / "GITHUB_OUTPUT").read_text()
    assert "::add-mask::postgres://u:p%2525w@h/d\n" in log.getvalue()
    assert text.count("postgres://u:p%25w@h/d") == 1
    assert "not ***" in text


def test_a_runner_without_an_output_file_is_told_before_anything_is_made() -> None:
    runner, _ = sink()
    with pytest.raises(InvalidInput, match="GITHUB_OUTPUT"):
        runner.check_files()


def test_a_summary_is_cut_where_github_would_refuse_it(tmp_path: Path) -> None:
    runner, _ = sink(tmp_path)
    runner.summarise("x" * 2_000_000)
    assert (tmp_path / "GITHUB_STEP_SUMMARY").stat().st_size <= 1024 * 1024
