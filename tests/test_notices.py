"""Whoever takes the image is told which libraries in it ask for more than being named, and where their source is."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
IMAGE = os.environ.get("PREVIEW_DB_IMAGE", "")
NAMED = re.compile(r"GNU|GPL|Mozilla|MPL|EUPL|CDDL|EPL", re.IGNORECASE)


def locked() -> list[str]:
    return re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / "action.txt").read_text("utf-8"), re.MULTILINE)


def license_of(package: str) -> str:
    about = importlib.metadata.metadata(package).json
    classifiers = [line for line in about.get("classifier", []) if line.startswith("License")]
    return " ".join([str(about.get("license_expression", "")), *classifiers, str(about.get("license", ""))[:100]])


def asking() -> set[str]:
    """The locked packages whose license has conditions on its source."""
    return {package for package in locked() if _is_installed(package) and NAMED.search(license_of(package))}


def test_the_notices_name_every_dependency_under_a_license_with_conditions_and_no_other() -> None:
    rows = re.findall(r"^\| ([^|]*) \| [GM]", (ROOT / "NOTICES.md").read_text("utf-8"), re.MULTILINE)
    named = {name.strip().lower() for row in rows if ", in " not in row for name in row.split(",")}
    assert "psycopg" in asking()
    assert named == asking()


@pytest.mark.skipif(not IMAGE, reason="PREVIEW_DB_IMAGE names no image; build one with: make image")
def test_the_image_has_the_notices_and_the_licenses() -> None:
    lists = (
        "import pathlib\n"
        "here = pathlib.Path('/opt/preview-db')\n"
        "print((here / 'NOTICES.md').read_text('utf-8'), *here.glob('lib/*/*/*/licenses/*'), sep='\\n')"
    )
    command = ["docker", "run", "--rm", "--entrypoint", "/opt/preview-db/bin/python", IMAGE, "-I", "-c", lists]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert (ROOT / "NOTICES.md").read_text("utf-8") in listed
    for package in asking():
        assert re.search(rf"/{package.replace('-', '_')}-[^/]*\.dist-info/licenses/", listed, re.IGNORECASE), listed


def _is_installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # one for another system
        return False
    return True
