"""What GitHub refuses, in sentences, whichever way it was asked."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httpx

from ...errors import PreviewError
from .. import http

_Found = TypeVar("_Found")

_LONGEST_MESSAGE = 500


class GitHubFailed(PreviewError):
    """GitHub did not do what was asked."""

    title = "GitHub"
    page = "errors.md#github"


class MayNot(GitHubFailed):
    """The token lacks a permission."""


class Refused(Exception):
    """GitHub said no.

    Attributes:
        status: the HTTP status.
        data: the answer's JSON. Both are named as PyGithub's exceptions name them, so that one reading does for either.
    """

    def __init__(self, status: int, data: Any) -> None:
        super().__init__(f"HTTP {status}")
        self.status, self.data = status, data


def absent_is_none(read: Callable[[], _Found]) -> _Found | None:
    """What ``read`` finds, or none where GitHub answers 404."""
    try:
        return read()
    except Exception as error:
        if getattr(error, "status", None) == httpx.codes.NOT_FOUND:
            return None
        raise


@contextlib.contextmanager
def failing(doing: str, permission: str = "") -> Iterator[None]:
    """Whatever goes wrong with GitHub inside is a :class:`GitHubFailed`.

    Args:
        doing: what was tried, as the beginning of a sentence.
        permission: what a workflow has to give the job's token for it; empty where every token of the repository has it.
    """
    try:
        yield
    except PreviewError:
        raise  # said already, or somebody has asked the run to stop
    except http.RateLimited as error:
        cause, remedy = _advice(httpx.codes.TOO_MANY_REQUESTS, permission)
        raise GitHubFailed(f"{doing} failed: GitHub's rate limit is reached ({error}).", cause=cause, remedy=remedy) from None
    except Exception as error:  # noqa: BLE001 - answers are taken apart as they come, and odd ones fail in any way there is
        if isinstance(status := getattr(error, "status", None), int):
            said = _said(getattr(error, "data", None))
            cause, remedy = _advice(status, permission, said.casefold())
            what = f"{doing} failed: GitHub answered HTTP {status} ({said or 'no message'})."
            lacks = status == httpx.codes.FORBIDDEN and not any(word in said.casefold() for word in ("rate limit", "locked"))
            raise (MayNot if lacks else GitHubFailed)(what, cause=cause, remedy=remedy) from None
        why = f" ({error})" if isinstance(error, http.Garbled | http.NotRead | http.DeadlineExceeded) else f" ({type(error).__name__})"
        raise GitHubFailed(
            f"{doing} failed: no answer that can be understood{why}.",
            cause="GitHub can't be reached from the runner, or something in between changed the answer.",
            remedy="Run the job again; on GitHub Enterprise Server check GITHUB_API_URL.",
        ) from None


def _said(data: Any) -> str:
    message = data.get("message") if isinstance(data, dict) else None
    return " ".join(message.split())[:_LONGEST_MESSAGE] if isinstance(message, str) else ""


def _advice(status: int, permission: str, said: str = "") -> tuple[str, str]:
    """The likely cause of an answer with ``status`` and a message that says ``said``, and what to do."""
    if status == httpx.codes.UNAUTHORIZED:
        return (
            "The token is wrong, expired or revoked.",
            "Leave github_token out of the step's 'with:', so that it is the job's own, or renew it.",
        )
    if status == httpx.codes.NOT_FOUND:
        return (
            "There is nothing by that name, or the repository is private and the token can't see it.",
            "Check the name of the repository, and that the token is one of it.",
        )
    if status == httpx.codes.TOO_MANY_REQUESTS or "rate limit" in said:
        return (
            "The token's requests for this hour are used up, or too many came at once.",
            "Run the job again later; a longer timeout lets it wait for longer.",
        )
    if status == httpx.codes.FORBIDDEN and "locked" in said:
        return "The conversation was locked, and the token may not write to it.", "Unlock it, or set comment: false."
    if status == httpx.codes.FORBIDDEN and permission:
        return (
            f"The token lacks the permission '{permission}'.",
            f"Give the job 'permissions: {permission}', or pass a github_token that has it.",
        )
    if status == httpx.codes.FORBIDDEN:
        return (
            "The token is none of this repository, or a policy of its organisation keeps it out.",
            "Pass a github_token of this repository.",
        )
    if status < httpx.codes.INTERNAL_SERVER_ERROR:
        return "GitHub does not take the request as it is.", "Run the job again; if it stays, look for a newer version of preview-db."
    return "GitHub has a problem.", "Run the job again later; nothing is wrong with the workflow."
