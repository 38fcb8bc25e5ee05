"""The Management API's refusals, whatever shape they come in."""

from __future__ import annotations

import json
from typing import Any

import httpx

from ...errors import PlanLimit, PreviewError, Unauthorised
from .. import http

API = http.Api("the Management API", "PRISMA_MANAGEMENT_API_URL")

_LONGEST = 500


class Refused(PreviewError):
    """The API said no.

    Attributes:
        status: the HTTP status.
        code, message, hint: as published, as far as the body had them.
    """

    title = "Refused by the Management API"
    page = "errors.md#refused-by-the-management-api"

    def __init__(self, doing: str, *, status: int, code: str, message: str, hint: str) -> None:
        self.status, self.code, self.message, self.hint = status, code, message, hint
        super().__init__(
            f"{doing} was refused: {message} ({code or 'no code'}, HTTP {status}).",
            cause=f"{hint}." if hint else "An input holds something that the Management API does not take.",
            remedy="Compare the step's inputs with what the message says. If they are right, run the job again.",
        )


class Unanswered(PreviewError):
    """A request that creates got no answer: it may have been carried out, or not. Look before sending another."""

    title = "No answer from the Management API"
    page = "errors.md#unreachable"


def refusal(doing: str, response: httpx.Response) -> PreviewError:
    """The exception for an answer that is not a success.

    Args:
        doing: what was asked, as the beginning of a sentence: "Creating the database".
    """
    code, message, hint = _said(response)
    status, hinted = response.status_code, f"{hint}." if hint else ""
    if code == "planLimitReached":
        return PlanLimit(
            f"{doing} was refused, since the workspace is at a limit of its plan: {message}.",
            cause=hinted or "Prisma's Free plan holds 50 databases a workspace, paid ones 1000; other limits stop a workspace, too.",
            remedy="Close pull requests that need no preview any more, delete databases in the Prisma Console, or change the plan.",
        )
    if status == 401:
        return Unauthorised(
            f"{doing} was refused: the service token is not valid ({message}).",
            cause="It was pasted in part, or was deleted in the Prisma Console.",
            remedy="Create a service token under the workspace's settings and store it as the secret PRISMA_SERVICE_TOKEN.",
        )
    if status == 403:
        return Unauthorised(
            f"{doing} was refused: {message} ({code or 'no code'}, HTTP 403).",
            cause=hinted or "The service token is of another workspace than the project, or its workspace is not allowed to do this.",
            remedy="Check that the token belongs to the workspace of the project.",
        )
    if status >= 500 or status == 429:
        return API.unavailable(doing, status, message)
    return Refused(doing, status=status, code=code, message=message, hint=hint)


def _said(response: httpx.Response) -> tuple[str, str, str]:
    """Code, message and hint of an error body: the published shape, the OIDC exchange's, or whatever a proxy made of it."""
    fallback = f"{response.status_code} {response.reason_phrase}".strip()
    try:
        body: Any = response.json()
    except (ValueError, RecursionError):
        return "", fallback, ""
    body = body if isinstance(body, dict) else {}
    error = body.get("error", body)
    if isinstance(error, str):
        error = {"code": error, "message": body.get("errorDescription") or body.get("message")}
    if not isinstance(error, dict):
        return "", fallback, ""
    return _text(error.get("code")), _text(error.get("message")) or fallback, _text(error.get("hint"))


def _text(value: object) -> str:
    """At most 500 characters of a body's field, one line, whatever its type."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    return " ".join(text.split())[:_LONGEST].rstrip(".")
