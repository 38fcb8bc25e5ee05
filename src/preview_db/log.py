"""Where a person reads along: the one protocol that both front doors implement."""

from __future__ import annotations

from typing import Protocol

from pydantic import SecretStr


class Sink(Protocol):
    """Where a person reads along, and what has to be told every secret before it is used."""

    def info(self, text: str) -> None: ...

    def waiting(self, text: str) -> None:
        """Why it takes longer: said even where no progress is."""

    def notice(self, title: str, text: str) -> None: ...

    def warning(self, title: str, text: str) -> None: ...

    def mask(self, secret: SecretStr) -> None: ...
