"""The secrets of a run, and text without them. Both front doors keep theirs here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import quote

from pydantic import SecretStr

_ENCODINGS: tuple[Callable[[str], str], ...] = (
    lambda raw: _percent(raw, safe=""),  # RFC 3986: Python's quote, .NET's EscapeDataString, Ruby's ERB::Util.url_encode
    lambda raw: _percent(raw, safe="/"),  # Python's quote, if nothing is said
    lambda raw: _percent(raw, safe="!*'()"),  # JavaScript's encodeURIComponent
    lambda raw: _percent(raw, safe="!$%&'()*+,"),  # user and password of JavaScript's URL
    lambda raw: _percent(raw, safe=" ").replace(" ", "+"),  # a form: Python's quote_plus, PHP's and Go's
    lambda raw: _percent(raw, safe=" *").replace("~", "%7E").replace(" ", "+"),  # a form: JavaScript's URLSearchParams, Java
    lambda raw: json.dumps(raw)[1:-1],
    lambda raw: json.dumps(raw, ensure_ascii=False)[1:-1],
    lambda raw: raw.replace("'", "'\"'\"'"),  # in a shell's quotes: Python's shlex
    lambda raw: raw.replace("'", "'\\''"),  # the same by hand
)


class Masks:
    """Knows every secret in every form it may be printed in."""

    def __init__(self) -> None:
        self._forms: list[str] = []

    def add(self, secret: SecretStr) -> list[str]:
        """Hides ``secret`` from here on. An empty one would hide everything: it is passed over.

        Returns:
            The forms of it that are new, the secret as it is first.
        """
        new = [form for form in _forms(secret.get_secret_value()) if form not in self._forms]
        # The longest first: a secret may be a part of another.
        self._forms = sorted([*self._forms, *new], key=len, reverse=True)
        return new

    def scrub(self, text: str) -> str:
        """``text`` with ``***`` for every secret."""
        for form in self._forms:
            text = text.replace(form, "***")
        return text


def _forms(raw: str) -> list[str]:
    """What ``raw`` may look like: as it is, percent-encoded by several rules and in either case, in JSON, in a shell's quotes."""
    if not raw.strip():
        return []
    encoded = [encode(raw) for encode in _ENCODINGS]
    lower = [re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), form) for form in encoded]
    return list(dict.fromkeys([raw, *encoded, *lower]))


def _percent(raw: str, *, safe: str) -> str:
    # A secret from the environment may hold bytes that are no UTF-8, which Python hands on as surrogates.
    return quote(raw.encode("utf-8", "surrogatepass"), safe=safe)
