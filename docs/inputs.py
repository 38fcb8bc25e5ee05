#!/usr/bin/env python3
"""Writes the tables of docs/inputs.md from action.yml, which is where inputs and outputs are described.

python docs/inputs.py            # write them
python docs/inputs.py --check    # fail if they are not current
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml

PAGE = Path(__file__).with_name("inputs.md")
ACTION = PAGE.parents[1] / "action.yml"


def page(text: str, action: str) -> str:
    """The page with its tables written again: of each section of ``action`` that the page names in a pair of comments.

    Raises:
        KeyError: a section of ``action`` is not on the page, or the page names one that is not there.
    """
    content: dict[str, Any] = yaml.safe_load(action)
    for part, head in (("inputs", "| input | default | |"), ("outputs", "| output | |")):
        described = re.search(rf"(?ms)^{part}:\n(.*?)(?=^\S|\Z)", action)
        for section in re.split(r"(?m)^  # ", described[1] if described else "")[1:]:
            title = section.splitlines()[0].split(":")[0]
            names = re.findall(r"(?m)^  (\w+):$", section)
            rows = [head, re.sub(r"[^|]+", "---", head), *(_row(name, content[part][name]) for name in names)]
            begin, end = f"<!-- {part}: {title} -->", "<!-- end -->"
            if begin not in text:
                raise KeyError(begin)
            before, _, rest = text.partition(begin)
            text = "\n".join([before + begin, *rows, end]) + rest.partition(end)[2]
    return text


def _row(name: str, what: dict[str, Any]) -> str:
    said = " ".join(what["description"].split()).replace("|", "\\|")
    if "default" not in what:
        return f"| `{name}` | {said} |"
    default = what["default"]
    shown = "the job's own" if "github.token" in default else f"`{default}`" if default else ""
    return f"| `{name}` | {shown} | {said} |"


def main(arguments: list[str]) -> int:
    """Writes the page, or with ``--check`` says whether it is current."""
    current = PAGE.read_text("utf-8")
    made = page(current, ACTION.read_text("utf-8"))
    if arguments == ["--check"]:
        if made != current:
            sys.stderr.write("docs/inputs.md does not say what action.yml says. Write it again: make docs\n")
        return int(made != current)
    PAGE.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
