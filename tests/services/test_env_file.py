"""What is written to a file of variables is read back the same by those who read such files, and nothing else is written anywhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preview_db.services.dotenv import lines as env_lines
from preview_db.services.workspace import CannotWrite
from tests.services.env_files import HOLDS, KEY, URL, put, refused
from tests.torture.claims import LONG

Loader = Callable[[Path], Mapping[str, str | None]]


# Who reads it


def python_dotenv(path: Path) -> Mapping[str, str | None]:
    return dotenv_values(path)


def shell(program: str) -> Loader:
    def load(path: Path) -> Mapping[str, str | None]:
        script = f"set -a; . {path}; exec {sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
        done = subprocess.run([program, "-c", script], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]})
        return dict(json.loads(done.stdout))

    return load


def node(*arguments: str) -> Loader:
    def load(path: Path) -> Mapping[str, str | None]:
        filled = [argument.replace("FILE", str(path)) for argument in arguments]
        done = subprocess.run(["node", *filled], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]})
        return dict(json.loads(done.stdout))

    return load


PARSE = "console.log(JSON.stringify(require('util').parseEnv(require('fs').readFileSync('FILE', 'utf8'))))"
LOADERS: dict[str, Loader] = {"python-dotenv": python_dotenv, "bash": shell("bash"), "sh": shell("sh")}
if shutil.which("node"):
    LOADERS |= {
        "node util.parseEnv": node("-e", PARSE),
        "node --env-file": node("--env-file=FILE", "-e", "console.log(JSON.stringify(process.env))"),
    }


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed, so what it reads is not tested here")
def test_node_is_among_those_that_are_asked() -> None:
    assert "node --env-file" in LOADERS


safe = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters='"\\$`') | st.just(" "), max_size=80)
names = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,15}\Z").map(lambda name: f"T_{name}")


@pytest.mark.parametrize("loader", LOADERS)
@settings(max_examples=25 if LONG else 10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(variables=st.dictionaries(names, safe, min_size=1, max_size=30))
def test_everybody_reads_what_was_written(workspace: Path, loader: str, variables: dict[str, str]) -> None:
    (workspace / ".env").unlink(missing_ok=True)
    put(workspace, **variables)
    read = LOADERS[loader](workspace / ".env")
    assert {name: read[name] for name in variables} == variables


@pytest.mark.parametrize("loader", LOADERS)
def test_a_connection_string_of_hostile_characters_is_read_as_it_was_written(workspace: Path, loader: str) -> None:
    hostile = {
        "PERCENT": "postgres://u:%24%22%27%60%5C%0A%23%20%25@h:5432/d?x=%7B%7D",
        "SHELL": "a'b'!#~*?[x](y){z}<w>;&|^ =:@,/%s -- // #",
        "EDGES": "  #spaces#  ",
        "EMPTY": "",
        "UNICODE": "pâté-\U0001f40d-ß",
        "ENDS": "x'",
    }
    put(workspace, **hostile)
    read = LOADERS[loader](workspace / ".env")
    assert {name: read[name] for name in hostile} == hostile


@given(st.text(max_size=40))
def test_what_not_everybody_reads_the_same_is_refused_and_the_value_not_quoted(value: str) -> None:
    odd = {one for one in value if one in '"\\$`' or not one.isprintable()}
    if not odd:
        assert env_lines.line(KEY, value) == f'{KEY}="{value}"'.encode()
        return
    with pytest.raises(CannotWrite, match=KEY) as error:
        env_lines.line(KEY, value)
    assert len(value) < 8 or value not in str(error.value)


@pytest.mark.parametrize("odd", ["a$b", 'a"b', "a\\b", "a`b", "a\nb", "a\rb", "a\tb", "a\0b", "a\u2028b", "a\udc80b", "a\x1bb"])
def test_a_refused_value_leaves_the_file_as_it_was(workspace: Path, odd: str) -> None:
    (workspace / ".env").write_bytes(b"OTHER=1")
    with pytest.raises(CannotWrite, match="holds safely"):
        put(workspace, **{KEY: URL, "SECOND_URL": odd})
    assert (workspace / ".env").read_bytes() == b"OTHER=1"
    assert os.listdir(workspace) == [".env"]


# What else is in it

ours = st.sampled_from(
    [
        *(b"DATABASE_URL=old", b'DATABASE_URL="old"', b"DATABASE_URL='old'", b"export DATABASE_URL=old", b"  DATABASE_URL = old"),
        *(b"export   DATABASE_URL='old' # why", b"DATABASE_URL=old # why", b"DATABASE_URL=", b'DATABASE_URL="two\nlines"'),
        *(b'\tDATABASE_URL=old\t# don\'t "say"', b"DATABASE_URL=postgres://u:p@h/d?a=b#c"),
    ]
)
others = st.sampled_from(
    [
        *(b"", b"   ", b"A=1", b'B="two words"', b"C='it is'", b"export D=x", b"E=", b'F="a # b" # c', b"G=h#i", b"H='{\"json\": 1}'"),
        *(b'# a comment, don\'t "touch"', b"# DATABASE_URL=commented", b"MY_DATABASE_URL=mine", b"DATABASE_URL_2=second"),
        b'KEYS="-----BEGIN\nDATABASE_URL=inside\n-----END"',
    ]
)
files = st.lists(ours | others, max_size=8)
newlines = st.sampled_from([b"\n", b"\r\n"])


@settings(max_examples=300)
@given(files, newlines, st.booleans(), st.booleans())
def test_the_rest_is_kept_byte_for_byte(statements: list[bytes], newline: bytes, final: bool, bom: bool) -> None:
    statements = [one.replace(b"\n", newline) for one in statements]
    content = b"".join(one + newline for one in statements)
    content = (b"\xef\xbb\xbf" if bom else b"") + (content if final else content.removesuffix(newline))
    after = env_lines.updated(content, {KEY: HOLDS}, path=".env")
    assert b"old" not in after
    assert after.startswith(b"\xef\xbb\xbf") == bom
    mine = re.compile(rb"[ \t]*(export[ \t]+)?DATABASE_URL[ \t]*=")
    left = after.removeprefix(b"\xef\xbb\xbf")
    for one in statements:
        if not mine.match(one):
            assert left.startswith(one), (left, one)
            left = left.removeprefix(one)
        else:
            line, rest, left = left.partition(newline)
            assert line.removeprefix(b"export ").startswith(HOLDS)
            assert line.startswith(b"export ") == (b"export" in one)
            assert (b"#" in line) == (b" #" in one or b"\t#" in one)
            left = rest + left
        if left.startswith(newline):
            left = left.removeprefix(newline)
    assert left.lstrip(b"\n") in (b"", HOLDS + (newline if newline in content else b"\n"))
    assert env_lines.updated(after, {KEY: HOLDS}, path=".env") == after, "and once more changes nothing"


@pytest.mark.parametrize("loader", LOADERS)
@settings(max_examples=25 if LONG else 10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statements=files, final=st.booleans())
def test_everybody_reads_it_wherever_it_stands_and_the_others_as_before(
    workspace: Path, loader: str, statements: list[bytes], final: bool
) -> None:
    if "sh" in loader:
        statements = [one for one in statements if b" = " not in one]
    if "node" in loader:  # version 20 takes such a line for the beginning of the next name
        statements = [one for one in statements if one != b"   "]
    (workspace / ".env").write_bytes(b"\n".join(statements) + (b"\n" if final else b""))
    before = LOADERS[loader](workspace / ".env")
    put(workspace)
    after = LOADERS[loader](workspace / ".env")
    assert after[KEY] == URL
    passing = {KEY, "_", "SHLVL", "PWD"}
    left = [{name: value for name, value in read.items() if name.strip(" \t").split(" ")[-1] not in passing} for read in (before, after)]
    assert left[0] == left[1]


pieces = st.sampled_from([b'"', b"'", b"`", b"\\", b"#", b" ", b"\t", b"\n", b"\r", b"=", b"$", b"a", b"\xff", KEY.encode(), b"export "])


@settings(max_examples=500)
@given(st.lists(pieces))
def test_whatever_is_there_it_is_refused_or_changed_for_good(pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    try:
        after = env_lines.updated(content, {KEY: HOLDS}, path=".env")
    except CannotWrite as error:
        assert "does not close" in str(error)
        return
    assert HOLDS in after
    assert env_lines.updated(after, {KEY: HOLDS}, path=".env") == after
    assert env_lines.updated(content, {}, path=".env") == content, "nothing asked for, nothing changed"


def test_every_assignment_is_replaced_since_some_go_by_the_first_and_some_by_the_last(workspace: Path) -> None:
    (workspace / ".env").write_bytes(b"DATABASE_URL=a\nX=1\nexport DATABASE_URL='b'\n")
    put(workspace)
    assert (workspace / ".env").read_bytes() == HOLDS + b"\nX=1\nexport " + HOLDS + b"\n"


def test_what_was_missing_is_added_at_the_end_in_the_files_own_way(workspace: Path) -> None:
    for before, after in (
        (b"", HOLDS + b"\n"),
        (b"A=1", b"A=1\n" + HOLDS + b"\n"),
        (b"A=1\r\n", b"A=1\r\n" + HOLDS + b"\r\n"),
        (b"A=1\r\nB=2", b"A=1\r\nB=2\r\n" + HOLDS + b"\r\n"),
        (b"\xef\xbb\xbf", b"\xef\xbb\xbf\n" + HOLDS + b"\n"),
        (b"DATABASE_URL=x", HOLDS),
    ):
        (workspace / ".env").write_bytes(before)
        put(workspace)
        assert (workspace / ".env").read_bytes() == after


def test_a_first_line_behind_a_byte_order_mark_is_set_and_another_added_for_those_who_do_not_see_it(workspace: Path) -> None:
    (workspace / ".env").write_bytes(b"\xef\xbb\xbfDATABASE_URL=old\nA=1\n")
    put(workspace)
    assert (workspace / ".env").read_bytes() == b"\xef\xbb\xbf" + HOLDS + b"\nA=1\n" + HOLDS + b"\n"
    for name, loader in LOADERS.items():
        if "sh" not in name:
            assert loader(workspace / ".env")[KEY] == URL


@pytest.mark.parametrize(
    ("content", "line"),
    [(b'A=1\nB="open\nC=2\n', 2), (b"A='", 1), (b'\n\nX="a\nb" c\n', 3), (b'A="one \\"\nDATABASE_URL=x\n"\n', 1), (b"A=`x\r\n\r\n", 1)],
)
def test_a_quote_that_would_swallow_the_string_is_refused_with_its_line(workspace: Path, content: bytes, line: int) -> None:
    (workspace / ".env").write_bytes(content)
    refused(workspace, ".env", f"Line {line} ", "quote")
    assert (workspace / ".env").read_bytes() == content


def test_what_is_no_text_is_refused(workspace: Path) -> None:
    (workspace / ".env").write_bytes("A=1\n".encode("utf-16"))
    refused(workspace, ".env", "no text")


def test_a_name_that_is_none_is_a_mistake_of_ours(workspace: Path) -> None:
    for name in ("", "A B", "A=B", "1A", "A\n", "ä"):
        with pytest.raises(ValueError, match="no name"):
            put(workspace, **{name: "x"})
