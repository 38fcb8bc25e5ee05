"""A job that signs in by its own identity, at the emulator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from preview_db.errors import PreviewError
from preview_db.services.github.oidc import identity_token
from preview_db.services.prisma.keyless import ShortLived, exchange
from preview_db_emulator.client import Emulator

TOKEN = "request-token-of-the-job"


@dataclass
class Job:
    """A job with `id-token: write`, and the masks it has asked for so far, in their order."""

    emulator: Emulator
    masks: list[str] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        return environ(self.emulator.addresses["oidc_request_url"], self.emulator.addresses["oidc_request_token"])

    @property
    def api(self) -> str:
        return str(self.emulator.addresses["management_api_url"])

    def mask(self, secret: SecretStr) -> None:
        self.masks.append(secret.get_secret_value())

    def identity(self, **options: Any) -> SecretStr:
        return identity_token(self.environ, mask=self.mask, **options)

    def trade(self, identity: SecretStr, *, seconds: int = 1800) -> ShortLived:
        return exchange(self.api, identity, seconds=seconds, repository=self.emulator.repository, mask=self.mask)

    def signs_in(self, *, seconds: int = 1800) -> ShortLived:
        return self.trade(self.identity(), seconds=seconds)

    def terms(self, **changes: object) -> dict[str, Any]:
        return dict(self.emulator.control("PUT", "oidc", changes))

    def requests(self, path: str) -> list[int]:
        """The statuses of what was asked of `path`."""
        return [one["status"] for one in self.emulator.control("GET", "requests") if one["path"] == path]


def environ(url: str, token: str = TOKEN) -> dict[str, str]:
    return {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": token}


EXCHANGE = "/v1/auth/github-actions/token"


def is_said_well(error: PreviewError, *secrets: str) -> None:
    for sentence in (error.what, error.cause, error.remedy):
        assert sentence.endswith("."), sentence
        assert "\n" not in sentence
    assert all(secret not in str(error) for secret in secrets)
