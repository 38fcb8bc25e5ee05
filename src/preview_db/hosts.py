"""Which hosts a secret may travel to."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

HOST = r"(?:[A-Za-z0-9_-]{1,63}\.){0,30}[A-Za-z0-9_-]{1,63}|\[[0-9A-Fa-f:.]{2,45}\]"
"""A host in an address, as a regular expression: only what every program that reads one takes for the same host."""

_ADDRESS = re.compile(rf"(?i:https?)://(?:{HOST})(?::[0-9]{{1,5}})?(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?", re.ASCII)

_ENDS_AS_A_NUMBER = re.compile(r"(?:^|\.)(?:[0-9]+|0[xX][0-9A-Fa-f]*)$", re.ASCII)
"""To every client such a host is an IPv4 address, and ``127.1`` or ``0x7f.1`` is one to some of them only."""


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine: ``localhost`` or a loopback address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def trusted_url(value: str) -> str:
    """``value`` if a token may be sent there: https, or http to a loopback address. Raises ``ValueError`` if not."""
    if not _ADDRESS.fullmatch(value) or not _is_usable(value):
        raise ValueError("takes an address such as https://api.prisma.io")
    parts = urlsplit(value)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
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


def _is_usable(value: str) -> bool:
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
        if "[" in value:
            ipaddress.IPv6Address(host)
        elif _ENDS_AS_A_NUMBER.search(host):
            ipaddress.IPv4Address(host)
        return bool(host) and parts.port != 0
    except ValueError:
        return False
