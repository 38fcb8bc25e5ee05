"""What is sealed in one job opens in another, with the same passphrase, whole and unchanged, or not at all."""

from __future__ import annotations

import base64
import re
import struct
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from preview_db.action import seal as module
from preview_db.action.seal import (
    COST,
    HIGHEST_COST,
    LONGEST,
    PREFIX,
    CannotOpen,
    Cost,
    NewerSeal,
    NotSealed,
    Sealed,
    SealedConnection,
    WeakPassphrase,
    check_passphrase,
    open_sealed,
    seal,
)
from preview_db.errors import InvalidInput, PreviewError
from preview_db.planning.model import Endpoint

PASSPHRASE = SecretStr("correct horse battery")
OTHER = SecretStr("correct horse batterz")
CHEAP = Cost(operations=1, kibibytes=8)
"""Where a test is not about the price of a guess."""

URL = "postgres://user:p%25ss@db.prisma.io:5432/postgres?sslmode=require"

text = st.text(max_size=60)
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)
connections = st.builds(
    SealedConnection,
    name=text,
    variable=st.none() | names,
    connection_id=text,
    created_at=st.datetimes(timezones=st.just(UTC)),
    direct=st.builds(SecretStr, text),
    pooled=st.builds(SecretStr, text),
)
contents = st.builds(
    Sealed,
    database_id=text,
    database_name=text,
    project_id=text,
    endpoint=st.sampled_from(Endpoint),
    connections=st.lists(connections, min_size=1, max_size=4).map(tuple),
)


def content(*urls: str) -> Sealed:
    return Sealed(
        database_id="db_1",
        database_name="owner-name-pr-7",
        project_id="proj_1",
        endpoint=Endpoint.DIRECT,
        connections=tuple(
            SealedConnection(
                name=f"c{number}",
                variable="DATABASE_URL" if not number else None,
                connection_id=f"con_{number}",
                created_at=datetime(2026, 11, 20, tzinfo=UTC),
                direct=SecretStr(url),
            )
            for number, url in enumerate(urls or (URL,))
        ),
    )


def sealed(*urls: str) -> str:
    return seal(content(*urls), PASSPHRASE, cost=CHEAP)


def raw(text: str) -> bytes:
    body = text.removeprefix(PREFIX)
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))


def wrapped(raw: bytes) -> str:
    return PREFIX + base64.urlsafe_b64encode(raw).decode().rstrip("=")


CLOSED = sealed()


@given(contents, st.text(min_size=12, max_size=40).filter(lambda one: len(one.strip()) >= 12))
def test_what_was_sealed_opens_unchanged_whatever_it_holds(one: Sealed, passphrase: str) -> None:
    closed = seal(one, SecretStr(passphrase), cost=CHEAP)
    assert re.fullmatch(r"preview-db\.v1\.[A-Za-z0-9_-]+", closed)
    opened = open_sealed(closed, SecretStr(passphrase))
    assert opened == one
    assert [each.direct for each in opened.connections] == [each.direct for each in one.connections]


def test_at_full_price_too() -> None:
    closed = seal(content(), PASSPHRASE)
    assert struct.unpack_from(">BI", raw(closed)) == (3, 65536) == (COST.operations, COST.kibibytes)
    assert open_sealed(f" {closed}\n", PASSPHRASE) == content()


def test_nothing_of_the_content_shows_and_no_two_are_alike() -> None:
    one, two = sealed(), sealed()
    assert raw(one)[5:21] != raw(two)[5:21], "the salt"
    assert raw(one)[21:45] != raw(two)[21:45], "the nonce"
    assert raw(one)[45:] != raw(two)[45:]
    assert b"postgres" not in raw(one)
    assert URL not in repr(content()) + str(content()) + content().model_dump_json()


def test_randomness_is_what_it_is_given() -> None:
    made = [seal(content(), PASSPHRASE, cost=CHEAP, token_bytes=bytes) for _ in range(2)]
    assert made[0] == made[1]
    assert raw(made[0])[5:45] == bytes(40)


def test_every_single_change_of_a_character_is_refused() -> None:
    closed = sealed()
    for index, before in enumerate(closed):
        for after in {"A", "_", "9", ".", " ", "é", chr(ord(before) ^ 1)} - {before}:
            with pytest.raises(CannotOpen):
                open_sealed(closed[:index] + after + closed[index + 1 :], PASSPHRASE)


def test_every_length_it_can_be_cut_to_and_every_character_that_can_be_added_is_refused() -> None:
    closed = sealed()
    for length in range(len(closed)):
        with pytest.raises(CannotOpen):
            open_sealed(closed[:length], PASSPHRASE)
    for index in range(len(closed) + 1):
        for more in ("A", "=", "0"):
            with pytest.raises(CannotOpen):
                open_sealed(closed[:index] + more + closed[index:], PASSPHRASE)


@given(st.integers(min_value=0), st.integers(1, 255))
def test_every_byte_is_authenticated_salt_and_nonce_too(position: int, change: int) -> None:
    whole = bytearray(raw(CLOSED))
    whole[5 + position % (len(whole) - 5)] ^= change
    with pytest.raises(CannotOpen):
        open_sealed(wrapped(bytes(whole)), PASSPHRASE)


def test_a_changed_cost_that_is_allowed_does_not_open_either() -> None:
    body = raw(CLOSED)
    for cost in ((2, 8), (1, 9), (1, 64), (8, 8)):
        with pytest.raises(CannotOpen, match="could not be opened"):
            open_sealed(wrapped(struct.pack(">BI", *cost) + body[5:]), PASSPHRASE)


@pytest.mark.parametrize("cost", [(0, 8), (1, 0), (1, 7), (9, 8), (255, 2**32 - 1), (1, 10 * 1024 * 1024), (1, HIGHEST_COST.kibibytes + 1)])
def test_a_text_can_not_demand_what_a_container_does_not_have(cost: tuple[int, int]) -> None:
    with pytest.raises(CannotOpen, match=f"{cost[0]} passes over {cost[1]} KiB"):
        open_sealed(wrapped(struct.pack(">BI", *cost) + raw(CLOSED)[5:]), PASSPHRASE)


@pytest.mark.parametrize("cost", [Cost(HIGHEST_COST.operations, 8), Cost(1, HIGHEST_COST.kibibytes)])
def test_what_later_versions_may_ask_for_opens(cost: Cost) -> None:
    assert open_sealed(seal(content(), PASSPHRASE, cost=cost), PASSPHRASE) == content()


@pytest.mark.parametrize("other", ["correct horse batterz", "Correct horse battery", "correct horse battery ", "correct horse batter"])
def test_another_passphrase_opens_nothing_and_the_error_says_what_it_can_be(other: str) -> None:
    with pytest.raises(CannotOpen) as refused:
        open_sealed(CLOSED, SecretStr(other))
    assert "passphrase is not the one" in str(refused.value)
    assert "changed on the way" in str(refused.value)
    assert "seal_with" in refused.value.remedy
    assert other.strip() not in str(refused.value)


@pytest.mark.parametrize(
    "junk",
    [
        *("", "\n", "***", "\0", "postgres://u:p@h/d", "preview-db.v1", "preview-db.v0.AAAA", "preview-db.v01.AAAA", "preview-db.v1.==="),
        *("preview-db.v1.AA AA", f"{PREFIX}{'A' * LONGEST}", "x" * 3_000_000),
    ],
)
def test_what_never_was_sealed_is_called_so(junk: str) -> None:
    with pytest.raises(NotSealed, match="sealed"):
        open_sealed(junk, PASSPHRASE)


def test_a_newer_version_is_called_so_whatever_its_form_is() -> None:
    with pytest.raises(NewerSeal, match="version 2") as refused:
        open_sealed(CLOSED.replace(".v1.", ".v2."), PASSPHRASE)
    assert "same version" in refused.value.remedy


@pytest.mark.parametrize("passphrase", ["", " " * 40, "elevenchars", "  elevenchars  "])
def test_a_passphrase_that_could_be_guessed_is_refused_before_anything_is_sealed(passphrase: str) -> None:
    for attempt in (
        lambda: check_passphrase(SecretStr(passphrase)),
        lambda: seal(content(), SecretStr(passphrase)),
        lambda: open_sealed(CLOSED, SecretStr(passphrase)),
    ):
        with pytest.raises(WeakPassphrase, match="seal_with") as refused:
            attempt()
        assert isinstance(refused.value, InvalidInput)
        assert "secret" in refused.value.remedy


def test_a_passphrase_of_bytes_that_are_no_text_works() -> None:
    odd = SecretStr(b"\xff\xfe twelve bytes".decode("utf-8", "surrogateescape"))
    assert open_sealed(seal(content(), odd, cost=CHEAP), odd) == content()


@pytest.mark.parametrize(
    "plain",
    [b"", b"null", b"[]", b"{}", b'"x"', b"\xff", b"[" * 100_000, b'{"version": 1}', b'{"version": "1"}', b'{"version": true}'],
)
def test_what_someone_else_sealed_with_the_same_passphrase_is_an_error_never_garbage(plain: bytes) -> None:
    with pytest.raises(CannotOpen):
        open_sealed(foreign(plain), PASSPHRASE)


def test_an_error_about_the_content_quotes_none_of_it() -> None:
    with pytest.raises(CannotOpen) as refused:
        open_sealed(foreign(b'{"version": 1, "connections": [{"direct": "postgres://secret"}]}'), PASSPHRASE)
    assert "postgres://secret" not in str(refused.value)
    with pytest.raises(NewerSeal):
        open_sealed(foreign(b'{"version": 2}'), PASSPHRASE)


def test_fields_of_a_later_version_one_are_passed_over() -> None:
    fields = module._plain(content()).replace(b'{"version":1', b'{"later":true,"version":1')
    assert open_sealed(foreign(fields), PASSPHRASE) == content()


def foreign(plain: bytes) -> str:
    from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt

    header = struct.pack(">BI", 1, 8) + bytes(40)
    key = module._derive(PASSPHRASE, bytes(16), CHEAP)
    return wrapped(header + crypto_aead_xchacha20poly1305_ietf_encrypt(plain, PREFIX.encode() + header, bytes(24), key))


def test_nothing_incomplete_is_sealed() -> None:
    fields = content().model_dump()
    with pytest.raises(ValidationError, match="without its pooled string"):
        Sealed(**{**fields, "endpoint": "pooled"})
    with pytest.raises(ValidationError):
        Sealed(**{**fields, "connections": ()})
    with pytest.raises(ValidationError):
        SealedConnection(**{**fields["connections"][0], "variable": "A=B\nGITHUB_ENV"})


def test_too_little_memory_is_said_and_not_a_traceback() -> None:
    program = f"""
import nacl.bindings
from preview_db.action import seal
import resource
from pydantic import SecretStr
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 32 * 2**20, resource.RLIM_INFINITY))
try:
    seal.open_sealed({seal(content(), PASSPHRASE)!r}, SecretStr({PASSPHRASE.get_secret_value()!r}))
except seal.NoMemory as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "64 MiB" in done.stdout


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process is read from Linux's /proc")
def test_it_fits_into_a_small_container() -> None:
    program = f"""
from pathlib import Path
from pydantic import SecretStr
from preview_db.action import seal
seal.open_sealed({seal(content(), PASSPHRASE)!r}, SecretStr({PASSPHRASE.get_secret_value()!r}))
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 128 * 1024, "kibibytes, Python and all"


def test_importing_it_does_not_import_the_library() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys, preview_db.action.seal; print('nacl' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"


def test_every_error_is_three_sentences() -> None:
    for text, passphrase in ((CLOSED, OTHER), ("x", PASSPHRASE), (CLOSED, SecretStr("short")), (CLOSED.replace("v1", "v9"), PASSPHRASE)):
        with pytest.raises(PreviewError) as refused:
            open_sealed(text, passphrase)
        assert refused.value.what.endswith(".")
        assert refused.value.cause.endswith(".")
        assert refused.value.remedy.endswith(".")
        assert refused.value.title != PreviewError.title
