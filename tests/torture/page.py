"""docs/reliability.md: a section for each part of `make torture`, with the commit, the time and the arguments it was measured with."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import re
import subprocess
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"

_LIBRARIES = ("httpx", "pygithub", "psycopg", "pydantic")


def with_sections(text: str, sections: Mapping[str, str], order: Sequence[str], *, postgres: str) -> str:
    """The page with ``sections``, each under its heading, in the place of those that it had.

    Args:
        text: of the page so far.
        order: all headings, first to last.
        postgres: the server's version.
    """
    kept = dict(zip(re.findall(r"(?m)^## (.*)$", text), re.split(r"(?m)^## .*$", text)[1:], strict=True))
    known = {**kept, **sections}
    return _reflowed(_head(postgres) + "".join(f"\n## {heading}\n{known[heading]}" for heading in order if heading in known))


def measured(body: str, *, arguments: str, began: datetime.datetime) -> str:
    """A section's text, and what it was measured with."""
    now = datetime.datetime.now(datetime.UTC)
    minutes = max(1, round((now - began).total_seconds() / 60))
    return f"{body}\nMeasured {now:%Y-%m-%d %H:%M} UTC at commit {_commit()}, in {minutes} min: `make torture ARGS='{arguments}'`.\n"


def _head(postgres: str) -> str:
    libraries = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES)
    model = next((line.partition(":")[2].strip() for line in _read("/proc/cpuinfo").splitlines() if line.startswith("model name")), "")
    return f"""# Reliability, measured

Written by `make torture` from what it measured; nothing here is written by hand. A part of which a claim does not hold leaves its section
as it was, and so does one that was not run: each says at which commit it was measured.

| | |
|---|---|
| What | preview-db {importlib.metadata.version("preview-db")} |
| Where | {os.cpu_count()} cores ({model or platform.machine()}), {_memory()} GiB, {platform.system()} |
| With | Python {platform.python_version()}, PostgreSQL {postgres}, {libraries} |

A seed fixes the lives, the order and the kinds of the faults, the schedules and their delays, and the examples of the property tests. How
the operating system interleaves them it does not fix: the same seed is the same weather, not the same day.

All of it is against the emulator, with a real PostgreSQL behind it, on one machine. It says nothing of Prisma's service.
"""


def _reflowed(text: str) -> str:
    """Paragraphs of even lines; tables and headings as they are."""
    blocks = [block if block.startswith(("|", "#")) else textwrap.fill(block, 120) for block in re.split(r"\n{2,}", text.strip())]
    return "\n\n".join(blocks) + "\n"


def _commit() -> str:
    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=PAGE.parents[1], capture_output=True, text=True, check=False).stdout.strip()

    changed = [line for line in git("status", "--porcelain").splitlines() if "docs/reliability.md" not in line]
    return f"`{git('rev-parse', '--short', 'HEAD') or 'unknown'}`" + (" and changes not yet committed" if changed else "")


def _memory() -> str:
    total = next((line.split()[1] for line in _read("/proc/meminfo").splitlines() if line.startswith("MemTotal")), "0")
    return f"{int(total) / 1024**2:.0f}"


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace")
    except OSError:
        return ""
