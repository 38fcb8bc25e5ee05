"""Cloudflare's stand-in keeps to what is published of Hyperdrive: pages, secrets, groups of fields, and the codes of a test connection."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import psycopg
import pytest

from tests.drivers import plain_http
from tests.drivers.emulator import StandIn, secret

Json = dict[str, Any]


@dataclass(frozen=True)
class Account:
    """An account at Cloudflare, and a database to point at."""

    http: httpx.Client
    control: httpx.Client
    origin: Json

    def create(self, name: str = "shop", **origin: object) -> httpx.Response:
        return self.http.post("/configs", json={"name": name, "origin": {**self.origin, **origin}})

    def made(self, name: str = "shop", **origin: object) -> Json:
        answer = self.create(name, **origin)
        assert answer.is_success, answer.text
        return dict(answer.json()["result"])


@pytest.fixture
def account(stand_in: StandIn) -> Iterator[Account]:
    parts = urlsplit(secret(stand_in.create_database(name="origin")))
    origin = {
        "scheme": "postgres", "host": parts.hostname, "port": parts.port, "database": unquote(parts.path[1:]),
        "user": unquote(parts.username or ""), "password": unquote(parts.password or ""),
    }  # fmt: skip
    ready = stand_in.ready
    base = f"{ready['cloudflare_api_url']}/accounts/{ready['cloudflare_account_id']}/hyperdrive"
    headers = {"Authorization": f"Bearer {ready['cloudflare_api_token']}"}
    with plain_http.client(base_url=base, headers=headers) as http:
        yield Account(http, stand_in.control, origin)
    stand_in.control.put("cloudflare", json={"limit": 25, "refuse_with": None}).raise_for_status()
    stand_in.control.delete("cloudflare/configurations").raise_for_status()


def said(answer: httpx.Response) -> int:
    """The code of a refusal."""
    content = answer.json()
    assert (answer.is_success, content["success"], content["result"]) == (False, False, None)
    return int(content["errors"][0]["code"])


def test_a_configuration_has_a_life_and_never_shows_its_password(account: Account) -> None:
    made = account.made()
    assert len(made["id"]) == 32
    assert made["caching"] == {"disabled": False, "max_age": 60, "stale_while_revalidate": 15}
    path = f"/configs/{made['id']}"
    assert account.http.get(path).json()["result"] == made
    replaced = account.http.put(path, json={"name": "renamed", "origin": account.origin, "caching": {"disabled": True}}).json()["result"]
    assert (replaced["name"], replaced["caching"], replaced["created_on"]) == ("renamed", {"disabled": True}, made["created_on"])
    everything = account.http.get("/configs").json()
    assert account.origin["password"] not in str([made, replaced, everything])
    assert {name: value for name, value in account.origin.items() if name != "password"} == everything["result"][0]["origin"]
    assert account.http.delete(path).json()["success"]
    assert [account.http.request(verb, path).status_code for verb in ("GET", "DELETE")] == [404, 404]


def test_the_control_surface_says_where_a_worker_that_is_bound_to_it_gets(account: Account) -> None:
    made = account.made()
    leads_to = account.control.get(f"cloudflare/configurations/{made['id']}").json()["connection_string"]
    with psycopg.connect(leads_to) as login:
        assert login.execute("select current_database()").fetchone() == (account.origin["database"],)
    assert account.control.get(f"cloudflare/configurations/{'0' * 32}").status_code == 404


def test_lists_come_in_pages_and_end_with_an_empty_one(account: Account) -> None:
    names = [account.made(f"shop-{number}")["name"] for number in range(3)]
    pages = [account.http.get("/configs", params={"page": page, "per_page": 2}).json() for page in (1, 2, 3)]
    assert [[found["name"] for found in page["result"]] for page in pages] == [names[:2], names[2:], []]
    assert pages[1]["result_info"] == {"page": 2, "per_page": 2, "count": 1, "total_count": 3, "total_pages": 2}


def test_an_update_takes_the_parts_of_an_origin_in_groups(account: Account) -> None:
    path = f"/configs/{account.made()['id']}"
    assert account.http.patch(path, json={"origin": {"password": "new"}}).status_code == 400
    assert account.http.patch(path, json={"origin": {"host": account.origin["host"]}}).status_code == 400
    address = {name: account.origin[name] for name in ("host", "port")}
    login = {name: account.origin[name] for name in ("scheme", "database", "user", "password")}
    assert account.http.patch(path, json={"origin": address, "caching": {"disabled": True}}).json()["result"]["caching"] == {
        "disabled": True
    }
    assert account.http.patch(path, json={"origin": login}).is_success
    assert said(account.http.patch(path, json={"origin": {**login, "password": "wrong"}})) == 2013


def test_other_tokens_and_accounts_are_refused(account: Account) -> None:
    assert said(account.http.get("/configs", headers={"Authorization": "Bearer wrong"})) == 10000
    elsewhere = str(account.http.base_url).replace("/accounts/", "/accounts/0") + "configs"
    refused = account.http.get(elsewhere)
    assert said(refused) == 10000
    assert "not_entitled" in refused.text


def test_the_test_connection_is_really_made_and_its_codes_are_the_published_ones(account: Account, stand_in: StandIn) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        without_tls = urlsplit(stand_in.ready["postgres_url"]).port
        assert [
            said(account.create(host="no-such-host.invalid")),
            said(account.create(host="10.1.2.3")),
            said(account.create(port=port)),
            said(account.create(port=without_tls)),
            said(account.create(password="wrong")),
            said(account.create(user="nobody")),
            said(account.create(database="nowhere")),
        ] == [2008, 2009, 2011, 2012, 2013, 2013, 2014]
    for code in (2010, 2015, 2016):
        account.control.put("cloudflare", json={"refuse_with": code}).raise_for_status()
        assert said(account.create()) == code
    assert account.http.get("/configs").json()["result"] == []


def test_a_database_that_is_not_ready_yet_can_not_be_reached(account: Account, stand_in: StandIn) -> None:
    (listed,) = [found for found in stand_in.control.get("databases").json() if found["postgresName"] == account.origin["database"]]
    stand_in.control.put(f"databases/{listed['id']}", json={"status": "provisioning"}).raise_for_status()
    assert said(account.create()) == 2015


def test_a_name_is_given_once(account: Account) -> None:
    account.made()
    other = account.made("other")
    assert said(account.create()) == 2017
    assert said(account.http.patch(f"/configs/{other['id']}", json={"name": "shop"})) == 2017


def test_the_limit_of_the_account_holds(account: Account) -> None:
    account.control.put("cloudflare", json={"limit": 1}).raise_for_status()
    account.made()
    refused = account.create("second")
    assert refused.status_code == 400
    assert "maximum number" in refused.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"origin": "postgres://"},
        {"origin": {"scheme": "mysql"}},
        {"origin": {"port": 0}},
        {"origin": {"user": "u" * 64}},
        {"mtls": {"sslmode": "verify-full"}},
        {"caching": {"disabled": "yes"}},
        {"origin_connection_limit": 1000},
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_stored(account: Account, wrong: Json) -> None:
    origin = {**account.origin, **wrong["origin"]} if isinstance(wrong.get("origin"), dict) else wrong.get("origin", account.origin)
    assert account.http.post("/configs", json={"name": "shop", **wrong, "origin": origin}).status_code == 400
    assert account.http.get("/configs").json()["result"] == []
