"""A connection string that is handed out is read the same by everybody: by us who checked it, by libpq, by whoever parses URLs."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from preview_db.errors import Mismatch
from preview_db.planning.credential import Credential
from preview_db.services.prisma.credentials import credential
from preview_db.services.prisma.models import ConnectionWire, EndpointsWire, EndpointWire, Named

HOST, PORT = "db.prisma.io", 5432


def read(url: str, *, host: str = HOST, port: int = PORT, api_host: str = "api.prisma.io") -> Credential:
    answer = ConnectionWire(
        id="con_1",
        name="app",
        createdAt=datetime.now(UTC),
        endpoints=EndpointsWire(direct=EndpointWire(host=host, port=port, connectionString=SecretStr(url))),
        database=Named(id="db_1", name="x"),
    )
    return credential("app", answer, database_id="db_1", api_host=api_host)


parts = st.sampled_from(
    [
        "user", "p@ss", "p%40ss", ":", "@", "/", "?", "#", "\\", "[", "]", "%", "%00", "%zz", " ", ",", "é",
        "\n", "&", "=", "+", "'", '"', "`", "$x", "db.prisma.io", "evil.example", "127.0.0.1", "host=evil.example", "hostaddr=192.0.2.1",
        "sslmode=require", "service=x", "5432", "-1",
    ]
)  # fmt: skip
noise = st.lists(parts, max_size=4).map("".join)
urls = st.builds(
    "{}{}:{}@{}:{}/{}{}".format,
    st.sampled_from(["postgres://", "postgresql://", "Postgres://", "postgres:/", "//"]),
    noise,
    noise,
    st.sampled_from([HOST, "evil.example", f"evil.example,{HOST}", f"{HOST},evil.example", f"evil.example@{HOST}", "", "db%2eprisma.io"])
    | noise,
    st.sampled_from(["5432", "5432,1", "", "05432"]) | noise,
    st.sampled_from(["postgres", "post%67res", "a/b"]) | noise,
    st.builds("?{}".format, noise) | st.just("") | st.just("?sslmode=require"),
)


@given(urls)
@example(f"postgres://u:p@evil.example,x@{HOST}:5432/postgres")
@example(f"postgres://u:p@{HOST}:5432/postgres?host=evil.example")
@example(f"postgres://u:p@{HOST}:5432/postgres?sslmode=require&HOST=evil.example")
@example(f"postgres://u:p@{HOST}:5432/postgres?%68ost=evil.example")
@example(f"postgres://evil.example/@{HOST}:5432/postgres")
@example(f"postgres://u:p@{HOST}:5432/postgres#@evil.example")
def test_what_is_handed_out_leads_libpq_to_the_host_that_was_checked(url: str) -> None:
    try:
        made = read(url)
    except Mismatch:
        return
    assert made.direct is not None
    try:
        taken = conninfo_to_dict(url)
    except ProgrammingError as refused:
        assert "invalid URI query parameter" in str(refused), "another driver's, perhaps; libpq goes nowhere then"
        return
    assert taken["host"] == HOST == made.direct.host
    assert int(taken.get("port") or 5432) == PORT == made.direct.port
    assert taken["user"] == made.direct.user
    assert taken["password"] == made.direct.password.get_secret_value()
    assert taken["dbname"] == made.direct.database
    assert set(taken) <= {"host", "port", "user", "password", "dbname", "sslmode"}
    seen = urlsplit(url)
    assert (seen.hostname, seen.fragment, seen.username is not None) == (HOST, "", True)
    assert url.count("@") == 1


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=40))
def test_any_password_that_is_percent_encoded_is_taken(password: str) -> None:
    made = read(f"postgres://user:{quote(password, safe='')}@{HOST}:{PORT}/postgres?sslmode=require")
    assert made.direct is not None
    assert made.direct.password.get_secret_value() == password == unquote(quote(password, safe=""))


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "PREFER"])
def test_a_string_that_allows_to_do_without_tls_is_refused_but_on_this_machine(mode: str) -> None:
    with pytest.raises(Mismatch, match="TLS"):
        read(f"postgres://u:p@{HOST}:{PORT}/postgres?sslmode={mode}")
    local = read(f"postgres://u:p@127.0.0.1:{PORT}/postgres?sslmode={mode}", host="127.0.0.1", api_host="127.0.0.1")
    assert local.direct is not None


def test_what_drivers_add_of_their_own_is_no_reason_to_refuse() -> None:
    query = "sslmode=require&pgbouncer=true&connection_limit=1&pool_timeout=10&connect_timeout=15&schema=public&channel_binding=require"
    made = read(f"postgres://u:p@{HOST}:{PORT}/postgres?{query}")
    assert made.direct is not None
    assert made.direct.sslmode == "require"


def test_where_a_string_says_nothing_of_tls_it_is_asked_for_but_on_this_machine() -> None:
    away = read(f"postgres://u:p@{HOST}:{PORT}/postgres").direct
    here = read(f"postgres://u:p@127.0.0.1:{PORT}/postgres", host="127.0.0.1", api_host="127.0.0.1").direct
    assert away is not None
    assert here is not None
    assert (away.sslmode, here.sslmode) == ("require", "prefer")


def test_a_refusal_quotes_nothing_of_the_string() -> None:
    with pytest.raises(Mismatch) as refused:
        read(f"postgres://u:s3cret-p%zz@{HOST}:{PORT}/postgres")
    assert "s3cret" not in str(refused.value)
