"""What GitHub's runner replaces with ``***``: a secret as it is, and in the forms that its encoders make of it, and in no other.

Written after https://github.com/actions/runner, ValueEncoders.cs and SecretMasker.cs.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote
from xml.sax.saxutils import escape

_SHORTEST_PART = 6  # of a secret that PowerShell cuts at an ampersand
_LONGEST_QUOTED_AS_IS = 8  # characters, the quotes included


class Masker:
    """Replaces what it was told is secret."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        for secret in secrets:
            self.add(secret.strip())

    def add(self, secret: str) -> None:
        """Mask ``secret`` from now on, and each of its lines by itself."""
        for part in (secret, *(line.strip() for line in re.split(r"[\r\n]", secret))):
            if part:
                self._forms.update(form for form in _forms(part) if form)

    def __call__(self, text: str) -> str:
        masked, end = "", 0
        for start, stop in sorted(span for form in self._forms for span in _occurrences(form, text)):
            if not masked or start > end:  # what overlaps or touches becomes one
                masked += text[end:start] + "***"
            end = max(end, stop)
        return masked + text[end:]


def _occurrences(form: str, text: str) -> Iterator[tuple[int, int]]:
    start = text.find(form)
    while start >= 0:
        yield start, start + len(form)
        start = text.find(form, start + 1)


def _forms(secret: str) -> Iterator[str]:
    data = secret.encode("utf-8", "surrogatepass")
    yield secret
    for shift in range(min(3, len(data))):  # wherever in a longer text it began
        yield base64.b64encode(data[shift:]).decode()
    yield secret.replace('"', '\\"')  # an argument of a command line
    yield secret.replace("'", "''")  # a string of an expression
    yield _json(secret)
    yield quote(data, safe="-_.~")
    yield escape(secret, {'"': "&quot;", "'": "&apos;"})
    if len(secret) > _LONGEST_QUOTED_AS_IS and secret.startswith('"') and secret.endswith('"'):
        yield secret[1:-1]
    yield from (part for part in _powershell_parts(secret) if len(part) >= _SHORTEST_PART)


def _json(secret: str) -> str:
    escaped = json.dumps(secret, ensure_ascii=False)[1:-1]
    return re.sub("[\x85\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", escaped)


def _powershell_parts(secret: str) -> tuple[str, ...]:
    """What PowerShell prints apart when it quotes a line that failed: it cuts at ampersands, and colours a letter behind ``&+``."""
    if "&+" in secret:
        before, after = secret.split("&+", 1)
        return f"{before}&+", after[1:]
    if "&" in secret:
        before, after = secret.rsplit("&", 1)
        return f"{before}&", after
    return ()
