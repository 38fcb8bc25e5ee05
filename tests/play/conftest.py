"""An emulator to a worker, with the project that the pages name; a repository to a test."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from preview_db_emulator.client import Emulator, emulator
from tests.drivers.workflow import api, new_project

from .documents import workflows
from .machine import projects, tools
from .player import APP_TOKENS, Player

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def image() -> str:
    """The action's image."""
    found = os.environ.get("PREVIEW_DB_IMAGE", "")
    if found and subprocess.run(["docker", "image", "inspect", found], capture_output=True, check=False).returncode == 0:
        return found
    reason = f"no Docker engine, or no image {found!r} in it; build one with: make image" if found else "PREVIEW_DB_IMAGE names no image"
    if os.environ.get("PREVIEW_DB_REQUIRE_IMAGE") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def stage(image: str) -> Iterator[Emulator]:
    with emulator() as started:
        made = {name: new_project(started, name) for name in projects(workflows())}
        api(started, "POST", "/v1/databases", {"projectId": made["my-project"], "name": "staging"}).raise_for_status()
        for name, token in APP_TOKENS.items():
            started.control("PUT", f"github/tokens/{token}", {"repositories": None, "counts": name.endswith("COUNTS")})
        yield started


@pytest.fixture(scope="session")
def tools_on_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the jobs find on PATH."""
    return tools(tmp_path_factory.mktemp("tools"))


@pytest.fixture
def player(tmp_path: Path, stage: Emulator, image: str, tools_on_path: Path) -> Player:
    return Player(tmp_path, stage, image, tools_on_path)


@pytest.fixture
def number() -> int:
    """A pull request of the test's own."""
    return next(_numbers)
