"""Who this job is, in GitHub's own words: the OIDC token that keyless sign-in trades for one of Prisma's. Experimental, as that is.

Source: https://docs.github.com/en/actions/reference/security/oidc and the toolkit's ``core.getIDToken``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from ...errors import PreviewError, Unauthorised
from ...hosts import trusted_url
from .. import http

AUDIENCE = "prisma-cloud"
"""Whom the token is for: the one Prisma's exchange asks for."""

_URL, _TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
_JWT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_LONGEST = 65_536


class NoIdentity(Unauthorised):
    """GitHub gives this job no OIDC token."""

    title = "No identity token"


class IdentityFailed(PreviewError):
    """GitHub's end-point for OIDC tokens did not answer as it should."""

    title = "No identity token"


def is_offered(environ: Mapping[str, str]) -> bool:
    """Whether the job may ask for a token, which is what ``id-token: write`` means."""
    return bool(environ.get(_URL) and environ.get(_TOKEN))


def identity_token(
    environ: Mapping[str, str], *, mask: Callable[[SecretStr], None], from_fork: bool = False, audience: str = AUDIENCE
) -> SecretStr:
    """The job's OIDC token, good for some minutes and for ``audience`` only.

    Args:
        environ: names the end-point and holds the token it is asked with.
        mask: is told every secret before anything else happens to it.
        from_fork: whether the run is one of a fork's or of Dependabot's pull request, for the words of the error.

    Raises:
        NoIdentity: the job may not ask, or is refused.
        IdentityFailed: the end-point can't be reached, can't be trusted or makes no sense, after all the retries there are.
    """
    if not is_offered(environ):
        raise _not_offered(from_fork=from_fork)
    request_token = SecretStr(environ[_TOKEN])
    mask(request_token)
    if not re.fullmatch(r"[\x21-\x7e]+", request_token.get_secret_value()):
        raise _untrusted()
    url = _trusted(environ[_URL])
    with http.client(f"{url.scheme}://{url.netloc.decode('ascii')}", token=request_token.get_secret_value()) as client:
        try:
            response = client.get(url.copy_set_param("audience", audience))
        except http.Garbled as error:
            raise _not_understood(str(error)) from None
        except httpx.HTTPError as error:
            raise IdentityFailed(
                f"Asking GitHub for the job's identity failed: no answer from {url.host} ({type(error).__name__}).",
                cause="The network is down, a proxy is in the way, or GitHub has a problem.",
                remedy="Run the job again in a few minutes, or set service_token.",
            ) from None
    if response.status_code in (401, 403):
        raise NoIdentity(
            f"GitHub refused to say who this job is (HTTP {response.status_code}).",
            cause="The token it is asked with has run out, or belongs to another job.",
            remedy="Run the job again. If it stays, set service_token.",
        )
    if not response.is_success:
        raise _not_understood(f"HTTP {response.status_code}")
    value = _value(response)
    if value is None:
        raise _not_understood("no token in it")
    token = SecretStr(value)
    mask(token)
    if len(value) > _LONGEST or not _JWT.fullmatch(value):
        raise _not_understood("what is in it is no token")
    return token


def _not_offered(*, from_fork: bool) -> NoIdentity:
    if from_fork:
        return NoIdentity(
            "There is no service token, and GitHub gives a pull request of a fork or of Dependabot no identity either.",
            cause="Such a run gets no secrets and no OIDC token, whatever the workflow's permissions say, since its code is a stranger's.",
            remedy="Serve such pull requests from a job of a workflow on: pull_request_target that checks nothing of theirs out, or not at "
            "all.",
        )
    return NoIdentity(
        "There is no service token, and the job may not ask GitHub for an identity to sign in without one.",
        cause="The input service_token is empty (the secret it is set from does not exist, or has another name), and the job lacks the "
        "permission 'id-token: write'.",
        remedy="Set service_token: ${{ secrets.PRISMA_SERVICE_TOKEN }}; or, for keyless sign-in (experimental), give the job "
        "'permissions: {id-token: write, contents: read, pull-requests: write}' and connect the repository to the Prisma project.",
    )


def _trusted(value: str) -> httpx.URL:
    """The end-point, if a token may be sent there: https, or this machine."""
    try:
        trusted_url(urlsplit(value)._replace(query="", fragment="").geturl())
        return httpx.URL(value)
    except (ValueError, httpx.InvalidURL):
        raise _untrusted() from None


def _untrusted() -> IdentityFailed:
    return IdentityFailed(
        f"The runner's variables {_URL} and {_TOKEN} name no end-point that a token may be sent to.",
        cause="The address is not an https:// one, or something in the job has changed them.",
        remedy="Look at what earlier steps write to GITHUB_ENV, or set service_token.",
    )


def _not_understood(why: str) -> IdentityFailed:
    return IdentityFailed(
        f"Asking GitHub for the job's identity failed: the answer can't be understood ({why}).",
        cause="GitHub has a problem, or something in between changed the answer.",
        remedy="Run the job again in a few minutes, or set service_token.",
    )


def _value(response: httpx.Response) -> str | None:
    try:
        content: Any = response.json()
    except (ValueError, RecursionError):
        return None
    value = content.get("value") if isinstance(content, dict) else None
    return value if isinstance(value, str) and value else None
