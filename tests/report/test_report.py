"""What a person reads: no secret, no markup of anybody else's, the same text for the same facts."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from preview_db.errors import DOCS, PreviewError
from preview_db.planning import identity
from preview_db.planning.outcome import Done, Outcome, OutcomeKind
from preview_db.planning.steps import Action, Step
from preview_db.report import preview as report
from tests.factories import database, scope

SCOPE = scope()
DATABASE = database(created_at=datetime(2026, 5, 1, 8, 30, tzinfo=UTC))
OUTCOME = Outcome(OutcomeKind.CREATED, "pull request #12 was opened", scope=SCOPE, identity=identity.name(SCOPE), database=DATABASE)
FACTS = report.Facts(commit="abcdef0123456789", at=datetime(2026, 5, 1, 8, 31, tzinfo=UTC))

hostile = st.text(max_size=80) | st.sampled_from(
    [
        "@everyone", "</details>", "<script>alert(1)</script>", "[x](https://evil.example)", "![i](https://evil.example/i.png)",
        "`code` **bold**", "a|b|c", "https://evil.example", "www.evil.example", "<!-- preview-db x -->",
        "\n\n# heading", "#1", "a" * 100_000,
        "\u202egnp.exe",
        "\\`x", "``` \n", "acme/web#1", "evil@example.com",
    ]
)  # fmt: skip


def rendered(markdown: str) -> str:
    return str(MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(markdown))


def test_the_comment_says_what_a_reviewer_wants_to_know() -> None:
    text = report.comment(OUTCOME, FACTS)
    for fact in ("ready", identity.name(SCOPE), "db_1", "eu-central-1", "2026-05-01 08:30 UTC", "abcdef0", "command: connect", "is closed"):
        assert fact in text


def test_the_same_facts_make_the_same_comment() -> None:
    assert report.comment(OUTCOME, FACTS) == report.comment(OUTCOME._replace(done=[]), FACTS)


def test_finding_nothing_to_delete_is_not_called_a_deletion() -> None:
    deleted = OUTCOME._replace(kind=OutcomeKind.DELETED, reason="pull request #12 was closed")
    absent = deleted._replace(kind=OutcomeKind.ABSENT, database=None)
    assert "are gone" not in report.comment(absent, FACTS)
    assert "Deleted" in report.comment(deleted, FACTS)


@given(hostile, hostile, hostile)
def test_hostile_text_stays_text(name: str, region: str, note: str) -> None:
    database = DATABASE._replace(name=name, region=region)
    done = [Done(Step(Action.KEEP, name, note), note, 0.1)]
    outcome = OUTCOME._replace(database=database, warnings=[note], done=done)
    for markdown in (report.comment(outcome, FACTS), report.summary(outcome, FACTS)):
        html = rendered(markdown)
        outside_code = re.sub(r"<code.*?</code>", "", html, flags=re.DOTALL)
        assert "<script" not in html
        assert "<a " not in html
        assert "<img" not in html
        assert "@everyone" not in outside_code
        assert html.count("<table>") == len(re.findall(r"^\|---\|", markdown, flags=re.MULTILINE))
        assert len(re.findall(r"<h[1-6]>", html)) == 1
        assert outside_code.count("<details>") == outside_code.count("</details>") <= 1
        assert len(markdown) < 65_000


@given(hostile, hostile, hostile)
def test_an_errors_words_stay_words(what: str, cause: str, remedy: str) -> None:
    html = rendered(report.failure(PreviewError(what, cause=cause, remedy=remedy)))
    assert re.findall(r"<a [^>]*>", html) == [f'<a href="{DOCS}errors.md">']  # ours, to read on
    assert "<script" not in html
    assert len(re.findall(r"<h[1-6]>", html)) == 1
