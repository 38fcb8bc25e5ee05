"""Tokens in the form of the service's: JSON Web Tokens whose claims say which workspace they are for."""

from __future__ import annotations

import secrets


def new_token(workspace_id: str, *, expires_at: float | None = None) -> str:
    """Return a new token for the workspace, whose id Prisma's command line reads in the claims, without its prefix.

    The stand-in knows its tokens as they are: nobody has to verify the signature, and the key is forgotten at once.
    """
    import jwt  # here, as in oidc.py: it takes a while, and most starts have a token already

    claims: dict[str, str | int] = {"sub": f"service_token:{secrets.token_hex(8)}", "workspace_id": workspace_id}
    if expires_at is not None:
        claims["exp"] = int(expires_at)
    return jwt.encode(claims, secrets.token_bytes(32), algorithm="HS256")
