"""What is not installed is said by its name, with what to install; and Ctrl-C is told by its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from preview_db_emulator.client import script

_HIDES = """
import sys
class Hidden:
    def find_spec(name, path=None, target=None):
        if name in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hidden)
"""


def without(folder: Path, *names: str) -> dict[str, str]:
    """An environment in which these modules are not installed."""
    (folder / "sitecustomize.py").write_text(_HIDES.format(names=names))
    return os.environ | {"PYTHONPATH": str(folder)}


@pytest.mark.parametrize("module", ["click", "rich"])
@pytest.mark.parametrize("command", ["list", "demo", "emulate", "--help"])
def test_the_terminal_says_which_extra_it_needs(tmp_path: Path, module: str, command: str) -> None:
    run = subprocess.run(
        [script("preview-db"), command], env=without(tmp_path, module), capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 1
    assert "pip install 'preview-db[cli]'" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("module", ["starlette", "uvicorn", "preview_db_emulator"])
@pytest.mark.parametrize("command", ["demo", "emulate"])
def test_the_emulator_says_which_extra_it_needs(tmp_path: Path, module: str, command: str) -> None:
    run = subprocess.run(
        [script("preview-db"), command], env=without(tmp_path, module), capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 1
    assert "pip install 'preview-db[" in run.stderr
    assert "emulator]'" in run.stderr
    assert "Traceback" not in run.stderr


def test_ctrl_c_in_the_demo_ends_it_as_a_signal_does() -> None:
    demo = subprocess.Popen(
        [script("preview-db"), "demo", "--pause", "60"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert demo.stdout is not None
    while "ready after" not in demo.stdout.readline():
        assert demo.poll() is None
    os.killpg(demo.pid, signal.SIGINT)  # as a terminal does
    _, err = demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert "Traceback" not in err
