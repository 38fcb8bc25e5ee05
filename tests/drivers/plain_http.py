"""HTTP as the stand-ins serve it. To load the authorities that TLS would trust takes longer than most tests, and nothing here asks them."""

from __future__ import annotations

from typing import Any

import httpx


def client(**options: Any) -> httpx.Client:
    """Goes through no proxy, whatever the environment says."""
    return httpx.Client(**{"timeout": 30, **options}, verify=False, trust_env=False)
