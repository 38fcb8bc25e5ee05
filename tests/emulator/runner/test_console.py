"""What GitHub's runner makes of the lines that a step prints: its own source says so, act agrees in part (see tests/play)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from preview_db_emulator.runner.console import Console
from preview_db_emulator.runner.masker import Masker

DISABLED = "The `{}` command is disabled."


def read(*lines: str, root: Path = Path(), **options: Any) -> Console:
    console = Console(Masker(), lambda path: root / path, **options)
    for line in lines:
        console.feed(line)
    return console


def told(console: Console) -> list[tuple[str, str]]:
    return [(note.level, note.message) for note in console.annotations]


def test_the_form_in_brackets_is_a_command_wherever_it_stands() -> None:
    console = read("behind text ##[error]no%0Aand%3B%5Dno", "##[set-output name=a;other=b]x", "##[no-such]x")
    assert told(console)[0] == ("error", "no\nand;]no")
    assert console.outputs == {"a": "x"}
    assert console.log[-1] == "##[no-such]x"


def test_outputs_and_state_by_command_still_work_with_a_warning() -> None:
    console = read("::set-output name=a::1%0A2", "::SAVE-STATE Name=made::con_1")
    assert (console.outputs, console.state) == ({"a": "1\n2"}, {"made": "con_1"})
    assert [(level, text.split("`")[1]) for level, text in told(console)] == [("warning", "set-output"), ("warning", "save-state")]
    assert console.refusals == []


@pytest.mark.parametrize("line", ["::set-env name=DATABASE_URL::x", "::add-path::/opt/x"])
def test_variables_and_path_by_command_fail_the_step_unless_allowed(line: str) -> None:
    name = line.split("::")[1].partition(" ")[0]
    refused = read(line)
    assert (refused.environment, refused.path) == ({}, [])
    assert refused.refusals[0] == f"Unable to process command '{line}' successfully."
    assert refused.refusals[1].startswith(DISABLED.format(name))
    allowed = read(line, unsecure=True)
    assert (allowed.environment, allowed.path, allowed.refusals) in (({"DATABASE_URL": "x"}, [], []), ({}, ["/opt/x"], []))


@pytest.mark.parametrize("line", ["::set-output::x", "::save-state name=::x", "::echo::", "::echo::maybe", "::add-matcher::none.json"])
def test_a_command_that_lacks_something_fails_the_step(line: str) -> None:
    assert read(line).refusals[0] == f"Unable to process command '{line}' successfully."


def test_commands_are_shown_when_echo_is_on_but_never_a_mask() -> None:
    lines = ("::save-state name=a::1", "::add-mask::hunter2", "::notice::here")
    assert read(*lines).log[1:] == ["##[notice]here"]
    echoed = read("::echo::on", *lines, "::echo::off", "::save-state name=b::2").log
    assert echoed[0] == "::save-state name=a::1"
    assert echoed[2:] == ["::add-mask::***", "##[notice]here", "::echo::off", echoed[-1]]


def test_a_token_that_stops_commands_is_shown_masked_and_is_no_command() -> None:
    console = read("::stop-commands::0123456", "::add-mask::here", "##[0123456]", "over 0123456 here")
    assert console.log == ["::stop-commands::***", "::add-mask::here", "##[***]", "over *** here"]
    assert read("::stop-commands::Warning").refusals[0].startswith("You cannot use a endToken")
    assert told(read("::stop-commands::pause-logging", "::error::still read"))[1] == ("error", "still read")


def test_ten_annotations_of_a_kind_and_4096_characters_of_each_are_kept() -> None:
    console = read(*(f"::warning::{number}" for number in range(12)), "::error::" + "x" * 5000, "::notice:: ")
    assert told(console) == [*(("warning", str(number)) for number in range(10)), ("error", "x" * 4096)]
    assert "##[warning]11" in console.log


def test_of_an_annotation_the_message_alone_is_masked() -> None:
    console = read("::add-mask::hunter2", "::error title=hunter2::hunter2")
    assert [(note.title, note.message) for note in console.annotations] == [("hunter2", "***")]


def test_a_problem_matcher_makes_annotations_of_lines_until_it_is_removed(tmp_path: Path) -> None:
    one = {"owner": "one", "pattern": [{"regexp": r"^(\w+): (.+)$", "severity": 1, "message": 2}]}
    two = {"owner": "two", "severity": "notice", "pattern": [{"regexp": "^In (.*)$"}, {"regexp": "^  (.+)$", "message": 1, "loop": True}]}
    (tmp_path / "one.json").write_text(json.dumps({"problemMatcher": [one, two]}))
    lines = ("warning: a", "\x1b[31merror: b\x1b[0m", "debug: c", "In x", "  d", "  e", "f", "  g")
    console = read("::add-matcher::one.json", *lines, "::remove-matcher owner=TWO::", "In x", "  h", root=tmp_path)
    assert told(console) == [("warning", "a"), ("error", "b"), ("notice", "d"), ("notice", "e")]
    assert console.log == [
        "##[warning]warning: a",
        "##[error]error: b",
        "debug: c",
        "In x",
        "##[notice]  d",
        "##[notice]  e",
        *lines[-2:],
        "In x",
        "  h",
    ]


@pytest.mark.parametrize(
    "entry",
    [
        {"pattern": [{"regexp": "x", "message": 0}]},
        {"owner": "x", "severity": "fatal", "pattern": [{"regexp": "x", "message": 0}]},
        {"owner": "x"},
        {"owner": "x", "pattern": [{"regexp": "x"}]},
    ],
)
def test_a_problem_matcher_that_makes_no_sense_fails_the_step(tmp_path: Path, entry: dict[str, Any]) -> None:
    (tmp_path / "m.json").write_text(json.dumps({"problemMatcher": [entry]}))
    assert read("::add-matcher::m.json", root=tmp_path).refusals != []


def test_nobody_else_sets_the_runner_s_own_marks() -> None:
    assert read("##[start-action x]", "##[end-action]").log == ["##[\\start-action x]", "##[\\end-action]"]
