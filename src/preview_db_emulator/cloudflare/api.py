"""Cloudflare's stand-in: the accounts' Hyperdrive configurations, for one account and one token.

Paths, bodies and the envelope are those of the generated SDKs; codes are those of Hyperdrive's troubleshooting page.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..store import Archive, Table
from . import bodies, login
from .models import PAID_LIMIT, UNPUBLISHED, Configuration, Json, Origin, Rejected, invalid, new_id

Handler = Callable[[Request], Awaitable[Response]]

PAGE = 20
AUTHENTICATION = 10000


@dataclass(slots=True)
class Account:
    """What may change while it is served.

    limit: configurations it may have; refuse_with: the code that every test connection ends in, None to really make it.
    """

    limit: int = PAID_LIMIT
    refuse_with: int | None = None


class Cloudflare:
    """One account."""

    def __init__(self, archive: Archive, *, account_id: str, token: str, own_host: str) -> None:
        self.account = Account()
        self._id = account_id
        self._token = token
        self._own_host = own_host
        self._configurations = Table(Configuration, archive)

    def app(self) -> Starlette:
        def route(path: str, **handlers: Handler) -> list[Route]:
            path = f"/accounts/{{account_id}}/hyperdrive/configs{path}"
            return [Route(path, self._checked(handler), methods=[verb]) for verb, handler in handlers.items()]

        return Starlette(
            routes=[
                *route("", GET=self._list, POST=self._create),
                *route("/{id}", GET=self._get, PUT=self._replace, PATCH=self._update, DELETE=self._delete),
            ],
            exception_handlers={Rejected: _reject, HTTPException: _reject_route},
        )

    def clear(self) -> None:
        """Remove every configuration, as a test leaves the account."""
        for configuration in self._configurations:
            self._configurations.remove(configuration.key)

    def origin(self, id: str) -> Origin | None:
        """Where the configuration leads, password included; None if there is none."""
        found = self._configurations.get(id)
        return Origin(**found.origin) if found else None

    def _checked(self, handler: Handler) -> Handler:
        async def checked(request: Request) -> Response:
            scheme, _, given = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), self._token.encode()):
                raise Rejected(401, AUTHENTICATION, "Authentication error")
            if request.path_params["account_id"] != self._id:
                raise Rejected(403, AUTHENTICATION, "not_entitled")
            return await handler(request)

        return checked

    async def _list(self, request: Request) -> Response:
        page, per_page = _number(request, "page", 1), min(_number(request, "per_page", PAGE), 100)
        everything = list(self._configurations)
        shown = everything[(page - 1) * per_page : page * per_page]
        info = {
            "page": page,
            "per_page": per_page,
            "count": len(shown),
            "total_count": len(everything),
            "total_pages": -(-len(everything) // per_page),
        }
        return _success([configuration.shown() for configuration in shown], result_info=info)

    async def _create(self, request: Request) -> Response:
        given = await _body(request)
        name, origin = bodies.name(given), bodies.whole_origin(given)
        details = _details(given, {"caching": {}})
        if len(self._configurations) >= self.account.limit:
            raise Rejected(
                400,
                UNPUBLISHED,
                f"You have reached the maximum number of Hyperdrive configurations for your account ({self.account.limit})",
            )
        self._check_name(name)
        await self._check_login(origin)
        self._check_name(name)  # another request may have taken it meanwhile
        now = _now()
        made = Configuration(id=new_id(), name=name, origin=asdict(origin), created_on=now, modified_on=now, **details)
        return _success(self._configurations.put(made).shown(), status=201)

    async def _get(self, request: Request) -> Response:
        return _success(self._known(request).shown())

    async def _replace(self, request: Request) -> Response:
        before, given = self._known(request), await _body(request)
        name, origin = bodies.name(given), bodies.whole_origin(given)
        return await self._change(before, name, origin, {"mtls": None, **_details(given, {"caching": {}})})

    async def _update(self, request: Request) -> Response:
        before, given = self._known(request), await _body(request)
        name = bodies.name(given) if "name" in given else before.name
        return await self._change(before, name, bodies.changed_origin(given, Origin(**before.origin)), _details(given, {}))

    async def _change(self, before: Configuration, name: str, origin: Origin | None, details: Json) -> Response:
        self._check_name(name, but=before.id)
        if origin is not None:
            await self._check_login(origin)
            details["origin"] = asdict(origin)
        if self._configurations.get(before.id) is None:
            raise _missing(before.id)
        return _success(self._configurations.put(replace(before, name=name, modified_on=_now(), **details)).shown())

    async def _delete(self, request: Request) -> Response:
        self._configurations.remove(self._known(request).id)
        return _success(None)

    async def _check_login(self, origin: Origin) -> None:
        if self.account.refuse_with is not None:
            raise login.refused(self.account.refuse_with)
        await login.check(origin, own_host=self._own_host)

    def _check_name(self, name: str, *, but: str = "") -> None:
        if any(configuration.name == name and configuration.id != but for configuration in self._configurations):
            raise Rejected(409, login.NAME_TAKEN, "A Hyperdrive configuration with this name already exists")

    def _known(self, request: Request) -> Configuration:
        id = request.path_params["id"]
        found = self._configurations.get(id)
        if found is None:
            raise _missing(id)
        return found


def _details(given: Json, otherwise: Json) -> Json:
    """What a body says beside name and origin."""
    said: Json = {
        "caching": bodies.caching(given if "caching" in given else otherwise),
        "mtls": bodies.mtls(given),
        "origin_connection_limit": bodies.connection_limit(given),
    }
    return {name: value for name, value in said.items() if value is not None}


def _missing(id: str) -> Rejected:
    return Rejected(404, UNPUBLISHED, f"There is no Hyperdrive configuration {id}")


async def _body(request: Request) -> Json:
    try:
        given = await request.json()
    except ValueError as error:
        raise invalid(f"The body is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise invalid("The body has to be an object")
    return given


def _number(request: Request, name: str, otherwise: int) -> int:
    given = request.query_params.get(name, str(otherwise))
    if not given.isascii() or not given.isdigit() or int(given[:9]) < 1:
        raise invalid(f"{name}: must be a positive integer")
    return int(given[:9])


def _success(result: Any, *, status: int = 200, **beside: Any) -> Response:
    return JSONResponse({"success": True, "errors": [], "messages": [], "result": result, **beside}, status)


def _failure(status: int, code: int, message: str) -> Response:
    body = {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}
    return JSONResponse(body, status)


async def _reject(_: Request, error: Exception) -> Response:
    assert isinstance(error, Rejected)
    return _failure(error.status, error.code, str(error))


async def _reject_route(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _failure(error.status_code, UNPUBLISHED, error.detail)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
