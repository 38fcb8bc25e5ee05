"""Escaping for Markdown: whatever other people named a thing, it is shown and never obeyed."""

from __future__ import annotations

import re
from collections.abc import Iterable

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]+")


def code(value: str) -> str:
    """``value`` as inline code in a table, whatever it holds: no mention, no link, no markup, no line break."""
    clean = _UNSAFE.sub(" ", value).replace("`", "'").replace("|", "\\|").strip()[:200]
    return f"`{clean}`" if clean else ""


def text(value: str) -> str:
    """``value`` as plain text in a line or table cell, with every character of Markdown and HTML defused."""
    clean = _UNSAFE.sub(" ", value).strip()[:2000]
    clean = clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    clean = re.sub(r"([\\`*_{}\[\]()#+!|~]|\A[=-]|(?<=\A\d)\.)", r"\\\1", clean)
    # A zero-width space after them keeps GitHub from making mentions, references and links of bare text.
    return re.sub(r"(@|://|(?<=\bwww)\.)", "\\1\u200b", clean)


def table(rows: Iterable[tuple[str, str]]) -> list[str]:
    first, *rest = (f"| {name} | {value} |" for name, value in rows)
    return [first, "|---|---|", *rest]
