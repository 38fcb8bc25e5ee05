"""What is masked in a log, and what is not: no more than GitHub's runner masks."""

from __future__ import annotations

import base64

import pytest

from preview_db_emulator.runner.masker import Masker

LONG = 'it\'s <b>&c "quoted"'


@pytest.mark.parametrize(
    ("secret", "written"),
    [
        (LONG, "it&apos;s &lt;b&gt;&amp;c &quot;quoted&quot;"),
        (LONG, "it''s <b>&c \"quoted\""),
        (LONG, 'it\'s <b>&c \\"quoted\\"'),
        (LONG, "it%27s%20%3Cb%3E%26c%20%22quoted%22"),
        ("tab\there\u2028there", "tab\\there\\u2028there"),
        ('"nine cha"', "nine cha"),
        ("first&second", "first&"),
        ("second&first-part", "first-part"),
        ("first&+xsecond", "first&+"),
        ("first&+xsecond", "second"),
        ("one\n  two  \rthree", "two"),
        ("hunter2", base64.b64encode(b"user:hunter2").decode()[8:]),
    ],
)
def test_forms_that_encoders_make_are_masked(secret: str, written: str) -> None:
    assert Masker([secret])(f"<{written}>") == "<***>"


@pytest.mark.parametrize(
    ("secret", "written"),
    [
        (LONG, "it&#x27;s &lt;b&gt;"),  # XML's &apos; is masked, HTML's number is not
        ('"short"', "short"),
        ('"only the first', "only the first"),
        ("one&second", "one&"),
        ("p@ss word", "p@ss+word"),  # as a form's field would be
        ("p@ss word", "p@ss%20word"),
        ("postgres://u:hunter2@h/d", "hunter2"),
        ("hunter2", "HUNTER2"),
    ],
)
def test_other_forms_are_not(secret: str, written: str) -> None:
    assert Masker([secret])(f"<{written}>") == f"<{written}>"


def test_what_overlaps_or_touches_becomes_one() -> None:
    assert Masker(["abc", "cde"])("x abcde abccde x") == "x *** *** x"
