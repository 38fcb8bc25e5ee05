"""The workflows that README, docs and examples show, as somebody who copies them has them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import yaml
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
OTHER_SYSTEMS = ("docs/other-ci.md", "docs/terminal.md")
"""What these show in YAML is for other CI systems: tests/cli runs it."""

_OF_PULL_REQUESTS = """\
on:
  pull_request:
    types: [opened, reopened, synchronize, closed]
permissions:
  contents: read
  pull-requests: write
"""
_OF_A_SCHEDULE = """\
on:
  schedule:
    - cron: '17 3 * * *'
  workflow_dispatch:
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
_APP_STEP = """\
- uses: actions/create-github-app-token@v3
  id: app
  with:
    client-id: ${{ vars.SWEEPER_CLIENT_ID }}
    private-key: ${{ secrets.SWEEPER_PRIVATE_KEY }}
    owner: ${{ github.repository_owner }}
    permission-metadata: read
    permission-pull-requests: read
"""
_NO_STEPS = {"concurrency", "permissions"}
"""What a page may show of a workflow with nothing in it to run."""


class NotPlayed(Exception):
    """A page shows what looks like a part of a workflow and is none that could be played."""


@dataclass(frozen=True)
class Workflow:
    """A workflow to play; where a page shows steps only, with a workflow around them.

    Attributes:
        name: where it stands: the page and its line.
        whole: whether the page shows all of it, and not only steps for a workflow like that.
    """

    name: str
    text: str
    whole: bool = True

    @functools.cached_property
    def content(self) -> dict[str, Any]:
        """What YAML makes of it, with ``on`` under its own name, which YAML 1.1 takes for true."""
        loaded = yaml.safe_load(self.text)
        return {"on" if key is True else str(key): value for key, value in loaded.items()}

    @property
    def events(self) -> dict[str, Any]:
        """What starts it, each with its terms (``types``, ``branches``, ...)."""
        on = self.content["on"]
        return {event: terms or {} for event, terms in on.items()} if isinstance(on, dict) else {on: {}}


@functools.cache
def workflows(root: Path = ROOT) -> tuple[Workflow, ...]:
    """Every workflow that README, docs and examples below ``root`` show, and every list of steps, in a workflow around it.

    Raises:
        NotPlayed: a page shows something in YAML that is neither.
    """
    found: list[Workflow] = []
    for page in (*sorted(root.glob("*.md")), *sorted(root.glob("docs/*.md")), *sorted(root.glob("examples/*.md"))):
        name = page.relative_to(root).as_posix()
        if name not in OTHER_SYSTEMS:
            found += _of(page, name)
    for example in sorted(root.glob("examples/*/*.yml")):
        found.append(Workflow(example.relative_to(root).as_posix(), example.read_text("utf-8")))
    return tuple(found)


def blocks(page: Path, *languages: str) -> Iterator[tuple[int, str]]:
    """Line and text of a page's fenced blocks in one of ``languages``."""
    for token in MarkdownIt().parse(page.read_text("utf-8")):
        if token.type == "fence" and token.info.strip() in languages and token.map:
            yield token.map[0] + 1, token.content


def _of(page: Path, name: str) -> Iterator[Workflow]:
    last = ""
    for line, text in blocks(page, "yaml", "yml"):
        place, content = f"{name}:{line}", yaml.safe_load(text)
        if isinstance(content, dict) and "jobs" in content:
            last = text if True in content else _OF_PULL_REQUESTS + text
            yield Workflow(place, last)
        elif text.startswith("  "):  # one more job, for the workflow above
            yield Workflow(place, last + text)
        elif isinstance(content, list):
            yield Workflow(place, _around(text), whole=False)
        elif "steps" in content:
            yield Workflow(place, _around(re.sub(r"\Asteps:\n", "", text)), whole=False)
        elif not set(content) <= _NO_STEPS:
            raise NotPlayed(f"{place} is no workflow, no job and no list of steps")


def _around(steps: str) -> str:
    if "command: sweep" in steps:
        before, above = _APP_STEP if "steps.app." in steps else "", _OF_A_SCHEDULE
    else:
        before, above = _BEFORE_STEPS if "actions/checkout" not in steps else "", _OF_PULL_REQUESTS
    ours = _OUR_STEP if "preview-db/preview-db@" not in steps else ""
    return above + _AROUND_STEPS + indent(before + ours + dedent(steps), "      ")
