"""What is written to a file of variables is read back the same by those who read such files, and nothing else is written anywhere."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from preview_db.errors import PreviewError
from preview_db.services.dotenv import lines as env_lines
from preview_db.services.dotenv.file import LARGEST, check, write
from preview_db.services.dotenv.lines import CannotWrite

URL = "postgres://user:p%25ss%24@db.prisma.io:5432/postgres?sslmode=require&application_name=a%20b"
KEY = "DATABASE_URL"
HOLDS = f'{KEY}="{URL}"'.encode()

Loader = Callable[[Path], Mapping[str, str | None]]


def put(workspace: Path, path: str = ".env", **variables: str) -> list[str]:
    given = {name: SecretStr(value) for name, value in (variables or {KEY: URL}).items()}
    return write(path, given, workspace=workspace)


def refused(workspace: Path, path: str = ".env", *words: str) -> PreviewError:
    """Refused by ``check`` and ``write`` alike, in three sentences that name the input."""
    with pytest.raises(CannotWrite) as first:
        check(path, workspace=workspace)
    with pytest.raises(CannotWrite) as second:
        put(workspace, path)
    assert str(first.value) == str(second.value)
    assert "env_file" in first.value.what
    for sentence in (first.value.what, first.value.cause, first.value.remedy):
        assert sentence.endswith(".")
    for word in words:
        assert word in str(first.value), str(first.value)
    assert URL not in str(first.value)
    return first.value


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


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
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


# Whose it is


def test_it_is_only_for_its_owner_whatever_it_was_before(workspace: Path) -> None:
    (workspace / ".env").write_bytes(b"A=1\n")
    (workspace / ".env").chmod(0o666)
    before = os.umask(0)
    try:
        put(workspace)
        put(workspace, "new.env")
    finally:
        os.umask(before)
    assert [stat.S_IMODE((workspace / name).stat().st_mode) for name in (".env", "new.env")] == [0o600, 0o600]
    assert sorted(os.listdir(workspace)) == [".env", "new.env"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else, as the action's container does")
def test_it_belongs_to_the_workspaces_owner(workspace: Path) -> None:
    os.chown(workspace, 12345, 23456)
    (workspace / "app").mkdir()
    (workspace / "app" / ".env").write_bytes(b"A=1\n")
    put(workspace, "app/.env")
    put(workspace, "new.env")
    for name in ("app/.env", "new.env"):
        found = (workspace / name).stat()
        assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 23456, 0o600)


def test_another_name_of_the_same_file_keeps_what_it_had(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"A=1\n")
    os.link(tmp_path / "elsewhere", workspace / ".env")
    put(workspace)
    assert (tmp_path / "elsewhere").read_bytes() == b"A=1\n"


# Where it may be


@pytest.mark.parametrize("path", [".env", "./.env", "apps/web/.env.preview", "./apps/./web/.env", "a b/ä.env"])
def test_a_file_of_the_workspace_is_written(workspace: Path, path: str) -> None:
    (workspace / path).parent.mkdir(parents=True, exist_ok=True)
    check(path, workspace=workspace)
    assert not (workspace / path).exists()
    assert put(workspace, path) == []
    put(workspace, f"{workspace}/{path}")
    assert (workspace / path).read_bytes() == HOLDS + b"\n"


@pytest.mark.parametrize(
    "path",
    [
        "/etc/environment",
        "../.env",
        "a/../../.env",
        "a/../.env",
        "..",
        "/",
        "//x",
        "/github/workspace/.env",
        "WORKSPACE/../x",
        "WORKSPACEx/.env",
    ],
)
def test_a_path_out_of_the_workspace_is_refused(workspace: Path, path: str) -> None:
    (workspace / "a").mkdir()
    refused(workspace, path.replace("WORKSPACE", str(workspace)), "leads out of the workspace", "relative to the workspace")


@pytest.mark.parametrize("path", ["", ".", "a/", "a//.env", "a\n.env", "a\0.env", "x" * 2000, "a/."])
def test_what_is_no_path_of_a_file_is_refused(workspace: Path, path: str) -> None:
    (workspace / "a").mkdir()
    refused(workspace, path, "not the path of a file")


@pytest.mark.parametrize("path", [".git/config", ".git/hooks/pre-commit", ".GIT/config", "sub/.git/.env", ".git"])
def test_gits_own_folder_is_refused(workspace: Path, path: str) -> None:
    (workspace / ".git" / "hooks").mkdir(parents=True)
    refused(workspace, path, "git's own folder")


def test_a_folder_that_is_not_there_is_asked_for_and_not_made(workspace: Path) -> None:
    refused(workspace, "apps/.env", "no folder", "Check the repository out")
    refused(workspace / "nowhere", ".env", "no folder")
    assert os.listdir(workspace) == []


def test_a_link_is_refused_wherever_it_is_and_wherever_it_leads(workspace: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "target").write_bytes(b"A=1\n")
    (workspace / "real").mkdir()
    (workspace / "real" / ".env").write_bytes(b"A=1\n")
    (workspace / "file.env").symlink_to(outside / "target")
    (workspace / "dangling.env").symlink_to(outside / "made")
    (workspace / "inside.env").symlink_to("real/.env")
    (workspace / "folder").symlink_to(outside)
    (workspace / "real" / "deep").symlink_to("../real")
    for path in ("file.env", "dangling.env", "inside.env", "folder/.env", "folder/target", "real/deep/.env"):
        refused(workspace, path, "link")
    assert os.listdir(outside) == ["target"]
    assert (outside / "target").read_bytes() == (workspace / "real" / ".env").read_bytes() == b"A=1\n"


def test_a_workspace_that_is_itself_reached_through_a_link_is_fine(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(workspace)
    put(tmp_path / "link")
    assert (workspace / ".env").exists()


def test_what_is_no_plain_file_is_refused_and_not_waited_for(workspace: Path) -> None:
    (workspace / "folder").mkdir()
    os.mkfifo(workspace / "pipe")
    (workspace / "text").write_text("")
    refused(workspace, "folder", "no plain file")
    refused(workspace, "pipe", "no plain file")
    refused(workspace, "text/.env", "no folder")
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):  # a container may forbid it
            os.mknod(workspace / "device", stat.S_IFCHR | 0o600, os.makedev(1, 3))
            refused(workspace, "device", "no plain file")


def test_a_file_too_large_for_one_of_variables_is_refused(workspace: Path) -> None:
    (workspace / ".env").write_bytes(b"#" * LARGEST)
    put(workspace)
    (workspace / ".env").write_bytes(b"#" * (LARGEST + 1))
    refused(workspace, ".env", "larger than 1024 KiB")


def test_a_folder_that_can_not_be_written_to_is_said(workspace: Path) -> None:
    """A name that is too long, since root can write to every folder."""
    with pytest.raises(CannotWrite, match=r"can't be opened|could not be written"):
        put(workspace, "x" * 300)
    assert os.listdir(workspace) == []


@contextlib.contextmanager
def flipping(flip: Callable[[], None]) -> Iterator[None]:
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            flip()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_a_link_that_comes_and_goes_meanwhile_leads_nowhere(workspace: Path, tmp_path: Path) -> None:
    """A process that an earlier step left behind swaps the folder, and the file, for links while they are written."""
    outside = tmp_path / "outside"
    (workspace / "app").mkdir()
    outside.mkdir()
    (outside / "target").write_bytes(b"A=1\n")
    (workspace / "link").symlink_to(outside)
    (workspace / "file-link").symlink_to(outside / "target")

    def flip() -> None:
        with contextlib.suppress(OSError):
            (workspace / "app").rename(workspace / "app.real")
            (workspace / "link").rename(workspace / "app")
            (workspace / "app").rename(workspace / "link")
            (workspace / "app.real").rename(workspace / "app")
            time.sleep(0.001)
            os.link(workspace / "file-link", workspace / "other", follow_symlinks=False)
            (workspace / "other").rename(workspace / "app" / ".env")
            (workspace / "app" / ".env").unlink()
            time.sleep(0.001)

    came = []
    with flipping(flip):
        for _ in range(400):
            try:
                put(workspace, "app/.env")
                came.append(True)
            except CannotWrite:
                came.append(False)
    assert os.listdir(outside) == ["target"]
    assert (outside / "target").read_bytes() == b"A=1\n"
    assert True in came


def test_nobody_ever_sees_half_of_it(workspace: Path) -> None:
    (workspace / ".env").write_bytes(b"A=1\n" * 10_000 + b"END=1\n")
    halves: list[int] = []

    def look() -> None:
        seen = (workspace / ".env").read_bytes()
        if not (seen.endswith((b"END=1\n", HOLDS + b"\n")) and seen.startswith(b"A=1\n" * 10_000)):
            halves.append(len(seen))

    with flipping(look):
        for _ in range(50):
            put(workspace)
    assert halves == []


# Whether git would commit it

GIT = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent"}
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed, so what it says is not compared with here")


def git(workspace: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    author = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    return subprocess.run(["git", "-C", str(workspace), *author, *arguments], env=GIT, capture_output=True, text=True, check=False)


@pytest.fixture
def repository(workspace: Path) -> Path:
    git(workspace, "init", "-q")
    return workspace


@needs_git
def test_a_file_that_git_would_commit_is_warned_of(repository: Path) -> None:
    (warning,) = put(repository)
    assert ".env holds connection strings" in warning
    assert ".gitignore" in warning
    (repository / ".gitignore").write_text(".env\n")
    assert put(repository) == []
    assert git(repository, "status", "--porcelain").stdout == "?? .gitignore\n", "and nothing else of ours is left there"


@needs_git
def test_a_file_that_git_tracks_is_warned_of_though_it_is_ignored(repository: Path) -> None:
    (repository / "app").mkdir()
    (repository / "app" / ".env").write_text("A=1\n")
    (repository / "longer-app").mkdir()
    (repository / "longer-app" / ".env").write_text("A=1\n")
    git(repository, "add", "-A")
    (repository / ".gitignore").write_text(".env\n")
    (warning,) = put(repository, "app/.env")
    assert "git rm --cached app/.env" in warning
    assert put(repository, ".env") == [], "which only ends as the tracked ones do"


@needs_git
@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_the_index_is_read_in_the_versions_that_can_be(repository: Path, version: str) -> None:
    for name in ("a", ".env", "z"):
        (repository / name).write_text("A=1\n")
    git(repository, "add", "a", "z")
    git(repository, "add", "--intent-to-add" if version == "3" else "--all", ".env")
    git(repository, "update-index", "--index-version", version)
    (repository / ".gitignore").write_text(".env\n")
    assert (repository / ".git" / "index").read_bytes()[7] == int(version)
    assert len(put(repository)) == (version != "4"), "version 4 shortens paths: nothing is said"


@needs_git
def test_no_repository_no_warning_and_the_nearest_one_counts(workspace: Path) -> None:
    (workspace / "checkout" / "app").mkdir(parents=True)
    assert put(workspace, "checkout/app/.env") == []
    git(workspace / "checkout", "init", "-q")
    (workspace / ".gitignore").write_text(".env\n")
    assert len(put(workspace, "checkout/app/.env")) == 1, "a rule outside the repository is none"
    (workspace / "checkout" / ".git" / "info").mkdir(exist_ok=True)
    (workspace / "checkout" / ".git" / "info" / "exclude").write_text("/app/.env\n")
    assert put(workspace, "checkout/app/.env") == []
    (workspace / "checkout" / "app" / ".gitignore").write_text("!.env\n")
    assert len(put(workspace, "checkout/app/.env")) == 1


@needs_git
def test_a_hostile_repository_runs_nothing_and_leads_nowhere(repository: Path, tmp_path: Path) -> None:
    proof = tmp_path / "ran"
    git(repository, "config", "core.fsmonitor", f"touch {proof}; false")
    git(repository, "config", "core.excludesFile", "/dev/zero")
    (repository / ".gitignore").symlink_to("/dev/zero")
    (repository / ".git" / "info" / "exclude").unlink()
    os.mkfifo(repository / ".git" / "info" / "exclude")
    (repository / ".git" / "index").symlink_to("/dev/zero")
    assert len(put(repository)) == 1
    assert not proof.exists()
    shutil.rmtree(repository / ".git")
    (repository / ".git").symlink_to("/")
    assert len(put(repository)) == 1


# Not a** and **a in a path: what those are depends on where git 2.39 happens to have its strings in memory.
parts = st.sampled_from(
    ["*", "**", "***", "?", ".env", ".env*", ".e?v", "app", "a*", "*.env", "web", "x", "\\.env", "\\", "\\*", "[a-z]pp", "[!x]*", "[^.]*"]
    + [".[de]nv", "[]a]pp", "[[:alpha:]]pp", "[!]]pp", "a[/]b", "[\\a]pp", "[[:x:]]*", "[z-a]pp"]
)
patterns = st.builds(
    lambda negated, anchored, middle, folder, spaces: f"{negated}{anchored}{'/'.join(middle)}{folder}{spaces}",
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(parts, min_size=1, max_size=3),
    st.sampled_from(["", "", "/", "/**", "/*"]),
    st.sampled_from(["", "", "  ", "\r"]),
)
rules = st.lists(patterns | st.sampled_from(["", "# comment", "[", "!", "/", "\\"]), max_size=5)


@needs_git
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(top=rules, deeper=rules, exclude=rules)
def test_what_it_says_of_rules_is_what_git_says(repository: Path, top: list[str], deeper: list[str], exclude: list[str]) -> None:
    (repository / "app" / "web").mkdir(parents=True, exist_ok=True)
    (repository / ".gitignore").write_text("\n".join(top))
    (repository / "app" / ".gitignore").write_text("\n".join(deeper))
    (repository / ".git" / "info" / "exclude").write_text("\n".join(exclude))
    for path in (".env", "app/.env", "app/web/.env"):
        asked = git(repository, "check-ignore", "-q", "--no-index", path).returncode
        assume(asked in (0, 1))
        assert bool(put(repository, path)) == bool(asked), (path, top, deeper, exclude)


def test_a_hostile_rule_takes_no_time(workspace: Path) -> None:
    path = "/".join(["a" * 60] * 10) + "/" + "a" * 200
    (workspace / path).parent.mkdir(parents=True)
    (workspace / ".git").mkdir()
    for rule in (
        "**/" * 20_000 + "x",
        "*a" * 30_000 + "b",
        "**/*a*a*a*a*a*a*a*a*a*a*b/" * 1000 + "x",
        "[" * 60_000,
        "\\" * 60_000,
        " " * 60_000 + "x ",
    ):
        (workspace / ".gitignore").write_text(rule)
        started = time.monotonic()
        put(workspace, path)
        assert time.monotonic() - started < 5
