"""Who can log in where, with what, and when: real PostgreSQL sessions with the strings that were handed out."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import time
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.drivers.emulator import StandIn, log_in, secret


def test_a_connection_opens_its_own_database_only(stand_in: StandIn) -> None:
    mine, other = (secret(stand_in.create_database(name=name)) for name in ("mine", "not-mine"))
    for name in ("not-mine", "postgres", "template1"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            log_in(mine.replace("/mine?", f"/{name}?"))
    stranger = urlsplit(mine).password or ""
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        log_in(other.replace(urlsplit(other).password or "", stranger))


def test_a_deleted_connection_cannot_log_in(stand_in: StandIn) -> None:
    database = stand_in.create_database(name="revoked")
    connection = stand_in.create_connection(database)
    with psycopg.connect(secret(connection)) as session:
        session.execute("CREATE TABLE mine (a int)")
        session.commit()
        assert stand_in.api.delete(f"/v1/connections/{connection['id']}").status_code == 204
        with pytest.raises(psycopg.OperationalError):
            for _ in range(50):
                session.execute("SELECT 1")
                time.sleep(0.02)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        log_in(secret(connection))
    assert log_in(secret(database), "SELECT * FROM mine") == [], "rows survive the credential that wrote them"
    log_in(secret(database), "DROP TABLE mine")


def test_a_credential_that_kept_things_to_itself_goes_all_the_same(stand_in: StandIn) -> None:
    database = stand_in.create_database(name="selfish")
    connection = stand_in.create_connection(database)
    user = urlsplit(secret(connection)).username
    log_in(secret(database), f'GRANT CREATE ON SCHEMA public TO "{user}"')
    log_in(secret(connection), "RESET ROLE; CREATE TABLE t AS SELECT 1 AS a")
    assert stand_in.api.delete(f"/v1/connections/{connection['id']}").status_code == 204
    assert log_in(secret(database), "SELECT a FROM t") == [(1,)]


def test_a_deleted_database_is_gone_with_who_is_in_it(stand_in: StandIn) -> None:
    database = stand_in.create_database(name="doomed")
    with psycopg.connect(secret(database)) as session:
        assert stand_in.api.delete(f"/v1/databases/{database['id']}").status_code == 204
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        log_in(secret(database))
    roles = log_in(stand_in.ready["postgres_url"], "SELECT rolname FROM pg_roles")
    assert f"owner_{database['id'].removeprefix('db_')}" not in {name for (name,) in roles}
    again = stand_in.create_database(name="doomed")
    assert log_in(secret(again), "SELECT current_database()") == [("doomed",)]


@pytest.mark.parametrize(
    "name",
    [
        "plain",
        "with space",
        "q\"uo'te",
        "a=b",
        "%41",
        "ünïcödé/…",
        "postgres",
        "template1",
        "x" * 63,
        "x" * 64,
        "é" * 40,
        "a\nb",
        "nul\0nul",
    ],
)
def test_the_string_opens_a_database_whatever_its_name(stand_in: StandIn, name: str) -> None:
    database = stand_in.create_database(name=name)
    assert database["name"] == name
    ((actual,),) = log_in(secret(database), "SELECT current_database()")
    fits = len(name.encode()) <= 63 and name not in ("postgres", "template1") and "\0" not in name
    assert (actual == name) == fits
    twin = stand_in.create_database(name=name)
    assert log_in(secret(twin), "SELECT current_database()") != [(actual,)]
    for each in (database, twin):
        assert stand_in.api.delete(f"/v1/databases/{each['id']}").status_code == 204


def test_passwords_may_be_as_nasty_as_can_be(stand_in: StandIn) -> None:
    stand_in.control.put("passwords", json={"alphabet": "%'\"$\n\\ @:/?#[]&=`{}ü"})
    database = stand_in.create_database(name="nasty")
    assert log_in(secret(database)) == [(1,)]
    rotated = stand_in.api.post(f"/v1/connections/{database['connections'][0]['id']}/rotate").json()["data"]
    assert log_in(secret(rotated, "pooled")) == [(1,)]


def test_tls_is_demanded(stand_in: StandIn) -> None:
    url = secret(stand_in.create_database(name="tls"))
    with pytest.raises(psycopg.OperationalError, match="SSL/TLS"):
        log_in(url.replace("sslmode=require", "sslmode=disable"))
    for mode in ("prefer", "allow", "require"):
        assert log_in(url.replace("sslmode=require", f"sslmode={mode}")) == [(1,)]


def test_psql_works_and_can_cancel(stand_in: StandIn) -> None:
    url = secret(stand_in.create_database(name="psql"))
    told = subprocess.run(["psql", url, "-Atc", "SELECT 40 + 2"], capture_output=True, text=True, check=True, timeout=20)
    assert told.stdout == "42\n"
    with subprocess.Popen(["psql", url, "-c", "SELECT pg_sleep(60)"], stderr=subprocess.PIPE, text=True) as asleep:
        # As superuser, or the query is hidden; in autocommit, or a transaction sees what it saw at its first look.
        with psycopg.connect(stand_in.ready["postgres_url"], autocommit=True) as watching:
            waiting = "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'"
            while not watching.execute(waiting).fetchone():
                assert asleep.poll() is None
                time.sleep(0.02)
        asleep.send_signal(2)
        _, complaint = asleep.communicate(timeout=10)
    assert "canceling statement due to user request" in complaint


def test_large_results_and_uploads_come_through(stand_in: StandIn) -> None:
    with psycopg.connect(secret(stand_in.create_database(name="bulk"))) as session:
        session.execute("CREATE TABLE t (a text)")
        with session.cursor().copy("COPY t FROM STDIN") as copy:
            for _ in range(2000):
                copy.write(b"x" * 5000 + b"\n")
        assert session.execute("SELECT sum(length(a)) FROM t").fetchone() == (10_000_000,)
        assert len(session.execute("SELECT a FROM t").fetchall()) == 2000


def test_clients_that_leave_or_talk_nonsense_do_no_harm(stand_in: StandIn) -> None:
    url = secret(stand_in.create_database(name="robust"))
    where = (urlsplit(url).hostname, urlsplit(url).port)
    ssl_request = struct.pack("!II", 8, 80877103)
    for words in (
        b"",
        b"\0\0",
        ssl_request,
        ssl_request + b"\x16\x03",
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack("!II", 8, 80877104),
        b"\xff" * 64,
    ):
        with socket.create_connection(where, timeout=5) as connection:
            connection.sendall(words)
    assert log_in(url) == [(1,)]
    descriptors = f"/proc/{stand_in.process.pid}/fd"
    before = len(os.listdir(descriptors))
    for _ in range(30):
        with psycopg.connect(url):
            pass
    deadline = time.monotonic() + 5
    while len(os.listdir(descriptors)) > before + 4:
        assert time.monotonic() < deadline, "sockets leak"
        time.sleep(0.05)


def test_the_first_logins_to_a_cold_database_are_refused_with_both_texts(stand_in: StandIn) -> None:
    stand_in.control.put("settings", json={"cold_start_s": 0.6})
    url = secret(stand_in.create_database(name="cold"))
    said = []
    deadline = time.monotonic() + 10
    while True:
        assert time.monotonic() < deadline
        try:
            assert log_in(url) == [(1,)]
            break
        except psycopg.OperationalError as error:
            said.append(str(error))
    assert any("Failed to connect to upstream database" in text for text in said)
    assert any("not configured correctly yet" in text for text in said)


def test_a_database_can_be_made_to_refuse_for_good(stand_in: StandIn) -> None:
    database = stand_in.create_database(name="over-limit")
    stand_in.control.put(f"databases/{database['id']}", json={"refusing": "planLimitReached"})
    with pytest.raises(psycopg.OperationalError, match="planLimitReached"):
        log_in(secret(database))
    stand_in.control.put(f"databases/{database['id']}", json={"refusing": None})
    assert log_in(secret(database)) == [(1,)]
