"""The Management API's refusals, whatever shape they come in."""

from __future__ import annotations

import json
from typing import Any

import httpx

from ...errors import PlanLimit, PreviewError, Unauthorised, Unreachable
from .. import http

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
        return Unreachable(
            f"{doing} failed: the Management API answered HTTP {status} ({message}), and again after several tries.",
            cause="The service has a problem or is limiting how often it may be asked.",
            remedy="Run the job again in a few minutes; it goes on where this one stopped.",
        )
    return Refused(doing, status=status, code=code, message=message, hint=hint)


def unreachable(doing: str, host: str, error: httpx.HTTPError) -> Unreachable:
    """The exception for no answer at all, or none that is believed, to something that is safe to resend, and was."""
    if isinstance(error, http.Garbled | http.NotRead):
        return not_understood(doing, str(error))
    if isinstance(error, http.DeadlineExceeded):
        return Unreachable(
            f"{doing} failed: {error}.",
            cause="The service is slow or is limiting how often it may be asked, and the run has taken all the time it may.",
            remedy="Run the job again in a few minutes, or raise the input timeout; it goes on where this one stopped.",
        )
    return Unreachable(
        f"{doing} failed: no answer from {host} ({type(error).__name__}).",
        cause="The network is down, a proxy is in the way, or the service is unavailable.",
        remedy="Check PRISMA_MANAGEMENT_API_URL if it is set, and run the job again in a few minutes.",
    )


def not_understood(doing: str, why: str) -> Unreachable:
    """The exception for an answer that says success and can't be read."""
    return Unreachable(
        f"{doing} failed: the answer can't be understood ({why}).",
        cause="Something between here and the Management API changed the answer, or the API did.",
        remedy="Check PRISMA_MANAGEMENT_API_URL and any proxy; if they are right, look for a newer version of preview-db.",
    )


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
