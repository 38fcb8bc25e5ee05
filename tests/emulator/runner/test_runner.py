"""The stand-in for the runner does to a step what GitHub's runner does."""

from __future__ import annotations

import base64
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preview_db_emulator.github import payloads
from preview_db_emulator.runner.file_commands import parse as parse_file_command
from preview_db_emulator.runner.runner import Run, Runner, Step, declared_inputs

ADDRESSES: dict[str, Any] = {"api_url": "http://127.0.0.1:8080/api/v3", "server_url": "http://127.0.0.1:8080"}
REPOSITORY = payloads.repository("acme/shop", id=77, **ADDRESSES)
MONA = payloads.user("mona", id=3, **ADDRESSES)
DISPATCH = payloads.workflow_dispatch_event(ref="refs/heads/main", repository=REPOSITORY, sender=MONA)
TELL_ENVIRONMENT = "import json, os, pathlib; pathlib.Path('seen.json').write_text(json.dumps(dict(os.environ)))"
ACTION = """
name: An action
inputs:
  # people say how
  how:
    description: How
    default: 'quickly'
  with-hyphen:
    description: |
      Two
      lines
  github_token:
    description: The token
    default: ${{ github.token }}
outputs:
  not_an_input:
    description: no
"""


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path, **ADDRESSES, token="ghs_job_token", secrets=("from-the-start",))


def step(runner: Runner, script: str, **options: Any) -> Run:
    """Run a few lines of Python as a step."""
    options = {"event": "workflow_dispatch", "payload": DISPATCH, **options}
    return runner.run([sys.executable, "-I", "-c", script], timeout=30, **options)


def says(runner: Runner, *lines: str) -> Run:
    """Run a step that prints these lines."""
    return step(runner, f"print({chr(10).join(lines)!r})")


def writes(runner: Runner, file: str, text: str) -> Run:
    """Run a step that appends to one of the runner's files."""
    return step(runner, f"import os; open(os.environ[{file!r}], 'a', encoding='utf-8', newline='').write({text!r})")


def started(runner: Runner, script: str) -> Step:
    """Start a step and wait for its first line."""
    under_way = runner.start([sys.executable, "-I", "-c", script], event="workflow_dispatch", payload=DISPATCH)
    while not under_way.log and under_way.process.poll() is None:
        time.sleep(0.01)
    return under_way


def environment(runner: Runner, **options: Any) -> dict[str, str]:
    """Run a step and say which environment it found."""
    assert step(runner, TELL_ENVIRONMENT, **options).exit_code == 0
    seen: dict[str, str] = json.loads((runner.workspace / "seen.json").read_text())
    return seen


class TestEnvironment:
    def test_nothing_of_the_machine_s_own_environment_is_passed_on(self, runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PRISMA_SERVICE_TOKEN", "mine")
        seen = environment(runner)
        expected = ("GITHUB_", "RUNNER_", "INPUT_")
        # The last two are set by the operating system and by Python itself.
        others = {name for name in seen if not name.startswith(expected)} - {"LC_CTYPE", "__CF_USER_TEXT_ENCODING"}
        assert others == {"CI", "HOME", "PATH"}

    def test_every_declared_input_is_set_and_an_unset_one_is_empty(self, tmp_path: Path) -> None:
        action = tmp_path / "action.yml"
        action.write_text(ACTION)
        assert list(declared_inputs(action)) == ["how", "with-hyphen", "github_token"]
        runner = Runner(tmp_path / "runner", **ADDRESSES, token="ghs_job_token", action=action)

        seen = environment(runner, inputs={"some thing": "x"})

        assert {name: value for name, value in seen.items() if name.startswith("INPUT_")} == {
            "INPUT_HOW": "quickly",
            "INPUT_WITH-HYPHEN": "",
            "INPUT_GITHUB_TOKEN": "ghs_job_token",
            "INPUT_SOME_THING": "x",
        }

    def test_state_reaches_a_post_step(self, runner: Runner) -> None:
        assert environment(runner, state={"connections": "con_1"})["STATE_connections"] == "con_1"

    def test_the_step_finds_its_event_and_its_addresses(self, runner: Runner) -> None:
        seen = environment(runner, run_id=7, attempt=2)
        assert json.loads(Path(seen["GITHUB_EVENT_PATH"]).read_text()) == DISPATCH
        assert seen["GITHUB_API_URL"] == ADDRESSES["api_url"]
        assert (seen["GITHUB_RUN_ID"], seen["GITHUB_RUN_ATTEMPT"]) == ("7", "2")
        assert (seen["GITHUB_REPOSITORY"], seen["GITHUB_REPOSITORY_ID"]) == ("acme/shop", "77")
        assert seen["GITHUB_WORKSPACE"] == str(runner.workspace)
        assert "RUNNER_DEBUG" not in seen

    @pytest.mark.parametrize(("merged", "ref", "name"), [(False, "refs/pull/12/merge", "12/merge"), (True, "refs/heads/main", "main")])
    def test_the_ref_of_a_merged_pull_request_is_its_base_and_its_commit_never_the_head(
        self, runner: Runner, merged: bool, ref: str, name: str
    ) -> None:
        pull = payloads.pull_request(
            number=12,
            repository=REPOSITORY,
            head_ref="feat/basket",
            head_sha="a" * 40,
            base_ref="main",
            base_sha="b" * 40,
            head_repository=REPOSITORY,
            state="closed",
            merged=merged,
            draft=False,
            labels=(),
            title="Add a basket",
            body=None,
            user=MONA,
            created_at="2026-01-01T00:00:00Z",
            updated_at="2026-01-01T00:00:00Z",
            closed_at="2026-01-01T00:00:00Z",
            merged_at=None,
        )
        payload = payloads.pull_request_event(action="closed", pull_request=pull, repository=REPOSITORY, sender=MONA)
        seen = environment(runner, event="pull_request", payload=payload)
        assert (seen["GITHUB_REF"], seen["GITHUB_REF_NAME"]) == (ref, name)
        assert (seen["GITHUB_HEAD_REF"], seen["GITHUB_BASE_REF"]) == ("feat/basket", "main")
        assert seen["GITHUB_SHA"] not in ("a" * 40, "b" * 40)
        assert pull["merge_commit_sha"] == (seen["GITHUB_SHA"] if merged else None)

    def test_the_same_step_in_an_image_gets_the_mounts_and_only_names_of_variables(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "bin").mkdir()
        docker = tmp_path / "bin" / "docker"
        docker.write_text(f"#!{sys.executable} -I\nimport json, os, sys\nprint(json.dumps([sys.argv[1:], dict(os.environ)]))\n")
        docker.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        runner = Runner(tmp_path / "runner", **ADDRESSES, image="preview-db:test")

        run = runner.run([], event="workflow_dispatch", payload=DISPATCH, inputs={"service_token": "s3cret"})

        arguments, variables = json.loads(run.raw_stdout)
        assert (arguments[0], arguments[-1]) == ("run", "preview-db:test")
        assert {"--rm", "/github/workspace", "INPUT_SERVICE_TOKEN"} <= set(arguments)
        temp = tmp_path / "runner" / "_temp"
        mounts = [part.removeprefix("--volume=") for part in arguments if part.startswith("--volume=")]
        assert [mount for mount in mounts if not mount.endswith(":/var/run/docker.sock")] == [
            f"{temp}:/github/runner_temp",
            f"{temp}/_github_home:/github/home",
            f"{temp}/_github_workflow:/github/workflow",
            f"{temp}/_runner_file_commands:/github/file_commands",
            f"{tmp_path / 'runner' / 'workspace'}:/github/workspace",
        ]
        assert not {"PATH", "--network"} & set(arguments)
        assert "s3cret" not in " ".join(arguments)
        assert variables["GITHUB_EVENT_PATH"] == "/github/workflow/event.json"
        assert variables["HOME"] == "/github/home"


class TestLog:
    def test_a_value_is_masked_from_the_moment_its_mask_came(self, runner: Runner) -> None:
        run = says(runner, "hunter2 early", "::add-mask::hunter2", "hunter2 late, hunter2hunter2")
        assert run.log == ("hunter2 early", "*** late, ***")
        assert run.masks == ("hunter2",)

    def test_what_the_runner_knows_is_masked_from_the_start(self, runner: Runner) -> None:
        run = says(runner, "ghs_job_token and from-the-start")
        assert run.log == ("*** and ***",)
        assert run.masks == ()

    def test_a_mask_is_unescaped(self, runner: Runner) -> None:
        run = says(runner, "::add-mask::50%2525%0Asecond", "a 50%25", "a second")
        assert run.masks == ("50%25\nsecond",)
        assert run.log == ("a ***", "a ***")

    @pytest.mark.parametrize("written", ["p@ss word/%", "p%40ss%20word%2F%25", base64.b64encode(b"p@ss word/%").decode()])
    def test_a_secret_is_masked_in_other_spellings(self, runner: Runner, written: str) -> None:
        run = says(runner, "::add-mask::p@ss word/%25", f"<{written}>")
        assert run.log[0].startswith("<***")

    def test_an_empty_mask_is_a_warning(self, runner: Runner) -> None:
        run = says(runner, "::add-mask::")
        assert run.masks == ()
        assert [note.level for note in run.annotations] == ["warning"]

    def test_annotations_have_level_title_and_message(self, runner: Runner) -> None:
        run = says(
            runner,
            "::add-mask::hunter2",
            "::error title=No%2C really%3A no::First%0Ahunter2",
            "::warning::careful",
            "::notice::so you know",
        )
        told = [(note.level, note.title, note.message) for note in run.annotations]
        assert told == [
            ("error", "No, really: no", "First\n***"),
            ("warning", "", "careful"),
            ("notice", "", "so you know"),
        ]
        assert run.log[:2] == ("##[error]First", "***")

    def test_debug_is_shown_when_asked_for(self, tmp_path: Path) -> None:
        lines = ("::debug::deep", "::group::A group", "in it", "::endgroup::")
        quiet, loud = (Runner(tmp_path / str(debug), **ADDRESSES, debug=debug) for debug in (False, True))
        assert says(quiet, *lines).log == ("##[group]A group", "in it", "##[endgroup]")
        assert says(loud, *lines).log[0] == "##[debug]deep"
        assert environment(loud)["RUNNER_DEBUG"] == "1"

    def test_commands_can_be_stopped(self, runner: Runner) -> None:
        run = says(runner, "::stop-commands::Token", "::warning::text", "::Token::", "::warning::command")
        assert [note.message for note in run.annotations] == ["command"]
        assert run.log == ("::stop-commands::Token", "::warning::text", "::Token::", "##[warning]command")

    def test_what_only_looks_like_a_command_is_text(self, runner: Runner) -> None:
        lines = ("say ::error::no", "::no-such-command::x", ":: error::x")
        run = says(runner, *lines)
        assert run.log == lines
        assert run.annotations == ()

    def test_a_carriage_return_ends_a_line_too(self, runner: Runner) -> None:
        run = says(runner, "text\r::error::hidden behind it\r\nmore")
        assert run.log == ("text", "##[error]hidden behind it", "more")

    def test_errors_are_commands_on_stderr_as_well(self, runner: Runner) -> None:
        run = step(runner, "import sys; print('::error::no', file=sys.stderr); sys.exit(3)")
        assert (run.exit_code, run.raw_stdout, run.raw_stderr) == (3, "", "::error::no\n")
        assert run.annotations[0].message == "no"
        assert not run.succeeded


class TestFileCommands:
    def test_both_forms_are_read(self, runner: Runner) -> None:
        run = writes(runner, "GITHUB_OUTPUT", "a=1=1\n\nb<<END=\none\ntwo\nEND=\nempty=\nnone<<E\nE\n")
        assert run.outputs == {"a": "1=1", "b": "one\ntwo", "empty": "", "none": ""}
        assert run.succeeded

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("nonsense\n", "Invalid format 'nonsense'"),
            ("=x\n", "Value cannot be null. (Parameter 'name')"),
            ("a<<\nx\n", "Name must not be empty and delimiter must not be empty"),
            ("a<<END\nx\n", "Matching delimiter not found 'END'"),
            ("a<<END\nx", "EOF marker missing new line"),
        ],
    )
    def test_a_bad_entry_fails_the_step_in_the_runner_s_words(self, runner: Runner, text: str, words: str) -> None:
        run = writes(runner, "GITHUB_OUTPUT", f"good=1\n{text}")
        assert run.outputs == {"good": "1"}
        assert (run.exit_code, run.succeeded) == (0, False)
        assert run.refusals[0] == "Unable to process file command 'output' successfully."
        assert words in run.refusals[1]
        assert [note.level for note in run.annotations] == ["error", "error"]

    @given(st.text())
    def test_a_value_comes_through_as_it_was(self, value: str) -> None:
        assert list(parse_file_command(f"name<<ghadelimiter\n{value}\nghadelimiter\n")) == [("name", value)]

    def test_environment_path_and_state(self, runner: Runner) -> None:
        run = writes(runner, "GITHUB_ENV", "DATABASE_URL=x\n")
        assert run.environment == {"DATABASE_URL": "x"}
        assert writes(runner, "GITHUB_STATE", "made=con_1\n").state == {"made": "con_1"}
        assert writes(runner, "GITHUB_PATH", "/opt/a\n/opt/b\n").path == ("/opt/a", "/opt/b")

    def test_node_options_can_t_be_exported(self, runner: Runner) -> None:
        run = writes(runner, "GITHUB_ENV", "NODE_OPTIONS=--inspect\n")
        assert run.environment == {}
        assert ["NODE_OPTIONS" in note.message for note in run.annotations] == [True]
        assert run.succeeded

    def test_another_job_gets_no_output_that_holds_a_secret(self, runner: Runner) -> None:
        run = step(
            runner,
            "import os; print('::add-mask::hunter2', flush=True)\n"
            "open(os.environ['GITHUB_OUTPUT'], 'a').write('url=postgres://u:hunter2@h/d\\nhost=h\\nnone=\\n')",
        )
        assert set(run.outputs) == {"url", "host", "none"}
        assert run.job_outputs == {"host": "h"}

    def test_the_summary_is_masked_and_limited(self, runner: Runner) -> None:
        run = writes(runner, "GITHUB_STEP_SUMMARY", "# ghs_job_token\n")
        assert (run.summary, run.raw_summary) == ("# ***\n", "# ghs_job_token\n")
        run = step(runner, "import os; open(os.environ['GITHUB_STEP_SUMMARY'], 'a').write('x' * (1024 * 1024 + 1))")
        assert run.summary == ""
        assert "supports content up to a size of 1024k" in run.annotations[0].message


class TestProcess:
    def test_steps_of_a_job_share_the_workspace_and_nothing_else(self, runner: Runner) -> None:
        writes(runner, "GITHUB_OUTPUT", "a=1\n")
        step(runner, "open('kept', 'w').close()")
        run = step(runner, "import os; print(os.listdir('.'))")
        assert run.log == ("['kept']",)
        assert run.outputs == {}

    def test_a_step_that_hangs_is_killed_and_its_log_shown(self, runner: Runner) -> None:
        script = "print('so far', flush=True); import time; time.sleep(60)"
        with pytest.raises(TimeoutError, match="so far"):
            runner.run([sys.executable, "-c", script], event="x", payload=DISPATCH, timeout=1)

    def test_a_killed_step_leaves_what_it_had_written(self, runner: Runner) -> None:
        script = "import os, time; open(os.environ['GITHUB_OUTPUT'], 'a').write('a=1\\n'); print('on', flush=True); time.sleep(60)"
        under_way = started(runner, script)
        under_way.kill()
        run = under_way.finish()
        assert run.exit_code == -signal.SIGKILL
        assert run.outputs == {"a": "1"}

    def test_a_cancelled_step_is_interrupted_first(self, runner: Runner) -> None:
        script = (
            "import time\ntry:\n  print('on', flush=True); time.sleep(60)\n"
            "except KeyboardInterrupt:\n  print('stopped'); raise SystemExit(1)"
        )
        under_way = started(runner, script)
        under_way.cancel()
        run = under_way.finish()
        assert (run.exit_code, run.log) == (1, ("on", "stopped"))
