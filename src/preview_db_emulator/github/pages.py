"""What all of the GitHub stand-in's operations share: pages of a list, and GitHub's ways of saying no."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .repository import PullRequest, Repository

Json = dict[str, Any]


def page(request: Request, address: str, items: Sequence[Any], render: Callable[[Any], Json]) -> Response:
    """Render one page, with the Link header of https://docs.github.com/en/rest/using-the-rest-api/using-pagination."""
    size, number = _asked(request)
    last = max(-(-len(items) // size), 1)
    links: dict[str, int] = {}
    if number < last:
        links.update(next=number + 1, last=last)
    if number > 1:
        links.update(prev=min(number - 1, last), first=1)

    def link(relation: str) -> str:
        query = urlencode({**request.query_params, "page": links[relation]})
        return f'<{address}?{query}>; rel="{relation}"'

    headers = {"Link": ", ".join(link(relation) for relation in links)} if links else {}
    return JSONResponse([render(item) for item in items[(number - 1) * size : number * size]], headers=headers)


def _asked(request: Request) -> tuple[int, int]:
    """How many items are wanted on a page, and which page it is."""
    try:
        return min(max(int(request.query_params.get("per_page", 30)), 1), 100), max(int(request.query_params.get("page", 1)), 1)
    except ValueError:
        return 30, 1


def known_pull(repository: Repository, request: Request) -> PullRequest:
    """Return the pull request whose number is in the path; a 404 if there is none."""
    return repository.pulls.get(str(request.path_params["number"])) or not_found()


def not_found() -> NoReturn:
    raise HTTPException(404, "Not Found")


class Rejected(HTTPException):
    """A refusal that lists what is wrong with which field."""

    def __init__(self, status: int, message: str, *errors: Json) -> None:
        super().__init__(status, message)
        self.errors = errors


def unprocessable(message: str, *, resource: str, field: str) -> NoReturn:
    raise Rejected(422, "Validation Failed", {"resource": resource, "code": "unprocessable", "field": field, "message": message})
