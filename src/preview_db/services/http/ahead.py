"""Requests that are on their way before anybody waits for them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Self

import httpx

from ...background import Background
from .client import asking, connections


class Ahead(httpx.BaseTransport):
    """Connections to one server, on which some reads are under way. The first who asks for one of them gets what comes of it.

    That may be an error, too: the read was the first try, sent early. What is done about it, and what an answer has to be like, is for the
    transports above, as ever.
    """

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport
        self._begun: list[tuple[httpx.Request, Callable[[], httpx.Response]]] = []

    @classmethod
    def begin(cls, base_url: str, *, token: str, reads: Iterable[tuple[str, dict[str, str]]]) -> Self:
        """Sends the reads out: paths, each with its query.

        Raises:
            InvalidInput: the environment names a proxy that can't be used.
        """
        ahead = cls(connections(base_url))
        client, background = asking(base_url, token, ahead), Background(lambda: None)
        for path, query in reads:
            request = client.build_request("GET", path, params=query)
            ahead._begun.append((request, background.begin(functools.partial(ahead._transport.handle_request, request))))
        return ahead

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        for sent, answer in self._begun:
            if (sent.method, sent.url, sent.headers) == (request.method, request.url, request.headers):
                self._begun.remove((sent, answer))
                return answer()
        return self._transport.handle_request(request)

    def close(self) -> None:
        self._transport.close()
