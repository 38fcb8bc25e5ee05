"""GitHub's API for what a run asks of it again and again: a request, and its answer as JSON.

PyGithub, which takes a tenth of a second to be imported, is left to what its objects are good for.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from typing import Any, Generic, NamedTuple, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from ...background import AT_ONCE, Background, SideBySide
from ...deadline import Deadline
from .. import http
from .errors import Refused
from .limit import Limit

_Found = TypeVar("_Found")

MAX_PAGES = 1000
PAGE = 100

_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_LARGEST = 64 * 1024 * 1024
"""Bytes of an answer: a hundred pull requests, each with as much text as anybody may write into one."""

_LONGEST_WAIT = 3600.0
"""Seconds: GitHub's limits last for an hour at most. The run's deadline is usually much closer."""

_PAGES_AT_ONCE = AT_ONCE // 2
"""A hundred pull requests are more than a megabyte, and several more once they are read."""

_LAST = re.compile(r'[?&]page=([0-9]{1,9})[^>]*>; rel="last"', re.ASCII)

_MOVES = 3  # redirects that are followed, after a repository was renamed


class _Page(NamedTuple, Generic[_Found]):
    """What was found on a page of a list, whether there is another, and which is the last; 0 if that is not said."""

    items: list[_Found]
    goes_on: bool
    last: int


class Rest:
    """One repository, by GitHub's REST API and by GraphQL. It may be shared by threads.

    Attributes:
        reads: what is read in the background, and closed at the end.
        limit: what is known of the token's limit.

    Its methods raise :class:`Refused` and ``httpx.HTTPError``.
    """

    def __init__(self, api_url: str, *, token: SecretStr, repository: str, deadline: Deadline, log: Callable[[str], None]) -> None:
        self._api_url = api_url
        self._graphql_url = f"{api_url.removesuffix('/v3')}/graphql"  # /api/v3 and /api/graphql on GitHub Enterprise Server
        self.root = f"{api_url}/repos/{quote(repository)}"
        self.client = http.client(
            api_url, token=token.get_secret_value(), deadline=deadline, largest=_LARGEST, longest_wait=_LONGEST_WAIT, log=log
        )
        self.reads = Background(self.client.close)
        self.limit = Limit(deadline, log)

    def under(self, path: str) -> Self:
        """The same for what is under ``path`` instead of the repository, over the same connections."""
        other = copy.copy(self)
        other.root = f"{self._api_url}{path}"
        return other

    def ask(self, verb: str, path: str, content: Any = None) -> Any:
        """The answer to a request about the repository; none where there is nothing to say."""
        return _content(self._send(verb, f"{self.root}{path}", content))

    def graphql(self, query: str, **variables: str) -> Any:
        """The data of an answer, as far as there are any: what has errors beside it may be incomplete."""
        answer = _content(self._send("POST", self._graphql_url, {"query": query, "variables": variables}))
        return answer.get("data") or {}

    def list(self, path: str, read: Callable[[Any], _Found | None], *, pages: int = MAX_PAGES, **parameters: str) -> Iterator[_Found]:
        """What ``read`` finds in the items of a list, where that is not none; page by page, or a few pages at a time, where all are wanted
        and the first says how many there are. Raises ``ValueError`` if it has no end.
        """

        def page(number: int) -> _Page[_Found]:
            query = httpx.QueryParams({**parameters, "per_page": str(PAGE), "page": str(number)})
            response = self._send("GET", f"{self.root}{path}?{query}")
            items, link = _content(response), response.headers.get("link", "")
            found = [found for item in items if (found := read(item)) is not None]  # here, since a page in full is megabytes
            last = _LAST.search(link)
            goes_on = 'rel="next"' in link or len(items) >= PAGE  # a header may get lost on the way
            return _Page(found, goes_on, int(last[1]) if last else 0)

        first, last = 1, 1
        while first <= pages:
            said = 0
            with SideBySide(page, range(first, last + 1), at_once=_PAGES_AT_ONCE) as under_way:
                for found in under_way:
                    yield from found.items
                    if not found.goes_on:
                        return
                    said = found.last
            first = last + 1
            last = max(first, min(said, pages)) if pages == MAX_PAGES else first
        if pages == MAX_PAGES:
            raise ValueError("a list without end")

    def _send(self, verb: str, url: str, content: Any = None) -> httpx.Response:
        if self.limit.refused:
            raise http.RateLimited(self.limit.refused)
        try:
            with self.limit.turn():
                response = self.client.send(self.client.build_request(verb, url, json=content, headers=_HEADERS))
                self.limit.note(response.headers)
        except http.RateLimited as limited:
            if self.limit.stops and url != self._graphql_url:
                self.limit.refused = str(limited)
            raise
        for _ in range(_MOVES):
            request = response.next_request
            if request is None or not (verb == "GET" or response.status_code in (307, 308)):
                break
            if _origin(request.url) != _origin(self.client.base_url):
                raise http.NotRead(f"an address at {request.url.host}, where no token is sent")
            response = self.client.send(request)
        if response.status_code >= 400:
            raise Refused(response.status_code, _said(response))
        if not response.is_success or (response.status_code == httpx.codes.ACCEPTED and verb == "GET"):
            raise http.Garbled(f"HTTP {response.status_code}, and no answer")
        return response


def _content(response: httpx.Response) -> Any:
    return response.json() if response.content else None


def _said(response: httpx.Response) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
