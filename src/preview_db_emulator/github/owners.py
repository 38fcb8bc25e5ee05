"""Whose repositories there are: organisations and people."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import payloads
from .pages import not_found, page
from .serializers import Serializer
from .server import Hosted, Server, Token

Json = dict[str, Any]


class Owners:
    """A method an operation."""

    def __init__(self, server: Server, api_url: str, server_url: str) -> None:
        self._server = server
        self._api_url = api_url
        self._server_url = server_url

    async def get_organisation(self, request: Request) -> Response:
        """How many private repositories there are is told only to who may know."""
        login = self._organisation(request)
        owned = [hosted for hosted in self._server if hosted.owner.lower() == login.lower()]
        private = sum(hosted.private for hosted in owned)
        account = payloads.user(
            login, id=payloads.account_id(login), kind="Organization", api_url=self._api_url, server_url=self._server_url
        )
        counts = {"total_private_repos": private, "owned_private_repos": private} if _token(request).counts else {}
        return JSONResponse({**payloads.public_user(account), "public_repos": len(owned) - private, **counts})

    async def list_of_organisation(self, request: Request) -> Response:
        login = self._organisation(request)
        return self._listed(request, f"orgs/{login}/repos", self._visible(request, login))

    async def list_of_person(self, request: Request) -> Response:
        """The public ones, whoever asks."""
        login = request.path_params["login"]
        found = [hosted for hosted in self._visible(request, login) if not hosted.private]
        return self._listed(request, f"users/{login}/repos", found)

    def _organisation(self, request: Request) -> str:
        """The login as it is written; a 404 for a person's, and for one that nobody has."""
        login = str(request.path_params["login"]).lower()
        owners = (hosted.owner for hosted in self._server if hosted.owner.lower() == login and login not in self._server.people)
        return next(owners, None) or not_found()

    def _visible(self, request: Request, login: str) -> list[Hosted]:
        token = _token(request)
        return [hosted for hosted in self._server if hosted.owner.lower() == login.lower() and token.sees(hosted)]

    def _listed(self, request: Request, path: str, found: list[Hosted]) -> Response:
        newest_first = request.query_params.get("direction", "desc") == "desc"
        ordered = sorted(found, key=lambda hosted: hosted.id, reverse=newest_first)
        return page(request, f"{self._api_url}/{path}", ordered, self._in_list)

    def _in_list(self, hosted: Hosted) -> Json:
        return Serializer(self._server.repository(hosted), self._api_url, self._server_url).repository()


def _token(request: Request) -> Token:
    token = request.state.token
    assert isinstance(token, Token)
    return token
