"""The page of the emulator names the clients that are tried, as they are tried."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "emulator.md").read_text("utf-8")
CLIENTS = json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"]


@pytest.mark.parametrize("package", sorted(set(CLIENTS) - {"pg"}))  # which is what the scripts log in with
def test_the_page_says_which_version_is_tried(package: str) -> None:
    version = CLIENTS[package].rpartition("@")[2]
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and version in line]
    name = "Prisma's CLI" if package.startswith("prisma") else package
    assert any(name.lower() in row.lower() for row in rows), (name, version)
