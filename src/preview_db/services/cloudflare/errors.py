"""Cloudflare's refusals: every code that Hyperdrive documents, with its own cause and remedy."""

from __future__ import annotations

import re
from typing import Any

import httpx

from ...errors import PreviewError, Unauthorised
from .. import http

API = http.Api("Cloudflare", "CLOUDFLARE_API_BASE_URL")

NAME_TAKEN = 2017
FAILED, QUERY_FAILED = 2015, 2016
CANNOT_LOG_IN = range(2008, NAME_TAKEN)
"""What the test connection ends in that Cloudflare makes before it stores where a configuration points."""

_AUTHENTICATION = 10000
_MISSING = 404
_LIMIT = re.compile(r"limit|maximum|quota|exceed|too many", re.IGNORECASE)
_LONGEST = 300

_KNOWN = {
    2008: (
        "Cloudflare can't resolve the name of the database's host.",
        "Run the job again in a few minutes. If it stays, compare the host with the one in the Prisma Console.",
    ),
    2009: (
        "The name of the database's host does not lead to a public address, and Hyperdrive reaches no other.",
        "Look which host the output host names: a preview on a private network or on this machine can't have a Hyperdrive configuration.",
    ),
    2010: (
        "There is no route from Cloudflare to the database's host and port.",
        "Run the job again in a few minutes; if it stays, look at Prisma's and Cloudflare's status pages.",
    ),
    2011: (
        "The database's host refuses connections at its port: it is starting, or has moved.",
        "Run the job again in a few minutes.",
    ),
    2012: (
        "The database does not offer TLS to Cloudflare, which Hyperdrive insists on. Prisma Postgres always does.",
        "Look whether PRISMA_MANAGEMENT_API_URL leads to Prisma; if it does, run the job again.",
    ),
    2013: (
        "The database refuses the credential: it was revoked a moment after it had been created, or can't be used yet.",
        "Run the job again: it creates a new credential for the configuration.",
    ),
    2014: (
        "The database's server has no database of that name: it was deleted meanwhile, or is not ready yet.",
        "Run the job again: it looks for the preview again.",
    ),
    2015: (
        "Cloudflare failed to connect and does not know why; a database that has just been created can take a minute.",
        "Run the job again in a few minutes.",
    ),
    2016: (
        "The login worked and the query after it did not: the database is starting, or at a limit of its plan.",
        "Look at the database in the Prisma Console, and run the job again.",
    ),
    2017: (
        "A configuration of the preview's name is there and does not show in the list of configurations.",
        "Look for that name in Cloudflare's dashboard under Hyperdrive. Delete it if it points nowhere, and run the job again.",
    ),
}


class HyperdriveRefused(PreviewError):
    """Cloudflare said no.

    Attributes:
        status: the HTTP status.
        code: Cloudflare's own; 0 if the answer had none.
    """

    title = "Refused by Cloudflare"
    page = "hyperdrive.md#what-goes-wrong"

    def __init__(self, doing: str, *, status: int, code: int, message: str) -> None:
        self.doing, self.status, self.code, self.message = doing, status, code, message
        cause, remedy = _KNOWN.get(
            code,
            (
                "Cloudflare does not say more, and does not document this code for Hyperdrive.",
                "Compare the step's inputs with what the message says. If they are right, run the job again.",
            ),
        )
        super().__init__(f"{doing} was refused: {message} (code {code or 'none'}, HTTP {status}).", cause=cause, remedy=remedy)

    @property
    def is_missing(self) -> bool:
        return self.status == _MISSING


class HyperdriveLimit(PreviewError):
    """The Cloudflare account may have no more configurations."""

    title = "Hyperdrive's limit reached"
    page = "hyperdrive.md#the-limit"


def refusal(doing: str, response: httpx.Response, *, creates: bool = False) -> PreviewError:
    """The exception for an answer that is not a success.

    Args:
        doing: what was asked, as the beginning of a sentence.
        creates: whether it was to create a configuration, of which an account may have so many.
    """
    status = response.status_code
    code, message = _said(response)
    if code in _KNOWN:
        return HyperdriveRefused(doing, status=status, code=code, message=message)
    if status in (401, 403) or code == _AUTHENTICATION or "not_entitled" in message:
        return Unauthorised(
            f"{doing} was refused: {message} (code {code or 'none'}, HTTP {status}).",
            cause="The Cloudflare token is not valid, lacks the permission to edit Hyperdrive, or is of another account.",
            remedy="Create an API token with the permission 'Hyperdrive: Edit' for the account that cloudflare_account_id names, and store "
            "it as the secret CLOUDFLARE_API_TOKEN.",
        )
    if status >= 500 or status == 429:
        return API.unavailable(doing, status, message)
    if creates and _LIMIT.search(message):
        return HyperdriveLimit(
            f"{doing} was refused, since the account may have no more configurations: {message}.",
            cause="An account has 10 on Cloudflare's free plan and 25 on a paid one; each preview takes one.",
            remedy="Close pull requests that need no preview any more, run a sweep with hyperdrive: true, delete configurations in "
            "Cloudflare's dashboard, or ask Cloudflare for more.",
        )
    return HyperdriveRefused(doing, status=status, code=code, message=message)


def _said(response: httpx.Response) -> tuple[int, str]:
    """Code and message of the first error in the envelope, or what a proxy made of it."""
    fallback = f"{response.status_code} {response.reason_phrase}".strip()
    try:
        body: Any = response.json()
    except (ValueError, RecursionError):
        return 0, fallback
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code, message = first.get("code"), first.get("message")
    said = " ".join(message.split())[:_LONGEST].rstrip(".") if isinstance(message, str) else ""
    return code if isinstance(code, int) else 0, said or fallback
