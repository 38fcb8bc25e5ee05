"""What GitHub's objects have in common: ids, e-mail addresses, reactions, an author's association."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]

BORN = "2024-01-01T00:00:00Z"
"""When everything began that has no other date."""


def account_id(name: str) -> int:
    """Make up an id for a name: the same one each time, on every machine."""
    return zlib.crc32(name.lower().encode())


def association(author: Json, repository: Json) -> str:
    if author["login"] == repository["owner"]["login"]:
        return "OWNER"
    return "NONE" if author["type"] == "Bot" else "CONTRIBUTOR"


def reactions(url: str) -> Json:
    kinds = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
    return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(kinds, 0)}


def email(account: Json) -> str:
    return f"{account['id']}+{account['login']}@users.noreply.{urlsplit(account['html_url']).hostname}"


def node_id(prefix: str, repository_id: int, id: int) -> str:
    """Make a global node id of GitHub's form: a type and the packed ids behind it."""
    numbers = [0, repository_id, id] if repository_id else [0, id]
    packed = b"".join(b"\xce" + n.to_bytes(4) if n < 2**32 else b"\xcf" + n.to_bytes(8) for n in numbers[1:])
    return f"{prefix}_{base64.urlsafe_b64encode(bytes([0x90 + len(numbers), 0]) + packed).decode().rstrip('=')}"


def merge_commit(head_sha: str, base_sha: str) -> str:
    """The commit that merges one into the other, made up of the two."""
    return hashlib.sha1(f"merge {head_sha} {base_sha}".encode(), usedforsecurity=False).hexdigest()
