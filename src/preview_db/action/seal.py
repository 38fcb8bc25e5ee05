"""Connection strings in an envelope that may pass between jobs, where a masked value may not. Pure: randomness is an argument.

The passphrase becomes a key by Argon2id, the key encrypts and authenticates by XChaCha20-Poly1305; both are libsodium's (PyNaCl). A
sealed text is one line, ``preview-db.v1.`` and unpadded base64url of

    operations (1 byte) | kibibytes (4, big endian) | salt (16) | nonce (24) | ciphertext and tag

with all that comes before the ciphertext, the prefix included, as associated data: what was changed anywhere does not open.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import re
import secrets
import struct
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from ..errors import InvalidInput, PreviewError
from ..planning.model import Endpoint

VERSION: Literal[1] = 1
PREFIX = f"preview-db.v{VERSION}."

SHORTEST_PASSPHRASE = 12
"""Characters. Whoever gets hold of a sealed text may guess for as long as they like: make it a random one, much longer."""

LONGEST = 1_000_000
"""Characters of a text that is looked at; GitHub passes at most 1 MB of outputs between jobs."""

_COSTS = struct.Struct(">BI")
_SALT, _NONCE, _KEY, _TAG = 16, 24, 32, 16
_HEADER = _COSTS.size + _SALT + _NONCE
_FORM = re.compile(r"preview-db\.v(?P<version>[1-9][0-9]{0,8})\.(?P<body>[A-Za-z0-9_-]*)", re.ASCII)


@dataclasses.dataclass(frozen=True, slots=True)
class Cost:
    """What a key costs to derive, and a guess to try: passes over so much memory."""

    operations: int
    kibibytes: int


COST = Cost(operations=3, kibibytes=64 * 1024)
"""libsodium's *moderate* passes over its *interactive* memory, as RFC 9106 recommends where memory is scarce (3 passes, 64 MiB).
That is under 0.1 s and 75 MiB at the peak, which the smallest container has; *moderate* memory, 256 MiB, is more than some do."""

HIGHEST_COST = Cost(operations=8, kibibytes=256 * 1024)
"""The most that a text may ask for when it is opened: a second and 256 MiB, room for later versions. What a text says is not to be
trusted before it has been opened."""


class CannotOpen(PreviewError):
    """The passphrase is another one, or the text is not what was sealed."""

    title = "Sealed text not opened"
    page = "errors.md#sealed-text"


class NotSealed(CannotOpen):
    """The text never was a sealed one, or only a part of it is left."""


class NewerSeal(CannotOpen):
    """The text was sealed by a later version of preview-db."""


class WeakPassphrase(InvalidInput):
    """The passphrase is so short that it could be guessed."""


class NoMemory(PreviewError):
    """The memory that the key's derivation takes is not there."""

    title = "Not enough memory"
    page = "errors.md#sealed-text"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SealedConnection(_Frozen):
    """One credential.

    Attributes:
        name: what the user calls it, a line of ``connections``.
        variable: the environment variable it is exported to, if it is.
        direct, pooled: its connection strings, of which there is at least the one for the endpoint asked for.
    """

    name: str
    variable: Annotated[str | None, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")] = None
    connection_id: str
    created_at: AwareDatetime
    direct: SecretStr | None = None
    pooled: SecretStr | None = None

    def strings(self) -> tuple[tuple[str, SecretStr | None], ...]:
        """Both, by the names of their endpoints."""
        return (Endpoint.DIRECT.value, self.direct), (Endpoint.POOLED.value, self.pooled)


class Sealed(_Frozen):
    """What is in the envelope: the strings, and what the outputs beside them say. ``endpoint`` is the one ``database_url`` is."""

    version: Literal[1] = VERSION
    database_id: str
    database_name: str
    project_id: str
    endpoint: Endpoint
    connections: Annotated[tuple[SealedConnection, ...], Field(min_length=1, max_length=100)]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for connection in self.connections:
            if dict(connection.strings())[self.endpoint] is None:
                raise ValueError(f"a connection without its {self.endpoint} string")
        return self


def seal(content: Sealed, passphrase: SecretStr, *, cost: Cost = COST, token_bytes: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """``content`` as a line of text that only ``passphrase`` opens. No two are alike, even of the same.

    Args:
        token_bytes: answers so many random bytes, no two times the same.

    Raises:
        WeakPassphrase: it is shorter than :data:`SHORTEST_PASSPHRASE`.
        NoMemory: there is less memory than ``cost`` takes.
    """
    # Here, since importing it takes 15 ms that a run which seals nothing should not pay.
    from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt

    check_passphrase(passphrase)
    salt, nonce = token_bytes(_SALT), token_bytes(_NONCE)
    header = _COSTS.pack(cost.operations, cost.kibibytes) + salt + nonce
    key = _derive(passphrase, salt, cost)
    box = crypto_aead_xchacha20poly1305_ietf_encrypt(_plain(content), PREFIX.encode() + header, nonce, key)
    return PREFIX + _encode(header + box)


def open_sealed(text: str, passphrase: SecretStr) -> Sealed:
    """What :func:`seal` put into ``text``, whole. White space around it, as of a file's last line, does not matter.

    Raises:
        NotSealed: it is no sealed text, or not a whole one.
        NewerSeal: it is one of a later version.
        CannotOpen: the passphrase is another one, or the text was changed; nothing tells which.
        WeakPassphrase: it is shorter than any text is sealed with.
        NoMemory: there is less memory than it takes.
    """
    # Here, since importing it takes 15 ms that a run which opens nothing should not pay.
    from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt
    from nacl.exceptions import CryptoError

    check_passphrase(passphrase)
    header, box = _parsed(text)
    operations, kibibytes = _COSTS.unpack_from(header)
    cost = Cost(operations, kibibytes)
    if not (1 <= operations <= HIGHEST_COST.operations and 8 <= kibibytes <= HIGHEST_COST.kibibytes):
        raise CannotOpen(
            f"The sealed text asks for {operations} passes over {kibibytes} KiB of memory, which no version of preview-db does.",
            cause="It was changed on the way, or made up.",
            remedy=_REMEDY,
        )
    salt, nonce = header[_COSTS.size :][:_SALT], header[-_NONCE:]
    key = _derive(passphrase, salt, cost)
    try:
        plain = crypto_aead_xchacha20poly1305_ietf_decrypt(box, PREFIX.encode() + header, nonce, key)
    except CryptoError:
        raise CannotOpen(
            "The sealed text could not be opened.",
            cause="The passphrase is not the one it was sealed with, or the text was changed on the way; the two can't be told apart.",
            remedy=_REMEDY,
        ) from None
    return _read(plain)


def check_passphrase(passphrase: SecretStr) -> None:
    """Raises :class:`WeakPassphrase` if :func:`seal` would: to be asked before there is anything to seal, and to lose."""
    value = passphrase.get_secret_value()
    if len(value.strip()) < SHORTEST_PASSPHRASE:
        raise WeakPassphrase(
            f"The input seal_with is shorter than {SHORTEST_PASSPHRASE} characters.",
            cause="A short passphrase can be guessed by whoever gets hold of the sealed text, or the secret it is set from is empty.",
            remedy="Store a long random one as a secret ('openssl rand -base64 32' makes one) and use it in both jobs.",
        )


_REMEDY = "Give seal_with the same secret in both jobs, and sealed the whole output of the job that sealed it."


def _parsed(text: str) -> tuple[bytes, bytes]:
    """Header and ciphertext."""
    text = text[: LONGEST + 1].strip()
    parts = _FORM.fullmatch(text) if len(text) <= LONGEST else None
    if parts is None:
        raise NotSealed(
            "The input sealed holds no sealed text.",
            cause=f"Such a text is one line that begins with {PREFIX} and goes on in letters, digits, '-' and '_'.",
            remedy=_REMEDY,
        )
    if int(parts["version"]) != VERSION:
        raise _newer(int(parts["version"]))
    raw = _decode(parts["body"])
    if raw is None or len(raw) <= _HEADER + _TAG:
        raise NotSealed("The input sealed holds a part of a sealed text only.", cause="It was cut short on the way.", remedy=_REMEDY)
    return raw[:_HEADER], raw[_HEADER:]


def _newer(version: int) -> NewerSeal:
    return NewerSeal(
        f"The sealed text is of version {version}; this preview-db knows version {VERSION}.",
        cause="The job that sealed it uses a newer preview-db than this one.",
        remedy="Use the same version of preview-db in both jobs.",
    )


def _derive(passphrase: SecretStr, salt: bytes, cost: Cost) -> bytes:
    from nacl.bindings import crypto_pwhash_alg, crypto_pwhash_ALG_ARGON2ID13
    from nacl.exceptions import RuntimeError as CannotDerive

    raw = passphrase.get_secret_value().encode("utf-8", "surrogatepass")
    try:
        return crypto_pwhash_alg(_KEY, raw, salt, cost.operations, cost.kibibytes * 1024, crypto_pwhash_ALG_ARGON2ID13)
    except (CannotDerive, MemoryError):
        raise NoMemory(
            f"Sealing takes {cost.kibibytes // 1024} MiB of memory, and they are not there.",
            cause="The runner limits the memory of the step's container.",
            remedy="Give the job more memory, or do without seal_with and let the other job use 'command: connect'.",
        ) from None


def _plain(content: Sealed) -> bytes:
    # By hand: pydantic prints a SecretStr as stars, and should go on doing so everywhere else.
    fields = content.model_dump(mode="json")
    for connection, shown in zip(content.connections, fields["connections"], strict=True):
        shown |= {name: None if one is None else one.get_secret_value() for name, one in connection.strings()}
    return json.dumps(fields, separators=(",", ":")).encode()


def _read(plain: bytes) -> Sealed:
    try:
        fields: Any = json.loads(plain)
        version = fields.get("version") if isinstance(fields, dict) else None
        if isinstance(version, int) and version > VERSION:
            raise _newer(version)
        return Sealed.model_validate(fields)
    except (ValueError, RecursionError) as error:
        raise CannotOpen(
            f"The sealed text was opened, but its content makes no sense{_where(error)}.",
            cause="It was sealed by something else than preview-db, with the same passphrase.",
            remedy=_REMEDY,
        ) from None


def _where(error: Exception) -> str:
    """Which field it is. Its value may be a secret, and a message could quote it."""
    if not isinstance(error, ValidationError):
        return ""
    where = ".".join(str(part) for part in error.errors(include_url=False, include_input=False, include_context=False)[0]["loc"])
    return f" ({where})" if where else ""


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes | None:
    """None for what :func:`_encode` never answers; several texts would stand for the same bytes otherwise."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return None
    return raw if _encode(raw) == text else None
