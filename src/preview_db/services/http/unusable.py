"""What is told where an API gives no answer, or none that can be used: the same of each but for its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import httpx

from ...errors import Unreachable
from .errors import DeadlineExceeded, Garbled, NotRead

if TYPE_CHECKING:
    from pydantic import ValidationError


class Api(NamedTuple):
    """An API as the user knows it.

    Attributes:
        name: such as ``the Management API``.
        variable: the one that says where it is.
    """

    name: str
    variable: str

    def unreachable(self, doing: str, host: str, error: httpx.HTTPError) -> Unreachable:
        """The exception for no answer at all, or none that is believed, to something that is safe to resend, and was.

        Args:
            doing: what was asked, as the beginning of a sentence: "Creating the database".
        """
        if isinstance(error, Garbled | NotRead):
            return self.not_understood(doing, str(error))
        if isinstance(error, DeadlineExceeded):
            return Unreachable(
                f"{doing} failed: {error}.",
                cause="The service is slow or is limiting how often it may be asked, and the run has taken all the time it may.",
                remedy="Run the job again in a few minutes, or raise the input timeout; it goes on where this one stopped.",
            )
        return Unreachable(
            f"{doing} failed: no answer from {host} ({type(error).__name__}).",
            cause="The network is down, a proxy is in the way, or the service is unavailable.",
            remedy=f"Check {self.variable} if it is set, and run the job again in a few minutes.",
        )

    def unavailable(self, doing: str, status: int, message: str) -> Unreachable:
        """The exception for an answer that says to try again later, to the last of several tries."""
        return Unreachable(
            f"{doing} failed: {self.name} answered HTTP {status} ({message}), and again after several tries.",
            cause="The service has a problem or is limiting how often it may be asked.",
            remedy="Run the job again in a few minutes; it goes on where this one stopped.",
        )

    def not_understood(self, doing: str, why: str) -> Unreachable:
        """The exception for an answer that says success and can't be read."""
        return Unreachable(
            f"{doing} failed: the answer can't be understood ({why}).",
            cause=f"Something between here and {self.name} changed the answer, or the API did.",
            remedy=f"Check {self.variable} and any proxy; if they are right, look for a newer version of preview-db.",
        )

    def misshapen(self, doing: str, error: ValidationError, whole: str = "the body") -> Unreachable:
        """The same for an answer of another shape than is documented: ``whole``, or the part of it that ``error`` names first."""
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or whole
        return self.not_understood(doing, f"{where}: {first['msg']}")
