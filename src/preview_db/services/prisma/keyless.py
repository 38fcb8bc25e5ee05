"""Signing in without a stored secret: the job's GitHub identity for a token of some minutes. Experimental, at Prisma and so here.

Source: ``POST /v1/auth/github-actions/token`` in the published OpenAPI document (SDK 1.80.0), and Prisma's own prisma/cloud-deploy-action.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal

import httpx
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic.alias_generators import to_camel

from ...errors import Unauthorised
from .. import http
from . import errors

LONGEST = timedelta(hours=1)
"""What the exchange grants at most; half of it if it is not told."""

_SHORTEST = timedelta(minutes=10)
_MARGIN = timedelta(minutes=10)
_PATH = "/v1/auth/github-actions/token"
_DOING = "Trading the job's GitHub identity for a token"

_RESENT = http.Resend(
    total=5,
    backoff_factor=0.25,
    backoff_jitter=0.5,
    allowed_methods=["POST"],
    status_forcelist=[429, 500, 502, 503, 504],
)
"""Unlike all else that creates, this is resent without looking. What an answer that was lost had in it is a token that nobody knows and
that ends by itself within the hour; there is nothing to look at, and nothing is left behind. Prisma's own action resends it, too."""


class NotConnected(Unauthorised):
    """Prisma does not accept this job's identity."""

    title = "Keyless sign-in refused"
    page = "connections.md#keyless-sign-in-experimental"


class ShortLived(BaseModel):
    """A token for the Management API that ends by itself, and the workspace it is for."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    id: Annotated[str, Field(min_length=1, max_length=256)]
    type: Literal["serviceToken"]
    value: SecretStr
    expires_at: AwareDatetime
    workspace_id: Annotated[str, Field(min_length=1, max_length=256)]


def lifetime(work: timedelta) -> int:
    """How long a token should last, in seconds, for a run that waits for ``work`` at most: no longer than it is of use."""
    return int(min(max(work + _MARGIN, _SHORTEST), LONGEST).total_seconds())


def exchange(base_url: str, identity_token: SecretStr, *, seconds: int, repository: str, mask: Callable[[SecretStr], None]) -> ShortLived:
    """Trades ``identity_token`` for a token that :class:`preview_db.services.prisma.client.ManagementApi` takes.

    Args:
        base_url: the Management API, as the settings have checked it.
        seconds: how long it should last, see :func:`lifetime`.
        repository: ``owner/name``, for the words of the error.
        mask: is told every secret before anything else happens to it.

    Raises:
        NotConnected: Prisma refuses. It says no more than that, whatever the reason is.
        PreviewError: as :class:`preview_db.services.prisma.client.ManagementApi` has it; ``Unreachable`` after all the retries there are.
    """
    mask(identity_token)
    with http.client(base_url, token="") as client:
        del client.headers["Authorization"]  # there is none yet, and the identity belongs into the body only
        body = {"token": identity_token.get_secret_value(), "expiresInSeconds": seconds}
        try:
            response = client.post(_PATH, json=body, extensions={"retry": _RESENT})
        except httpx.HTTPError as error:
            raise errors.API.unreachable(_DOING, client.base_url.host, error) from None
    if response.status_code == 401:
        raise _refused(response, repository)
    if not response.is_success:
        raise errors.refusal(_DOING, response)
    return _read(response, mask)


def _refused(response: httpx.Response, repository: str) -> NotConnected:
    said = _field(response, "errorDescription")
    said = f' ("{" ".join(said.split())[:300]}")' if isinstance(said, str) and said.strip() else ""
    return NotConnected(
        f"Prisma did not accept this job's GitHub identity{said}.",
        cause=f"The repository {repository} is not connected to a Prisma project, or its connection was archived or Prisma's GitHub App "
        "taken away; Prisma answers the same to all of these. Keyless sign-in is experimental.",
        remedy="Connect the repository to the project: run 'npx prisma@latest git connect' in a directory that is linked to it (see "
        "https://www.prisma.io/docs/cli/git). Or set service_token: ${{ secrets.PRISMA_SERVICE_TOKEN }}, which needs no connection.",
    )


def _read(response: httpx.Response, mask: Callable[[SecretStr], None]) -> ShortLived:
    data = _field(response, "data")
    value = data.get("value") if isinstance(data, dict) else None
    if isinstance(value, str):
        mask(SecretStr(value))
    if not isinstance(value, str) or not re.fullmatch(r"[\x21-\x7e]+", value):
        raise errors.API.not_understood(_DOING, "no token in it")
    try:
        return ShortLived.model_validate(data)
    except ValidationError as error:
        raise errors.API.misshapen(_DOING, error, "the token") from None


def _field(response: httpx.Response, name: str) -> Any:
    try:
        content: Any = response.json()
    except (ValueError, RecursionError):
        return None
    return content.get(name) if isinstance(content, dict) else None
