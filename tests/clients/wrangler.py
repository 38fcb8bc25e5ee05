"""Cloudflare's wrangler: the life of a Hyperdrive configuration that points at a preview."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .stage import Attempt, Stage, attempt

OLD = "requires at least Node.js"


def attempts(stage: Stage) -> Iterator[Attempt]:
    ready = stage.emulator.addresses
    database = stage.api("POST", "/v1/databases", {"projectId": ready["project_id"], "name": "wrangler"})
    environ = {
        "CLOUDFLARE_API_BASE_URL": ready["cloudflare_api_url"],
        "CLOUDFLARE_API_TOKEN": ready["cloudflare_api_token"],
        "CLOUDFLARE_ACCOUNT_ID": ready["cloudflare_account_id"],
        "WRANGLER_SEND_METRICS": "false",
    }
    folder = stage.folder / "wrangler"
    folder.mkdir()

    def hyperdrive(*arguments: str) -> str:
        command = ("node", stage.installed / "node_modules/wrangler/bin/wrangler.js", "hyperdrive")
        return stage.run(*command, *arguments, cwd=folder, environ=environ)

    def life() -> None:
        url = stage.urls(database["id"])["DIRECT_URL"].partition("?")[0]
        created = hyperdrive("create", "preview", "--connection-string", url, "--caching-disabled")
        found = re.search(r"\b[0-9a-f]{32}\b", created)
        assert found, created
        assert found[0] in hyperdrive("list")
        hyperdrive("update", found[0], "--connection-string", stage.urls(database["id"])["DIRECT_URL"].partition("?")[0])
        assert "preview" in hyperdrive("get", found[0])
        hyperdrive("delete", found[0])
        assert found[0] not in hyperdrive("list")

    lived = attempt("creates, lists, updates, reads and deletes a Hyperdrive configuration", life)
    yield Attempt(lived.what, left_out="it needs a newer Node.js") if lived.failure and OLD in lived.failure else lived
