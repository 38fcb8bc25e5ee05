"""The commands that the docs tell somebody to type, typed."""

from __future__ import annotations

import os
import subprocess
import sysconfig

from .documents import ROOT, blocks, workflows
from .player import Player


def test_a_workflow_can_be_tried_on_ones_machine(player: Player) -> None:
    (commands,) = (text for _, text in blocks(ROOT / "docs" / "recipes.md", "sh") if "\nact " in text)
    usual = next(workflow for workflow in workflows() if "pull_request" in workflow.events)
    folder = player.repository(usual)
    options = player.options()
    (player.root / ".actrc").write_text("\n".join(" ".join(pair) for pair in _in_pairs(options)), "utf-8")
    ran = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{commands}"],
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


def _in_pairs(options: list[str]) -> list[list[str]]:
    """An option and its value on a line each, as act reads its file of them."""
    lines: list[list[str]] = []
    for option in options:
        if option.startswith("--"):
            lines.append([option])
        else:
            lines[-1].append(option)
    return lines
