"""Every example has a page, and every page shows the example as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted(path.parent for path in ROOT.glob("examples/*/preview.yml"))
PAGES = [page for page in sorted(ROOT.glob("docs/*.md")) if "../examples/" in page.read_text("utf-8")]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_example_has_a_page_that_leads_to_its_workflow(example: Path) -> None:
    pages = [page.read_text("utf-8") for page in PAGES if f"(../examples/{example.name}/preview.yml)" in page.read_text("utf-8")]
    assert len(pages) == 1
    assert "## What goes wrong" in pages[0]
    assert f"[{example.name}]({example.name})" in (ROOT / "examples/README.md").read_text("utf-8")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_inputs_on_its_page_are_those_of_its_workflow(example: Path) -> None:
    steps = yaml.safe_load((example / "preview.yml").read_text("utf-8"))["jobs"]["preview"]["steps"]
    (ours,) = (step["with"] for step in steps if step.get("uses", "").startswith("preview-db/preview-db@"))
    (page,) = (page.read_text("utf-8") for page in PAGES if f"(../examples/{example.name}/preview.yml)" in page.read_text("utf-8"))
    if "## In the workflow" in page:
        shown = re.findall(r"(?m)^\| `(\w+): ([^`]+)` \|", page.split("## In the workflow")[1].split("\n## ")[0])
        assert dict(shown) == {name: value for name, value in ours.items() if name not in ("service_token", "project")}


def test_what_a_page_shows_of_a_program_is_in_it() -> None:
    """Line by line, in the blocks of the languages that the examples are written in."""
    for page in PAGES:
        for folder in re.findall(r"\(\.\./examples/([\w-]+)/", page.read_text("utf-8")):
            sources = [path for path in (ROOT / "examples" / folder).rglob("*") if path.suffix in (".py", ".ts", ".js", ".mjs", ".astro")]
            program = " ".join(" ".join(path.read_text("utf-8").split()) for path in sources if "node_modules" not in path.parts)
            for block in re.findall(r"(?s)```(?:python|ts|js)\n(.*?)```", page.read_text("utf-8")):
                for line in (line.strip() for line in block.splitlines() if line.strip()):
                    assert line in program, (page.name, line)
