"""One policy for time-outs and retries, for every API that is spoken to with httpx."""

from __future__ import annotations

import importlib.metadata

import httpx
from httpx_retries import Retry, RetryTransport

TIMEOUT = httpx.Timeout(10)
"""For everything but creating and deleting databases, in seconds."""

SLOW_TIMEOUT = httpx.Timeout(120, connect=10)
"""For creating and deleting databases, in seconds."""

_LONGEST_WAIT = 60.0


class Garbled(httpx.RemoteProtocolError):
    """A success with a body that is not JSON: a proxy's page, or an answer cut short."""


def _whole(response: httpx.Response) -> None:
    """Reads the answer, so that one that breaks off is resent like one that never came."""
    response.read()
    if response.is_success and response.content:
        try:
            response.json()
        except (ValueError, RecursionError):
            raise Garbled(f"HTTP {response.status_code}, and not JSON", request=response.request) from None


SAFE_TO_RESEND = Retry(
    total=5,
    backoff_factor=0.25,
    backoff_jitter=0.5,
    max_backoff_wait=_LONGEST_WAIT,
    total_timeout=2 * _LONGEST_WAIT,
    allowed_methods=["GET", "DELETE", "PATCH"],
    status_forcelist=[429, 500, 502, 503, 504],
    validate_response=_whole,
)
"""What reads, deletes or sets is resent. ``Retry-After`` is honoured up to a minute at a time."""

REFUSED_UNSEEN = Retry(
    total=5,
    backoff_factor=0.25,
    backoff_jitter=0.5,
    max_backoff_wait=_LONGEST_WAIT,
    total_timeout=2 * _LONGEST_WAIT,
    allowed_methods=["POST"],
    status_forcelist=[429],
    retry_on_exceptions=[httpx.ConnectError, httpx.ConnectTimeout],
)
"""What creates is resent only if it certainly was not carried out: it never left, or was turned away at the door."""


def client(base_url: str, *, token: str) -> httpx.Client:
    """A client that sends ``token`` to ``base_url`` and to no other host: redirects are not followed, proxies not asked of ``.netrc``."""
    return httpx.Client(
        base_url=base_url,
        headers={
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "User-Agent": f"preview-db/{importlib.metadata.version('preview-db')}",
        },
        timeout=TIMEOUT,
        transport=RetryTransport(retry=SAFE_TO_RESEND),
        follow_redirects=False,
    )
