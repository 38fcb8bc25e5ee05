"""The file that ``env_file`` names: written into a workspace that the pull request controls, and nowhere else."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from pydantic import SecretStr

from . import git_index
from . import lines as env_lines
from .lines import CannotWrite

LARGEST = 1024 * 1024
"""Bytes of a file that is changed. One that is larger is not a file of variables."""

_MODE = 0o600


def check(path_input: str, *, workspace: Path) -> None:
    """Raises :class:`CannotWrite` if :func:`write` would for this path: to be asked before there is anything to lose."""
    with _opened(path_input, workspace) as place:
        env_lines.updated(_existing(place), {}, path=str(place.path))


def write(path_input: str, variables: Mapping[str, SecretStr], *, workspace: Path) -> list[str]:
    """Sets ``variables`` in the file at ``path_input``, and keeps what else is in it, byte for byte.

    The file gets mode 0600 and the workspace's owner: the container runs as root, the job's later steps do not. It is replaced in one
    step, so that nobody sees half of it.

    Args:
        path_input: the file, relative to ``workspace`` (or absolute and in it). Its folder has to exist.
        variables: connection strings by the names of their variables.

    Returns:
        What a person should hear, such as that git would commit the file.

    Raises:
        CannotWrite: the path leads out of the workspace, into ``.git`` or through a link, or what is there is no file of variables, or
            a value can't be written such that everybody reads the same.
    """
    lines = {name: env_lines.line(name, value.get_secret_value()) for name, value in variables.items()}
    with _opened(path_input, workspace) as place:
        _replace(place, env_lines.updated(_existing(place), lines, path=str(place.path)))
        warning = git_index.warning(place.folders, place.path)
    return [warning] if warning else []


@dataclasses.dataclass(frozen=True, slots=True)
class _Place:
    """Where the file is.

    Attributes:
        folders: from the workspace down to the one the file is in, opened.
        path: the file below the workspace.
    """

    folders: tuple[int, ...]
    path: PurePosixPath

    @property
    def folder(self) -> int:
        return self.folders[-1]


@contextlib.contextmanager
def _opened(path_input: str, workspace: Path) -> Iterator[_Place]:
    """The folders on the way to the file, each opened in the one before it and through no link.

    Whatever the paths lead to a moment later, what is done is done in these.
    """
    path = _below(path_input, workspace)
    with contextlib.ExitStack() as stack:
        folders: list[int] = []
        for part in (None, *path.parts[:-1]):
            try:
                folder = git_index.open_folder(part, folders[-1]) if part else os.open(workspace, git_index.FOLDER)
            except FileNotFoundError:
                raise CannotWrite(
                    f"There is no folder for the input env_file, {path_input!r}.",
                    cause="It is written into a folder that exists; the repository may not have been checked out yet.",
                    remedy="Check the repository out before this step, or make the folder.",
                ) from None
            except OSError as error:
                raise _refused(path, f"{part or workspace} is a link, is no folder, or can't be opened", error) from None
            stack.callback(os.close, folder)
            folders.append(folder)
        yield _Place(tuple(folders), path)


def _below(path_input: str, workspace: Path) -> PurePosixPath:
    """The path below the workspace, as far as its form tells."""
    below = path_input.removeprefix(f"{workspace.as_posix().rstrip('/')}/")
    parts = below.split("/")
    if below.startswith("/") or ".." in parts:
        raise CannotWrite(
            f"The input env_file, {path_input!r}, leads out of the workspace.",
            cause="Only a file of the workspace is written, and a container has that elsewhere than the runner says.",
            remedy="Give the path relative to the workspace, such as .env or apps/web/.env.",
        )
    if "" in parts or parts[-1] == "." or not below.isprintable() or len(below) > 1000:
        raise CannotWrite(
            f"The input env_file, {path_input!r}, is not the path of a file.",
            cause="It is empty, ends in '/', or holds '//' or a character that does not show.",
            remedy="Give the path of a file relative to the workspace, such as .env.",
        )
    if ".git" in (part.lower() for part in parts):
        raise CannotWrite(
            f"The input env_file, {path_input!r}, lies in git's own folder.",
            cause="What is written there can change what git does.",
            remedy="Give the path of a file of the working tree, such as .env.",
        )
    return PurePosixPath(below)


def _existing(place: _Place) -> bytes:
    """What the file holds; nothing if there is none."""
    try:
        content = git_index.read(place.folder, place.path.name, LARGEST)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise _refused(place.path, "what is there can't be opened", error) from None
    if content is None:
        raise _refused(place.path, f"what is there is a link, no plain file, or larger than {LARGEST // 1024} KiB")
    return content


def _replace(place: _Place, content: bytes) -> None:
    owner = os.fstat(place.folders[0])
    made: str | None = None
    try:
        name = f".env_file.{secrets.token_hex(8)}"
        opened = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE, dir_fd=place.folder)
        made = name
        with os.fdopen(opened, "wb") as file:
            os.fchmod(opened, _MODE)  # whatever the umask says
            if os.geteuid() == 0:
                os.fchown(opened, owner.st_uid, owner.st_gid)
            file.write(content)
        os.replace(name, place.path.name, src_dir_fd=place.folder, dst_dir_fd=place.folder)
        made = None
    except OSError as error:
        raise CannotWrite(
            f"The input env_file, {str(place.path)!r}, could not be written ({os.strerror(error.errno or 0)}).",
            cause="Its folder can't be written to, or the disk is full.",
            remedy="Give another path, or look at what an earlier step of the job did there.",
        ) from None
    finally:
        if made is not None:
            with contextlib.suppress(OSError):
                os.unlink(made, dir_fd=place.folder)


def _refused(path: PurePosixPath, why: str, error: OSError | None = None) -> CannotWrite:
    said = f" ({os.strerror(error.errno)})" if error is not None and error.errno else ""
    return CannotWrite(
        f"The input env_file, {str(path)!r}, can't be written: {why}{said}.",
        cause="Only a plain file is written, in plain folders: a link could lead anywhere.",
        remedy="Give another path, or take away what is there.",
    )
