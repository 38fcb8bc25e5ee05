"""The commands that the docs tell somebody to type, typed."""

from __future__ import annotations

import os
import subprocess
import sysconfig

import pytest

from .documents import ROOT, blocks, workflows
from .machine import BASE, tools_in_a_container
from .player import Player


def test_a_workflow_can_be_tried_on_ones_machine(player: Player, tmp_path_factory: pytest.TempPathFactory) -> None:
    """In containers alone, as act does it unless told otherwise."""
    (commands,) = (text for _, text in blocks(ROOT / "docs" / "recipes.md", "sh") if "\nact " in text)
    usual = next(workflow for workflow in workflows() if "pull_request" in workflow.events)
    folder = player.repository(usual)
    options = player.options(usual, BASE, tools_in_a_container(tmp_path_factory.mktemp("tools")))
    (player.root / ".actrc").write_text("\n".join(" ".join(option) for option in options), "utf-8")
    ran = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\ntrap 'kill $! 2>/dev/null || true' EXIT\n{commands}"],
        cwd=folder,
        env={
            "PATH": f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}",
            "HOME": str(player.root),
            "DOCKER_HOST": os.environ.get("DOCKER_HOST", ""),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "npm test: logged in" in ran.stdout
    assert "### Preview database: ready" in ran.stdout
