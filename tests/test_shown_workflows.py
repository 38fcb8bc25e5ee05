"""Whatever workflow a page or an example shows is played by `make play`: a new one is found by itself, or fails here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.play.documents import OTHER_SYSTEMS, ROOT, NotPlayed, blocks, workflows

STEP = re.compile(r"(?m)^[ \t]*(?:- )?uses: preview-db/")
WORKFLOW = """\
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: preview-db/preview-db@v1
"""


def page(root: Path, name: str, *shown: str, language: str = "yaml") -> None:
    (root / name).parent.mkdir(exist_ok=True)
    (root / name).write_text("# A page\n" + "".join(f"\n```{language}\n{text}```\n" for text in shown), "utf-8")


@pytest.mark.parametrize("name", ["new.md", "docs/new.md", "examples/new.md"])
@pytest.mark.parametrize("language", ["yaml", "yml"])
def test_a_new_page_is_played_by_itself(tmp_path: Path, name: str, language: str) -> None:
    page(tmp_path, name, WORKFLOW, "- run: npm test\n", language=language)
    assert [workflow.name for workflow in workflows(tmp_path)] == [f"{name}:3", f"{name}:12"]


def test_a_new_example_is_played_by_itself(tmp_path: Path) -> None:
    (tmp_path / "examples/new").mkdir(parents=True)
    (tmp_path / "examples/new/preview.yml").write_text(WORKFLOW)
    assert [workflow.name for workflow in workflows(tmp_path)] == ["examples/new/preview.yml"]


@pytest.mark.parametrize("shown", ["test:\n  script: npm test\n", "uses: preview-db/preview-db@v1\n"])
def test_what_can_t_be_played_is_not_passed_over(tmp_path: Path, shown: str) -> None:
    page(tmp_path, "docs/new.md", shown)
    with pytest.raises(NotPlayed, match=r"docs/new\.md:3"):
        workflows(tmp_path)


def test_no_step_is_shown_where_it_would_not_be_found() -> None:
    """Such as in a block without a language, or one that is indented."""
    for shown in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/**/*.md")):
        found = sum(len(STEP.findall(text)) for _, text in blocks(shown, "yaml", "yml"))
        assert len(STEP.findall(shown.read_text("utf-8"))) == found, shown
        assert not found or shown.relative_to(ROOT).as_posix() not in OTHER_SYSTEMS
