"""Why there is no usable answer, beyond what httpx tells apart."""

from __future__ import annotations

import httpx


class Garbled(httpx.RemoteProtocolError):
    """A success with a body that is not JSON: a proxy's page, or an answer cut short."""


class NotRead(httpx.TransportError):
    """An answer that is not read to its end: more than anybody could have asked for."""


class DeadlineExceeded(httpx.TransportError):
    """There is no time left to ask, or to wait for as long as the server wants. What was asked for was certainly not carried out."""


class RateLimited(DeadlineExceeded):
    """The server limits how many requests it takes, and that lasts for longer than there is time."""
