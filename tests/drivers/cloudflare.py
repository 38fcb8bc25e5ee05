"""The account at Cloudflare as tests see it: its configurations, its weather, and whether one of them can log in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from preview_db_emulator.client import Emulator

from . import plain_http

Json = dict[str, Any]


@dataclass(frozen=True)
class Account:
    """One account's configurations."""

    emulator: Emulator
    http: httpx.Client
    url: str

    @property
    def inputs(self) -> dict[str, str]:
        """What a step needs to keep configurations in it."""
        addresses = self.emulator.addresses
        return {
            "hyperdrive": "true",
            "cloudflare_api_token": addresses["cloudflare_api_token"],
            "cloudflare_account_id": addresses["cloudflare_account_id"],
        }

    @property
    def environ(self) -> dict[str, str]:
        """Where the account is."""
        return {"CLOUDFLARE_API_BASE_URL": self.emulator.addresses["cloudflare_api_url"]}

    def configurations(self) -> list[Json]:
        answer = self.http.get(self.url, params={"per_page": "100"})
        answer.raise_for_status()
        return list(answer.json()["result"])

    def can_log_in(self, configuration: Json) -> bool:
        """Whether the test connection that Cloudflare makes works, with the password it holds."""
        address = {name: configuration["origin"][name] for name in ("host", "port")}
        return self.http.patch(f"{self.url}/{configuration['id']}", json={"origin": address}).is_success

    def weather(self, **changes: object) -> None:
        self.emulator.control("PUT", "cloudflare", changes)

    def somebody_elses(self, name: str, origin: Json) -> Json:
        """A configuration that somebody has made by hand."""
        answer = self.http.post(self.url, json={"name": name, "origin": origin})
        assert answer.is_success, answer.text
        return dict(answer.json()["result"])


@contextlib.contextmanager
def account(running: Emulator) -> Iterator[Account]:
    """The emulated account; it is left as it was found: empty, and in fine weather."""
    addresses = running.addresses
    url = f"{addresses['cloudflare_api_url']}/accounts/{addresses['cloudflare_account_id']}/hyperdrive/configs"
    with plain_http.client(headers={"Authorization": f"Bearer {addresses['cloudflare_api_token']}"}) as http:
        try:
            yield Account(running, http, url)
        finally:
            running.control("PUT", "cloudflare", {"limit": 25, "refuse_with": None})
            running.control("DELETE", "cloudflare/configurations")
