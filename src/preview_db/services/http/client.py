"""One policy for time-outs, retries and sizes, for every API that is spoken to."""

from __future__ import annotations

import functools
import ssl
import urllib.request
from collections.abc import Callable

import httpx

from ... import __version__
from ...deadline import NEVER, Deadline
from ...errors import InvalidInput
from ...hosts import is_loopback
from .bounded import BoundedTransport
from .resend import ResendingTransport, silent

TIMEOUT = httpx.Timeout(10)
"""For everything but creating and deleting databases, in seconds."""

SLOW_TIMEOUT = httpx.Timeout(120, connect=10)
"""For creating and deleting databases, in seconds."""

LARGEST = 8 * 1024 * 1024
"""Bytes of an answer that is read. A page of 100 databases with 30 connections each has about 2 MB. Read as JSON, the worst take 30 times
as much memory."""

LONGEST_WAIT = 60.0
"""Seconds between two tries, unless the client says otherwise."""


def client(
    base_url: str,
    *,
    token: str,
    deadline: Deadline = NEVER,
    largest: int = LARGEST,
    longest_wait: float = LONGEST_WAIT,
    log: Callable[[str], None] = silent,
    over: httpx.BaseTransport | None = None,
) -> httpx.Client:
    """A client that sends ``token`` to ``base_url`` and to no other host: redirects are not followed, ``.netrc`` is not read.

    Its requests raise ``httpx.HTTPError``, of which :class:`Garbled`, :class:`NotRead` and :class:`DeadlineExceeded` say why in words.

    Args:
        largest: bytes of an answer that is read.
        longest_wait: seconds; a server that asks for a longer one is asked again after these.
        log: takes a line for a person when a request is tried again that has taken more than a second.
        over: connections to ``base_url`` that there are already.

    Raises:
        InvalidInput: the environment names a proxy that can't be used, or a pace that makes no sense.
    """
    transport = BoundedTransport(over or connections(base_url), deadline, largest)
    return asking(base_url, token, ResendingTransport(transport, deadline, longest_wait, log))


def asking(base_url: str, token: str, transport: httpx.BaseTransport) -> httpx.Client:
    """What requests are made by, whatever it is that sends them."""
    return httpx.Client(
        base_url=base_url,
        headers={
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": f"preview-db/{__version__}",
        },
        timeout=TIMEOUT,
        transport=transport,
        event_hooks={"response": [_let_go]},
        follow_redirects=False,
    )


def _let_go(response: httpx.Response) -> None:
    """Takes away what httpx reads a body from, which refers back to the answer: such rings stay in memory until Python looks for them."""
    response.stream = httpx.ByteStream(b"")


def connections(base_url: str) -> httpx.HTTPTransport:
    """Connections to a server, kept for the next request. Raises :class:`InvalidInput` for a proxy that can't be used."""
    url = httpx.URL(base_url)
    return httpx.HTTPTransport(verify=_trust(url.scheme), proxy=_proxy(url))


@functools.cache
def _trust(scheme: str) -> ssl.SSLContext:
    """Whom to believe who they are. Read once, since the list of authorities takes 20 ms; where no TLS is spoken, nobody."""
    return httpx.create_ssl_context() if scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _proxy(url: httpx.URL) -> httpx.Proxy | None:
    """The proxy that ``HTTPS_PROXY`` and its like name for ``url``. There is none on the way to this machine, where a token may go bare."""
    if is_loopback(url.host) or urllib.request.proxy_bypass(f"{url.host}:{url.port or 443}"):
        return None
    found = urllib.request.getproxies()
    address = found.get(url.scheme) or found.get("all")
    if not address:
        return None
    try:
        return httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL):
        raise InvalidInput(
            f"The variable {url.scheme.upper()}_PROXY (or ALL_PROXY) names no proxy that can be used.",
            cause="It takes an address such as http://proxy.example:3128.",
            remedy="Correct the variable on the runner, or unset it; NO_PROXY lists the hosts that need none.",
        ) from None
