"""The workflows that README and docs show, as somebody who copies them has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import yaml
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *(ROOT / "docs" / name for name in ("connections.md", "events.md", "data.md", "recipes.md", "sweep.md")))
EXAMPLES = ROOT / "examples"

_ABOVE_JOBS = """\
on:
  pull_request:
    types: [opened, reopened, synchronize, closed]
permissions:
  contents: read
  pull-requests: write
"""
_AROUND_STEPS = """\
jobs:
  steps:
    runs-on: ubuntu-latest
    steps:
"""
_BEFORE_STEPS = """\
- uses: actions/checkout@v7
- run: npm ci
"""
_OUR_STEP = """\
- uses: preview-db/preview-db@v1
  id: db
  with:
    service_token: ${{ secrets.PRISMA_SERVICE_TOKEN }}
    project: my-project
"""


@dataclass(frozen=True)
class Workflow:
    """A workflow to play.

    Attributes:
        name: where it stands: the page and its line.
        whole: whether the page shows all of it, and not only steps for a workflow like that.
    """

    name: str
    text: str
    whole: bool = True

    @property
    def content(self) -> dict[str, Any]:
        """What YAML makes of it, with ``on`` under its own name, which YAML 1.1 takes for true."""
        loaded = yaml.safe_load(self.text)
        return {"on" if key is True else str(key): value for key, value in loaded.items()}

    @property
    def events(self) -> dict[str, Any]:
        """What starts it, each with its terms (``types``, ``branches``, ...)."""
        on = self.content["on"]
        return {event: terms or {} for event, terms in on.items()} if isinstance(on, dict) else {on: {}}


def workflows() -> list[Workflow]:
    """Every workflow that README, docs and examples show, and every list of steps, in a workflow around it."""
    examples = sorted(EXAMPLES.rglob("*.yml")) if EXAMPLES.is_dir() else []
    found = [Workflow(str(path.relative_to(ROOT)), path.read_text("utf-8")) for path in examples if "workflows" in path.parts]
    for page in PAGES:
        if page.is_file():
            found += _of(page)
    return found


def blocks(page: Path, *languages: str) -> Iterator[tuple[int, str]]:
    """Line and text of a page's fenced blocks in one of ``languages``."""
    for token in MarkdownIt().parse(page.read_text("utf-8")):
        if token.type == "fence" and token.info.strip() in languages and token.map:
            yield token.map[0] + 1, token.content


def _of(page: Path) -> Iterator[Workflow]:
    last = ""
    for line, text in blocks(page, "yaml"):
        name, content = f"{page.relative_to(ROOT)}:{line}", yaml.safe_load(text)
        if isinstance(content, dict) and "jobs" in content:
            last = text if True in content else _ABOVE_JOBS + text
            yield Workflow(name, last)
        elif text.startswith("  "):  # one more job, for the workflow above
            yield Workflow(name, last + text)
        elif isinstance(content, list):
            yield Workflow(name, _around(text), whole=False)
        elif "steps" in content:
            yield Workflow(name, _around(re.sub(r"\Asteps:\n", "", text)), whole=False)


def _around(steps: str) -> str:
    before = _BEFORE_STEPS if "actions/checkout" not in steps else ""
    ours = _OUR_STEP if "preview-db/preview-db@" not in steps else ""
    return _ABOVE_JOBS + _AROUND_STEPS + indent(before + ours + dedent(steps), "      ")
