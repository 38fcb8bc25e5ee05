"""The pooled end-point works in transaction mode: what breaks people there breaks here, and what works there works here."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator

import psycopg
import pytest

from tests.drivers.emulator import StandIn, log_in, secret

Session = psycopg.Connection


@pytest.fixture
def urls(stand_in: StandIn) -> tuple[str, str]:
    database = stand_in.create_database(name="pooled")
    return secret(database), secret(database, "pooled")


@pytest.fixture
def pooled(urls: tuple[str, str]) -> Iterator[Session]:
    with psycopg.connect(urls[1], autocommit=True) as session:
        yield session


@pytest.fixture
def direct(urls: tuple[str, str]) -> Iterator[Session]:
    with psycopg.connect(urls[0], autocommit=True) as session:
        yield session


def value(session: Session, statement: str) -> object:
    row = session.execute(statement).fetchone()
    assert row is not None
    return row[0]


def test_settings_end_with_their_transaction(pooled: Session, direct: Session) -> None:
    for session in (pooled, direct):
        session.execute("SET statement_timeout = '7s'")
    assert (value(pooled, "SHOW statement_timeout"), value(direct, "SHOW statement_timeout")) == ("0", "7s")
    with pooled.transaction():
        pooled.execute("SET search_path = elsewhere")
        assert value(pooled, "SHOW search_path") == "elsewhere"
    assert value(pooled, "SHOW search_path") == '"$user", public'


def test_temporary_tables_end_with_their_transaction(pooled: Session, direct: Session) -> None:
    with pooled.transaction():
        pooled.execute("CREATE TEMP TABLE scratch (a int)")
        pooled.execute("INSERT INTO scratch VALUES (1)")
        assert value(pooled, "SELECT count(*) FROM scratch") == 1
    with pytest.raises(psycopg.errors.UndefinedTable):
        pooled.execute("SELECT * FROM scratch")
    direct.execute("CREATE TEMP TABLE scratch (a int)")
    assert value(direct, "SELECT count(*) FROM scratch") == 0


def test_advisory_locks_end_with_their_transaction(pooled: Session, direct: Session) -> None:
    with pooled.transaction():
        pooled.execute("SELECT pg_advisory_lock(42)")
        assert value(direct, "SELECT pg_try_advisory_lock(42)") is False
    assert value(direct, "SELECT pg_try_advisory_lock(42)") is True


def test_nobody_is_notified(pooled: Session, direct: Session) -> None:
    for session in (pooled, direct):
        session.execute("LISTEN news")
    direct.execute("NOTIFY news, 'hello'")
    assert [notice.payload for notice in direct.notifies(timeout=5, stop_after=1)] == ["hello"]
    assert list(pooled.notifies(timeout=0.2)) == []


def test_statements_prepared_by_sql_end_and_those_of_the_protocol_stay(pooled: Session) -> None:
    pooled.execute("PREPARE by_sql AS SELECT 1")
    with pytest.raises(psycopg.errors.InvalidSqlStatementName):
        pooled.execute("EXECUTE by_sql")
    assert [pooled.execute("SELECT %s::int", [n], prepare=True).fetchone() for n in range(5)] == [(n,) for n in range(5)]


def test_what_pgbouncer_tracks_stays(pooled: Session) -> None:
    pooled.execute("SET TIME ZONE 'Asia/Tokyo'")
    pooled.execute("SET client_encoding = 'LATIN1'")
    assert (value(pooled, "SHOW timezone"), value(pooled, "SELECT 'é'")) == ("Asia/Tokyo", "é")
    assert pooled.info.encoding == "iso8859-1"


def test_a_transaction_may_span_many_statements_and_fail(pooled: Session) -> None:
    pooled.execute("CREATE TABLE spanning (a int)")
    with pytest.raises(psycopg.errors.DivisionByZero), pooled.transaction():
        pooled.execute("INSERT INTO spanning VALUES (1)")
        pooled.execute("SELECT 1 / 0")
    assert value(pooled, "SELECT count(*) FROM spanning") == 0


def test_what_is_made_there_belongs_to_the_databases_owner(pooled: Session, direct: Session) -> None:
    pooled.execute("SELECT 1")
    pooled.execute("CREATE TABLE owned (a int)")
    owner = "SELECT tableowner = (SELECT rolname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE datname = current_database())"
    assert value(direct, f"{owner} FROM pg_tables WHERE tablename = 'owned'") is True


def test_copies_in_and_out_come_through(pooled: Session, urls: tuple[str, str]) -> None:
    pooled.execute("CREATE TABLE bulk (a text)")
    with pooled.cursor().copy("COPY bulk FROM STDIN") as copy:
        for _ in range(1000):
            copy.write(b"x" * 5000 + b"\n")
    with pooled.cursor().copy("COPY (SELECT a FROM bulk) TO STDOUT") as rows:
        assert sum(len(row) for row in rows) == 1000 * 5001
    assert value(pooled, "SELECT sum(length(a)) FROM bulk") == 5_000_000
    script = "\\copy bulk from program 'echo hello'\nSELECT count(*) FROM bulk;"
    told = subprocess.run(["psql", urls[1], "-At"], input=script, capture_output=True, text=True, check=True, timeout=20)
    assert told.stdout.split() == ["COPY", "1", "1001"]


def test_a_pipeline_of_several_transactions_comes_through(pooled: Session) -> None:
    pooled.execute("CREATE TABLE piped (a int)")
    with pooled.pipeline() as pipeline:
        cursors = []
        for n in range(20):
            pooled.execute("INSERT INTO piped VALUES (%s)", [n])
            cursors.append(pooled.execute("SELECT count(*) FROM piped"))
            pipeline.sync()
        assert [cursor.fetchone() for cursor in cursors] == [(n + 1,) for n in range(20)]


def test_a_query_can_be_cancelled(pooled: Session) -> None:
    threading.Timer(0.3, pooled.cancel).start()
    with pytest.raises(psycopg.errors.QueryCanceled):
        pooled.execute("SELECT pg_sleep(20)")
    assert value(pooled, "SELECT 1") == 1


def test_a_wrong_password_is_refused_there_too(urls: tuple[str, str]) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        log_in(urls[1].replace("@", "x@", 1))
