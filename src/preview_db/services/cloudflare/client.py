"""Hyperdrive's configurations of one Cloudflare account, over httpx: five requests, for which the SDK would be a hundred megabytes.

Paths, bodies and answers are those of Cloudflare's OpenAPI description.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from ...deadline import NEVER, Deadline
from ...errors import InvalidInput, Unauthorised
from ...planning.credential import ConnectionString
from ...planning.model import Configuration
from ...planning.settings import Inputs
from .. import http
from . import errors

PAGE = 100
"""Configurations that are asked for at a time."""

MAX_PAGES = 100

_TEST_CONNECTION = httpx.Timeout(30, connect=10)
"""In seconds: Cloudflare takes up to 15 for the test connection it makes."""


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class OriginWire(_Wire):
    """Where a configuration points; those that go through a tunnel have no port."""

    host: str = ""
    port: int = 0


class ConfigurationWire(_Wire):
    id: str = Field(pattern=r"^[A-Za-z0-9-]{1,64}$")
    name: str
    origin: OriginWire = OriginWire()
    created_on: AwareDatetime

    def to_model(self) -> Configuration:
        return Configuration(self.id, self.name, self.origin.host, self.origin.port, self.created_on)


class HyperdriveApi:
    """The operations this project uses.

    Every method raises :class:`preview_db.errors.PreviewError`: ``Unauthorised``, ``HyperdriveRefused`` with Cloudflare's own code,
    ``HyperdriveLimit`` and ``Unreachable``, that of a creation even if the request may have been carried out.

    Args:
        deadline: when nothing is asked any more.
        log: is told what is tried again.
    """

    def __init__(
        self, base_url: str, *, token: str, account_id: str, deadline: Deadline = NEVER, log: Callable[[str], None] = http.silent
    ) -> None:
        self._client = http.client(base_url, token=token, deadline=deadline, log=log)
        self._path = f"/accounts/{account_id}/hyperdrive/configs"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def configurations(self) -> list[Configuration]:
        """All of the account. A list that says it is longer than what could be read is an error, not an end."""
        doing = "Listing the Hyperdrive configurations"
        found: dict[str, Configuration] = {}
        for page in range(1, MAX_PAGES + 1):
            answer = self._send(doing, "GET", "", params={"page": str(page), "per_page": str(PAGE)})
            result = answer.get("result")
            if not isinstance(result, list):
                raise errors.API.not_understood(doing, "no list in it")
            before = len(found)
            found |= {item.id: item.to_model() for item in (_read(doing, entry) for entry in result)}
            information = answer.get("result_info")
            total = information.get("total_count") if isinstance(information, dict) else None
            if isinstance(total, int) and len(found) >= total:
                return list(found.values())
            if len(found) == before:  # the end, or a server that knows no pages
                if isinstance(total, int):
                    raise errors.API.not_understood(doing, f"{len(found)} configurations, and it says there are {total}")
                return list(found.values())
        raise errors.API.not_understood(doing, f"the list has no end after {MAX_PAGES} pages")

    def create(self, name: str, string: ConnectionString, *, caching: bool) -> Configuration:
        """Not resent if it may have been carried out; a name is given only once."""
        doing = "Creating the Hyperdrive configuration"
        body = {"name": name, "origin": _address(string.host, string.port) | _login(string), "caching": _caching(enabled=caching)}
        return self._one(doing, "POST", "", body)

    def update(self, id_: str, changes: Mapping[str, Any]) -> Configuration:
        """Changes what is given; Cloudflare makes a test connection if that is a part of the origin."""
        doing = "Updating the Hyperdrive configuration"
        changed = self._one(doing, "PATCH", f"/{id_}", changes)
        if changed.id != id_:
            raise errors.API.not_understood(doing, f"it is about {changed.id} instead of {id_}")
        return changed

    def delete(self, id_: str) -> bool:
        """Deletes it; false if it was gone already."""
        try:
            self._send("Deleting the Hyperdrive configuration", "DELETE", f"/{id_}")
        except errors.HyperdriveRefused as refused:
            if refused.is_missing:
                return False
            raise
        return True

    def _one(self, doing: str, method: str, path: str, body: Mapping[str, Any]) -> Configuration:
        answer = self._send(doing, method, path, json=dict(body), timeout=_TEST_CONNECTION)
        return _read(doing, answer.get("result")).to_model()

    def _send(self, doing: str, method: str, path: str, **request: Any) -> dict[str, Any]:
        try:
            response = self._client.request(method, self._path + path, **request)
        except httpx.HTTPError as error:
            raise errors.API.unreachable(doing, self._client.base_url.host, error) from None
        if not response.is_success:
            raise errors.refusal(doing, response, creates=method == "POST")
        content: Any = response.json() if response.content else {}
        if not isinstance(content, dict) or content.get("success") is False:
            raise errors.API.not_understood(doing, f"HTTP {response.status_code}, and no success")
        return content


def moved(string: ConnectionString, *, caching: bool) -> dict[str, Any]:
    """The change by which a configuration points at ``string``."""
    return {"origin": _address(string.host, string.port) | _login(string), "caching": _caching(enabled=caching)}


def same(configuration: Configuration, *, caching: bool) -> dict[str, Any]:
    """The change by which a configuration points where it does already, which has Cloudflare try whether it can log in there."""
    return {"origin": _address(configuration.host, configuration.port), "caching": _caching(enabled=caching)}


@contextlib.contextmanager
def hyperdrive_of(inputs: Inputs, deadline: Deadline = NEVER, log: Callable[[str], None] = http.silent) -> Iterator[HyperdriveApi | None]:
    """The account's configurations, with the token there is; none if none are wanted.

    Raises:
        Unauthorised: there is no token.
        InvalidInput: nothing says which account.
    """
    if not inputs.hyperdrive:
        yield None
        return
    if inputs.cloudflare_api_token is None:
        raise Unauthorised(
            "There is no Cloudflare token.",
            cause="hyperdrive is true, and the input cloudflare_api_token is empty, as is the variable CLOUDFLARE_API_TOKEN.",
            remedy="Create an API token with the permission 'Hyperdrive: Edit', store it as the secret CLOUDFLARE_API_TOKEN, and set "
            "cloudflare_api_token: ${{ secrets.CLOUDFLARE_API_TOKEN }}.",
        )
    if inputs.cloudflare_account_id is None:
        raise InvalidInput(
            "The input cloudflare_account_id is not set.",
            cause="hyperdrive is true, and neither the input nor the variable CLOUDFLARE_ACCOUNT_ID says in which account.",
            remedy="Set it to the account's id: 32 hexadecimal digits, which Cloudflare's dashboard shows in its address.",
            named="cloudflare_account_id",
            problem="has to say the account",
        )
    token = inputs.cloudflare_api_token.get_secret_value()
    account_id = inputs.cloudflare_account_id
    with HyperdriveApi(inputs.cloudflare_api_base_url, token=token, account_id=account_id, deadline=deadline, log=log) as api:
        yield api


def _address(host: str, port: int) -> dict[str, Any]:
    return {"host": host, "port": port}


def _login(string: ConnectionString) -> dict[str, Any]:
    return {"scheme": "postgres", "database": string.database, "user": string.user, "password": string.password.get_secret_value()}


def _caching(*, enabled: bool) -> dict[str, Any]:
    return {"disabled": not enabled}


def _read(doing: str, content: Any) -> ConfigurationWire:
    try:
        return ConfigurationWire.model_validate(content)
    except ValidationError as error:
        raise errors.API.misshapen(doing, error, "the result") from None
