"""A credential's two ends, and numbers with their nouns."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from preview_db.planning.credential import ConnectionString, Credential
from preview_db.planning.model import Endpoint
from preview_db.planning.words import count

DIRECT = ConnectionString(SecretStr("postgres://u:p@direct.example/d"))
POOLED = ConnectionString(SecretStr("postgres://u:p@pooled.example/d"))


def made(direct: ConnectionString | None, pooled: ConnectionString | None) -> Credential:
    return Credential("app", "con_1", "db_1", datetime(2026, 1, 1, tzinfo=UTC), direct, pooled)


def test_a_credential_knows_its_two_ends() -> None:
    both = made(DIRECT, POOLED)
    assert (both.string(Endpoint.DIRECT), both.string(Endpoint.POOLED)) == (DIRECT, POOLED)
    assert (both.other(Endpoint.DIRECT), both.other(Endpoint.POOLED)) == (POOLED, DIRECT)
    assert both.has(Endpoint.DIRECT)
    assert both.has(Endpoint.POOLED)


@pytest.mark.parametrize(
    ("only", "there", "missing"),
    [(made(DIRECT, None), Endpoint.DIRECT, Endpoint.POOLED), (made(None, POOLED), Endpoint.POOLED, Endpoint.DIRECT)],
)
def test_an_end_that_is_missing_is_not_made_up(only: Credential, there: Endpoint, missing: Endpoint) -> None:
    assert only.has(there)
    assert not only.has(missing)
    assert only.other(there) is None
    with pytest.raises(AssertionError, match=f"^a credential is handed out only if it has its {missing} endpoint$"):
        only.string(missing)


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (2, "wish", "2 wishes"),
        (2, "address", "2 addresses"),
        (2, "box", "2 boxes"),
        (2, "quiz", "2 quizes"),
        (2, "key", "2 keys"),
        (1, "entry", "1 entry"),
    ],
)
def test_a_noun_ends_as_english_has_it(number: int, noun: str, said: str) -> None:
    assert count(number, noun) == said
