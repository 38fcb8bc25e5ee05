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

from .player import PROJECT, Player

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
def job_image(image: str) -> str:
    """What the jobs run in."""
    folder = Path(__file__).parent / "job"
    built = subprocess.run(
        ["docker", "build", "--quiet", "--network=host", "--build-arg", f"IMAGE={image}", folder],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    tag = "preview-db-play:job"
    subprocess.run(["docker", "tag", built, tag], check=True)
    return tag


@pytest.fixture(scope="session")
def stage(image: str) -> Iterator[Emulator]:
    with emulator() as started:
        project = new_project(started, PROJECT)
        api(started, "POST", "/v1/databases", {"projectId": project, "name": "staging"}).raise_for_status()
        yield started


@pytest.fixture
def player(tmp_path: Path, stage: Emulator, image: str, job_image: str) -> Player:
    return Player(tmp_path, stage, image, job_image)


@pytest.fixture
def number() -> int:
    """A pull request of the test's own."""
    return next(_numbers)
