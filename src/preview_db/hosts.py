"""Which hosts a secret may travel to."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine: ``localhost`` or a loopback address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def trusted_url(value: str) -> str:
    """``value`` if a token may be sent there: https, or http to a loopback address. Raises ``ValueError`` if not."""
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("takes an address such as https://api.prisma.io")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("takes an https:// address (http:// only to a loopback address), since the token is sent there")
    return value.rstrip("/")


def same_domain(host: str, api_host: str) -> bool:
    """Whether a database at ``host`` can be one that ``api_host`` manages.

    ``db.prisma.io`` for ``api.prisma.io``; this machine for this machine; for any other address, its own word.
    """
    if is_loopback(api_host):
        return is_loopback(host)
    label, dot, domain = api_host.partition(".")
    return label != "api" or host.endswith(dot + domain)
