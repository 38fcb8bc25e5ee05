"""README and docs say what the program does, down to the words it prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from preview_db import __version__
from preview_db.planning.decision import MEANS, Task
from preview_db.planning.outcome import OutcomeKind

ROOT = Path(__file__).parent.parent
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]


def test_the_tables_of_inputs_and_outputs_are_those_of_action_yml() -> None:
    subprocess.run([sys.executable, ROOT / "docs" / "inputs.py", "--check"], check=True)


def test_every_outcome_is_explained_and_no_other() -> None:
    text = (ROOT / "docs" / "inputs.md").read_text("utf-8").split("### `outcome`")[1]
    assert set(re.findall(r"`(\w+)`", "".join(row.split("|")[1] for row in text.splitlines() if row.startswith("| `")))) == set(OutcomeKind)


def test_the_first_line_of_the_log_is_the_one_that_is_shown() -> None:
    shown = f"preview-db {__version__}: pull request #12 got new commits: {MEANS[Task.ENSURE]}"
    assert shown in (ROOT / "docs" / "events.md").read_text("utf-8").splitlines()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)", page.read_text("utf-8")):
        led_to = (page.parent / target).resolve() if target else page
        assert led_to.exists(), target
        if anchor:
            headings = re.findall(r"(?m)^#+ (.*)$", led_to.read_text("utf-8"))
            slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, f"{target}#{anchor}"


def test_pull_requests_share_one_concurrency_group_on_every_page() -> None:
    """A group under another name would not make a close wait for a create."""
    by_number = re.compile(r"group: (.*)\$\{\{ github\.event\.pull_request\.number")
    assert {prefix for page in PAGES for prefix in by_number.findall(page.read_text("utf-8"))} == {"preview-db-"}
