"""How PyGithub's requests travel: by the policy for time-outs, retries and sizes that holds for everything else.

PyGithub's own way is requests, which reads answers of any size, waits for as long as a server's ``Retry-After`` says, and would send the
token to whatever host and scheme an address in an answer names, within GitHub's domains.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, ItemsView
from typing import Any, ClassVar

import github
import httpx
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, Requester
from urllib3 import Retry

from .. import http


class Carrier(Retry):
    """What PyGithub hands on to each connection it makes. Its own policy is never asked: the client has one."""

    def __init__(self, client: httpx.Client) -> None:
        super().__init__(total=0)
        self.client = client


class _Answer:
    """What PyGithub expects of http.client's answer."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status = response.status_code

    def getheaders(self) -> ItemsView[str, str]:
        return dict(self._response.headers).items()

    def read(self) -> str:
        return self._response.text


class _Connection:
    """What PyGithub expects of http.client's connection, for the one host that the client is for."""

    scheme: ClassVar[str]

    def __init__(self, host: str, port: int | None = None, *, retry: Carrier, **_ignored: Any) -> None:
        self._client = retry.client
        self._url = httpx.URL(scheme=self.scheme, host=host, port=port)
        if _origin(self._url) != _origin(self._client.base_url):
            raise http.NotRead(f"an address at {host}, where no token is sent")
        self.host = host
        self._request: httpx.Request | None = None

    def request(self, verb: str, url: str, input_: str | None, headers: dict[str, str], *_: object) -> None:
        path = self._url.copy_with(raw_path=url.encode("ascii"))
        self._request = self._client.build_request(verb, path, content=input_, headers=headers)

    def getresponse(self) -> _Answer:
        assert self._request is not None, "an answer is read once something was asked"
        response = self._client.send(self._request)
        if response.status_code == httpx.codes.ACCEPTED and self._request.method == "GET":
            # PyGithub would ask again every two seconds, a thousand times.
            raise http.Garbled("HTTP 202, and no answer")
        return _Answer(response)

    def close(self) -> None:
        """Nothing: the client keeps its connections for the next request."""


class _Plain(_Connection):
    scheme = "http"


class _Tls(_Connection):
    scheme = "https"


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


@dataclasses.dataclass(frozen=True, slots=True)
class _Chosen:
    """PyGithub has one pair of connection classes for a whole process: who brings no client there gets PyGithub's own, as before."""

    ours: type[_Connection]
    theirs: Callable[..., Any]

    def __call__(self, host: str, port: int | None = None, *arguments: Any, retry: Any = None, **more: Any) -> Any:
        if isinstance(retry, Carrier):
            return self.ours(host, port, retry=retry)
        return self.theirs(host, port, *arguments, retry=retry, **more)


github.set_log_level(logging.CRITICAL)  # it writes to standard error by itself, past the masks
Requester.injectConnectionClasses(
    _Chosen(_Plain, HTTPRequestsConnectionClass),  # type: ignore[arg-type]  # it asks for a class, and only ever calls it
    _Chosen(_Tls, HTTPSRequestsConnectionClass),  # type: ignore[arg-type]  # as above
)
