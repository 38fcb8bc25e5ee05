"""Every kind of error leads to a page that exists, and stands in the tree at the top of errors.py."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import preview_db
from preview_db import errors
from preview_db.errors import PreviewError

for module in pkgutil.walk_packages(preview_db.__path__, "preview_db."):
    importlib.import_module(module.name)  # errors that are defined beside what raises them are found once that is imported

DOCS = Path(__file__).parents[1] / "docs"


def kinds(of: type[PreviewError] = PreviewError) -> Iterator[type[PreviewError]]:
    yield of
    for kind in of.__subclasses__():
        yield from kinds(kind)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("kind", sorted(set(kinds()), key=str))
def test_an_error_leads_to_a_page_that_exists(kind: type[PreviewError]) -> None:
    name, _, anchor = kind.page.partition("#")
    assert (DOCS / name).is_file()
    assert not anchor or anchor in anchors(DOCS / name)


def test_the_tree_shows_every_kind_of_error() -> None:
    shown = set(re.findall(r"(?:[├└]── |^    )(\w+)", errors.__doc__ or "", re.MULTILINE))
    assert shown == {kind.__name__ for kind in kinds()}


def test_a_script_can_tell_the_kinds_apart_by_the_exit_code() -> None:
    codes = {kind.__name__: kind.exit_code for kind in kinds() if kind.exit_code != 1}
    assert codes == {
        "InvalidInput": 2, "WeakPassphrase": 2, "CannotDetermine": 2, "NoPreview": 3, "NotConfirmed": 4, "Mismatch": 4, "Cancelled": 130,
    }  # fmt: skip
