"""Reading what a client sent about a configuration: whole for create and replace, in groups for an update."""

from __future__ import annotations

from typing import Any

from .models import Json, Origin, invalid

LOGIN = ("scheme", "database", "user", "password")
ADDRESS = ("host", "port")
SCHEMES = ("postgres", "postgresql")
LONGEST_NAME = 63  # bytes, of a user or database
VERIFYING = ("verify-ca", "verify-full")
MOST_CONNECTIONS = 100


def name(given: Json) -> str:
    value = given.get("name")
    if not isinstance(value, str) or not value:
        raise invalid("name: must be a non-empty string")
    return value


def whole_origin(given: Json) -> Origin:
    """The origin of a body that creates or replaces."""
    origin = _object(given, "origin")
    if "access_client_id" in origin or "service_id" in origin:
        raise invalid("origin: the stand-in has no Access applications and no VPC services; give host and port")
    return _origin(origin, origin)


def changed_origin(given: Json, before: Origin) -> Origin | None:
    """The origin after a body that updates; None if it says nothing of it. What is given of a group has to be all of it."""
    if "origin" not in given:
        return None
    origin = _object(given, "origin")
    for group in (LOGIN, ADDRESS):
        present = [part for part in group if part in origin]
        if present and len(present) < len(group):
            raise invalid(f"origin: {', '.join(present)} can only be changed together with {', '.join(group)}")
    return _origin({**before.shown(), "password": before.password, **origin}, origin)


def caching(given: Json) -> Json | None:
    if "caching" not in given:
        return None
    asked = _object(given, "caching")
    if not isinstance(asked.get("disabled", False), bool):
        raise invalid("caching.disabled: must be a boolean")
    if asked.get("disabled"):
        return {"disabled": True}
    return {"disabled": False, "max_age": asked.get("max_age", 60), "stale_while_revalidate": asked.get("stale_while_revalidate", 15)}


def mtls(given: Json) -> Json | None:
    if "mtls" not in given:
        return None
    asked = _object(given, "mtls")
    if asked.get("sslmode") in VERIFYING and not asked.get("ca_certificate_id"):
        raise invalid(f"mtls: sslmode {asked['sslmode']} needs a ca_certificate_id")
    return asked


def connection_limit(given: Json) -> int | None:
    if "origin_connection_limit" not in given:
        return None
    asked = given["origin_connection_limit"]
    if not isinstance(asked, int) or not 5 <= asked <= MOST_CONNECTIONS:
        raise invalid(f"origin_connection_limit: must be from 5 to {MOST_CONNECTIONS}")
    return asked


def _origin(parts: Json, given: Json) -> Origin:
    if parts.get("scheme") not in SCHEMES:
        raise invalid(f"origin.scheme: must be one of {', '.join(SCHEMES)} (the stand-in has no MySQL)")
    for part in ("host", "database", "user", "password"):
        if not isinstance(parts.get(part), str) or not parts[part]:
            raise invalid(f"origin.{part}: must be a non-empty string")
    port = parts.get("port", 5432)
    if not isinstance(port, int) or not 0 < port < 65536:
        raise invalid("origin.port: must be a port")
    for part in ("database", "user"):
        if part in given and len(parts[part].encode()) > LONGEST_NAME:
            raise invalid(f"origin.{part}: must be at most {LONGEST_NAME} bytes")
    return Origin(parts["scheme"], parts["host"], port, parts["database"], parts["user"], parts["password"])


def _object(given: Json, name: str) -> Json:
    value: Any = given.get(name)
    if not isinstance(value, dict):
        raise invalid(f"{name}: must be an object")
    return value
