"""How far a server may go: in time, in size, in what it asks to wait for, and by whom it may be reached."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import time
from collections.abc import Iterator
from unittest import mock

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from preview_db.deadline import Deadline
from preview_db.errors import InvalidInput, Unreachable
from preview_db.hosts import is_loopback, same_domain, trusted_url
from preview_db.services import http
from preview_db.services.prisma.client import ManagementApi
from preview_db_emulator.client import Emulator
from tests.drivers.lying_server import Answer, listening, lying


def api(running: Emulator, deadline: Deadline, url: str | None = None) -> ManagementApi:
    return ManagementApi(url or running.addresses["management_api_url"], token=running.addresses["service_token"], deadline=deadline)


@contextlib.contextmanager
def faults(running: Emulator, **rule: object) -> Iterator[None]:
    running.control("PUT", "faults", rule)
    try:
        yield
    finally:
        running.control("DELETE", "faults")


@pytest.mark.parametrize("kind", ["silence", "late", "500", "429", "429-retry-after", "reset", "truncated", "html"])
def test_nothing_takes_longer_than_there_is_time(running: Emulator, kind: str) -> None:
    with faults(running, kinds=[kind], silence_s=60, retry_after=3600), api(running, Deadline.after(1)) as asked:
        started = time.monotonic()
        with pytest.raises(Unreachable):
            asked.me()
        assert time.monotonic() - started < 30  # not the 60 s it would go on for


def test_an_answer_that_drips_is_cut_off_at_the_deadline(running: Emulator) -> None:
    def drip(answer: Answer) -> None:
        answer.times, answer.body, answer.pause_s = 1000, b" " * 64, 0.05

    with lying(running, drip) as liar, api(running, Deadline.after(1), liar.url) as asked:
        started = time.monotonic()
        with pytest.raises(Unreachable):
            asked.me()
        assert time.monotonic() - started < 30  # not the 60 s it would go on for


def test_a_wait_that_fits_is_kept(running: Emulator) -> None:
    with faults(running, kinds=["429-retry-after"], retry_after=1, count=1), api(running, Deadline.after(10)) as asked:
        started = time.monotonic()
        asked.me()
        assert time.monotonic() - started > 0.9


def test_the_last_try_is_looked_at_as_closely_as_the_first(running: Emulator) -> None:
    """httpx-retries hands on the answer to its last try as it is."""
    with faults(running, kinds=["bomb"]), api(running, Deadline.after(20)) as asked, pytest.raises(Unreachable, match="more than 8 MiB"):
        asked.me()


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_is_used_and_has_the_same_policy(variable: str) -> None:
    """It gets no token: that is in the tunnel, which this one never opens."""
    with listening() as proxy, mock.patch.dict(os.environ, {variable: proxy.url}, clear=True):
        with (
            http.client("https://api.prisma.io", token="secret-token", deadline=Deadline.after(2)) as client,
            pytest.raises(httpx.HTTPError),
        ):
            client.get("/v1/me")
        assert len(proxy.heard) > 1, "it is asked again, as the policy has it"
        assert all(heard.startswith("CONNECT api.prisma.io:443") for heard in proxy.heard)
        assert not any("secret-token" in heard for heard in proxy.heard)


def test_a_host_that_needs_no_proxy_gets_none() -> None:
    with listening() as proxy:
        environ = {"HTTPS_PROXY": proxy.url, "NO_PROXY": "example.com,prisma.invalid"}
        with (
            mock.patch.dict(os.environ, environ, clear=True),
            http.client("https://api.prisma.invalid", token="t", deadline=Deadline.after(1)) as client,
            pytest.raises(httpx.HTTPError),
        ):
            client.get("/v1/me")
        assert proxy.heard == []


def test_nothing_for_this_machine_goes_through_a_proxy(running: Emulator) -> None:
    """There, a token may go over http; at a proxy, it would be anybody's to read."""
    with listening() as proxy, mock.patch.dict(os.environ, {"HTTP_PROXY": proxy.url, "http_proxy": proxy.url}):
        with api(running, Deadline.after(5)) as asked:
            asked.me()
        assert proxy.heard == []


@pytest.mark.parametrize("value", ["nonsense://x", "socks9://x:1"])
def test_a_proxy_that_makes_no_sense_is_named(value: str) -> None:
    with mock.patch.dict(os.environ, {"HTTPS_PROXY": value}, clear=True), pytest.raises(InvalidInput, match="HTTPS_PROXY"):
        http.client("https://api.prisma.io", token="t")


hosts = st.sampled_from(["api.prisma.io", "evil.example", "127.0.0.1", "[::1]", "localhost", "a..b", "é.example", "x" * 64, "-", "a_b", ""])
digits = st.sampled_from(["0", "1", "127", "256", "1127", "0x7f", "010", "2130706433", "a"])
numbers = st.lists(digits, min_size=1, max_size=5).map(".".join)
noise = st.text(alphabet="/:@?#[]\\%.\t\n a1", max_size=6)
addresses = st.builds(
    "{}{}{}{}{}".format, st.sampled_from(["https://", "http://", "HTTPS://", "//", ""]), noise, hosts | numbers, noise, hosts | noise
)


@given(addresses | st.text(max_size=40))
@example("https://1127.0.0.1")
@example("https://127.1")
@example("https://0x7f.0.0.1")
def test_an_address_that_is_trusted_is_the_same_to_everybody(value: str) -> None:
    """What was checked as one host must not be another to the client that goes there, nor be more than it can take."""
    try:
        trusted = trusted_url(value)
    except ValueError:
        return
    url = httpx.URL(trusted)
    assert url.scheme == "https" or is_loopback(url.host)
    assert not url.userinfo
    assert not url.query
    assert url.host in trusted.lower()
    authority = trusted.partition("://")[2].partition("/")[0].lower()
    assert authority.removesuffix(f":{url.port}") in (url.host, f"[{url.host}]")
    if re.search(r"(^|\.)([0-9]+|0x[0-9a-f]*)$", url.host):
        ipaddress.ip_address(url.host)
    with http.client(trusted, token="t"):
        pass


@given(hosts)
def test_a_database_is_of_the_apis_domain(host: str) -> None:
    assert same_domain(host, "api.prisma.io") == host.endswith(".prisma.io")
    assert not same_domain(host, "127.0.0.1") or is_loopback(host)
