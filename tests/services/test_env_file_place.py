"""A file of variables is written where it was asked for, by nobody else to be read, and never outside the workspace."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from preview_db.services.dotenv.file import LARGEST, check
from preview_db.services.workspace import CannotWrite
from tests.services.env_files import HOLDS, put, refused

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
