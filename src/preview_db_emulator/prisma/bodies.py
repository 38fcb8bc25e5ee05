"""Reading what a client sent: JSON bodies and query parameters, checked field by field."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from starlette.requests import Request

from .models import Refusal, invalid

Json = dict[str, Any]
LARGEST_BODY = 1_000_000  # bytes
NAMES_OF_TYPES = {str: "a string", bool: "a boolean", int: "an integer", dict: "an object"}


async def read_object(request: Request) -> Json:
    """Return the body as a JSON object; an empty body is an empty one. Raises Refusal 400, 413 or 422."""
    raw = await request.body()
    if len(raw) > LARGEST_BODY:
        raise Refusal(413, "client-error", "The request body is too large")
    try:
        body = json.loads(raw) if raw else {}
    except ValueError as error:
        raise Refusal(400, "client-error", f"Malformed JSON in request body: {error}") from error
    if not isinstance(body, dict):
        raise invalid("The request body has to be an object")
    return body


class Fields:
    """Takes typed fields out of a body. What is not asked for is ignored. Raises Refusal 422."""

    def __init__(self, body: Json) -> None:
        self._body = body

    def __contains__(self, name: str) -> bool:
        return name in self._body

    def text(self, name: str) -> str | None:
        """A string of at least one character, or None where the field is left out."""
        value: str | None = self._optional(name, str)
        if value == "":
            raise invalid(f"{name}: must have at least 1 character")
        return value

    def required_text(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise invalid(f"{name}: required")
        return value

    def flag(self, name: str) -> bool | None:
        value: bool | None = self._optional(name, bool)
        return value

    def one_of(self, name: str, allowed: Collection[str]) -> str | None:
        value = self.text(name)
        if value is not None and value not in allowed:
            raise invalid(f"{name}: invalid value {value!r}; expected one of {', '.join(allowed)}")
        return value

    def object(self, name: str) -> Fields | None:
        value = self._optional(name, dict)
        return None if value is None else Fields(value)

    def _optional(self, name: str, kind: type) -> Any:
        if name not in self._body:
            return None
        value = self._body[name]
        if not isinstance(value, kind):
            raise invalid(f"{name}: expected {NAMES_OF_TYPES[kind]}")
        return value
