"""Credentials: created, checked, waited for, revoked."""

from __future__ import annotations

from ..log import Sink
from ..planning.credential import Credential


def mask(credential: Credential, sink: Sink) -> None:
    """Tells ``sink`` every secret of ``credential``."""
    for string in (credential.direct, credential.pooled):
        if string is not None:
            sink.mask(string.url)
            sink.mask(string.password)
