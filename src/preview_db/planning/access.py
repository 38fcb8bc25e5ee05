"""What the first requests need of the settings: read by itself, since the libraries that read all of them take longer to be imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from ..hosts import trusted_url

SERVICE_TOKEN = ("INPUT_SERVICE_TOKEN", "PRISMA_SERVICE_TOKEN")
PROJECT = ("INPUT_PROJECT", "INPUT_PROJECT_ID", "PRISMA_PROJECT_ID")
MANAGEMENT_API_URL = ("PRISMA_MANAGEMENT_API_URL",)
"""The variables each is read from: of those that are set, the first."""

PRISMA = "https://api.prisma.io"

_USUAL = {"GITHUB_EVENT_NAME": "pull_request", "INPUT_COMMAND": "auto", "INPUT_LABEL": "", "INPUT_DRAFTS": "true"}
"""The settings with which a run reads the project in any case. With others, only all of the settings say whether it does."""


class Access(NamedTuple):
    """Which project, where, and with whose token."""

    url: str
    token: str
    project: str


def foreseen(environ: Mapping[str, str]) -> Access | None:
    """What a run reads in any case; none where only all of the settings say that, or say what is wrong with them."""
    if any(environ.get(name, "") not in ("", usual) for name, usual in _USUAL.items()):
        return None
    try:
        url = trusted_url(_first(environ, MANAGEMENT_API_URL) or PRISMA)
        return Access(url, sendable(_first(environ, SERVICE_TOKEN)), _first(environ, PROJECT))
    except ValueError:
        return None


def sendable(token: str) -> str:
    """``token`` if a header can carry it. Raises ``ValueError`` if not."""
    if not re.fullmatch(r"[!-~]{1,8192}", token):
        raise ValueError("takes a token without spaces or line breaks: check how the secret was pasted")
    return token


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := environ.get(name, "")).strip()), "")
