"""A secret stays hidden however a program encodes it, and whatever it is made of."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from preview_db.masks import Masks


def by_encode_uri_component(text: str) -> str:
    return quote(text, safe="!*'()")


def in_lower_case(text: str) -> str:
    return re.sub("%..", lambda found: found[0].lower(), quote(text, safe=""))


ENCODINGS: list[Callable[[str], str]] = [quote, quote_plus, by_encode_uri_component, in_lower_case, json.dumps, shlex.quote]


@pytest.mark.parametrize("encode", ENCODINGS)
@given(secret=st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=60).filter(str.strip))
def test_a_secret_is_hidden_however_it_is_encoded(encode: Callable[[str], str], secret: str) -> None:
    masks = Masks()
    masks.add(SecretStr(secret))
    assert set(masks.scrub(encode(secret))) <= set("*\"'")


@given(secret=st.text(st.characters(categories=["Cs"]), min_size=1, max_size=20))
def test_a_secret_may_hold_bytes_that_are_no_text(secret: str) -> None:
    masks = Masks()
    assert masks.add(SecretStr(secret))
    assert masks.scrub(f"[{secret}]") == "[***]"


def test_a_secret_that_is_a_part_of_another_leaves_nothing_of_it() -> None:
    masks = Masks()
    masks.add(SecretStr("hunter2"))
    masks.add(SecretStr("postgres://app:hunter2@host/db"))
    assert masks.scrub("postgres://app:hunter2@host/db and hunter2") == "*** and ***"


def test_nothing_is_no_secret() -> None:
    masks = Masks()
    assert [masks.add(SecretStr(empty)) for empty in ("", " ", "\n")] == [[], [], []]
    assert masks.scrub("a b\n") == "a b\n"
