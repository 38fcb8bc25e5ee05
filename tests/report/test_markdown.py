"""What is escaped in Markdown, character by character."""

from __future__ import annotations

import pytest

from preview_db.report.markdown import code, table, text

TEXTS = {
    "plain": "plain",
    "  around  ": "around",
    "two\r\nlines\x00\u202eturned": "two lines turned",
    "&": "&amp;",
    "<b>": "&lt;b&gt;",
    "`*_{}[]()#+!|~\\": "\\`\\*\\_\\{\\}\\[\\]\\(\\)\\#\\+\\!\\|\\~\\\\",
    "- item": "\\- item",
    "=== title": "\\=== title",
    "a - b = c": "a - b = c",
    "1. item": "1\\. item",
    "12. item": "12. item",
    "v1.2": "v1.2",
    "@octocat": "@\u200boctocat",
    "https://x.example": "https://\u200bx.example",
    "www.x.example": "www.\u200bx.example",
    "x" * 2001: "x" * 2000,
}
CODES = {
    "plain": "`plain`",
    "  around  ": "`around`",
    "two\nlines": "`two lines`",
    "a`b": "`a'b`",
    "a|b": "`a\\|b`",
    "x" * 201: f"`{'x' * 200}`",
    "": "",
    " \n ": "",
}


@pytest.mark.parametrize("value", TEXTS)
def test_text_stays_text(value: str) -> None:
    assert text(value) == TEXTS[value]


@pytest.mark.parametrize("value", CODES)
def test_code_stays_code(value: str) -> None:
    assert code(value) == CODES[value]


def test_the_first_row_of_a_table_is_its_head() -> None:
    assert table([("a", "1"), ("b", "2")]) == ["| a | 1 |", "|---|---|", "| b | 2 |"]
