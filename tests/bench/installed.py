"""The action as its image has it: with what it needs and nothing else, by an interpreter that looks nowhere else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Installed:
    """A virtual environment in ``folder``, made as the Dockerfile makes the image's."""

    def __init__(self, folder: Path) -> None:
        self._bin = folder / "bin"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        wheels, pip = folder / "wheels", [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq"]
        commands: list[list[str | Path]] = [
            ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels, ROOT],
            ["--python", self._bin / "python", "install", "--require-hashes", "-r", ROOT / "requirements" / "action.txt"],
            ["--python", self._bin / "python", "install", "--no-deps", "--no-index", "--find-links", wheels, "preview-db"],
        ]
        for command in commands:
            subprocess.run([*pip, *command], check=True)

    @property
    def python(self) -> list[str]:
        """The interpreter, isolated."""
        return [str(self._bin / "python"), "-I"]

    def command(self, name: str) -> list[str]:
        """What starts one of the console scripts."""
        return [*self.python, str(self._bin / name)]
