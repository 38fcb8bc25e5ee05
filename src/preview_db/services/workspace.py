"""A file of the workspace that an input names: found, read and replaced in plain folders, whatever the pull request has put there."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ..errors import PreviewError

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
"""How a folder is opened."""


_EXAMPLES = {"env_file": ".env", "wrangler_config": "wrangler.jsonc"}


class CannotWrite(PreviewError):
    """The file that an input names can't be written, or should not be."""

    title = "File not written"
    page = "errors.md#files"


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where the file is.

    Attributes:
        input_name: the input that names it.
        folders: from the workspace down to the one the file is in, opened.
        path: the file below the workspace.
    """

    input_name: str
    folders: tuple[int, ...]
    path: PurePosixPath

    @property
    def folder(self) -> int:
        return self.folders[-1]


def open_folder(name: str, parent: int) -> int:
    """Opens a folder in another one that is open, and not if it is a link. Raises ``OSError``."""
    return os.open(name, FOLDER | os.O_NOFOLLOW, dir_fd=parent)


def read(folder: int, name: str, largest: int) -> bytes | None:
    """A plain file's content; none if it is something else, such as a link, or has more than ``largest`` bytes. Raises ``OSError``."""
    # Looked at first, since opening a device can have effects; and once more, since it may have changed.
    if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        return None
    opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=folder)
    with os.fdopen(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            return None
        content = file.read(largest + 1)
    return content if len(content) <= largest else None


@contextlib.contextmanager
def opened(input_name: str, path_input: str, workspace: Path) -> Iterator[Place]:
    """The folders on the way to the file, each opened in the one before it and through no link.

    Whatever the paths lead to a moment later, what is done is done in these.
    """
    path = _below(input_name, path_input, workspace)
    with contextlib.ExitStack() as stack:
        folders: list[int] = []
        for part in (None, *path.parts[:-1]):
            try:
                folder = open_folder(part, folders[-1]) if part else os.open(workspace, FOLDER)
            except FileNotFoundError:
                raise CannotWrite(
                    f"There is no folder for the input {input_name}, {path_input!r}.",
                    cause="It is written into a folder that exists; the repository may not have been checked out yet.",
                    remedy="Check the repository out before this step, or make the folder.",
                ) from None
            except OSError as error:
                raise _refused(input_name, path, f"{part or workspace} is a link, is no folder, or can't be opened", error) from None
            stack.callback(os.close, folder)
            folders.append(folder)
        yield Place(input_name, tuple(folders), path)


def _below(input_name: str, path_input: str, workspace: Path) -> PurePosixPath:
    """The path below the workspace, as far as its form tells."""
    below = path_input.removeprefix(f"{workspace.as_posix().rstrip('/')}/")
    parts = below.split("/")
    if below.startswith("/") or ".." in parts:
        raise CannotWrite(
            f"The input {input_name}, {path_input!r}, leads out of the workspace.",
            cause="Only a file of the workspace is written, and a container has that elsewhere than the runner says.",
            remedy=f"Give the path relative to the workspace, such as {_EXAMPLES[input_name]} or apps/web/{_EXAMPLES[input_name]}.",
        )
    if "" in parts or parts[-1] == "." or not below.isprintable() or len(below) > 1000:
        raise CannotWrite(
            f"The input {input_name}, {path_input!r}, is not the path of a file.",
            cause="It is empty, ends in '/', or holds '//' or a character that does not show.",
            remedy=f"Give the path of a file relative to the workspace, such as {_EXAMPLES[input_name]}.",
        )
    if ".git" in (part.lower() for part in parts):
        raise CannotWrite(
            f"The input {input_name}, {path_input!r}, lies in git's own folder.",
            cause="What is written there can change what git does.",
            remedy=f"Give the path of a file of the working tree, such as {_EXAMPLES[input_name]}.",
        )
    return PurePosixPath(below)


def existing(place: Place, largest: int) -> bytes | None:
    """What the file holds; none if there is no such file.

    Args:
        largest: bytes of a file that is read.

    Raises:
        CannotWrite: it is a link, no plain file, or larger.
    """
    try:
        content = read(place.folder, place.path.name, largest)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(place.input_name, place.path, "what is there can't be opened", error) from None
    if content is None:
        raise _refused(place.input_name, place.path, f"what is there is a link, no plain file, or larger than {largest // 1024} KiB")
    return content


def names(place: Place, beginning: str) -> list[str]:
    """What there is in the file's folder whose name begins like this, by name."""
    with os.scandir(place.folder) as found:
        return sorted(entry.name for entry in found if entry.name.startswith(beginning))


def replace(place: Place, content: bytes, *, mode: int | None = None) -> None:
    """Replaces the file in one step, so that nobody sees half of it. It gets the workspace's owner: the container runs as root, the job's
    later steps do not.

    Args:
        mode: the file's permissions; none for those it has.

    Raises:
        CannotWrite: its folder can't be written to.
    """
    owner = os.fstat(place.folders[0])
    made: str | None = None
    try:
        name = f".{place.input_name}.{secrets.token_hex(8)}"
        opened = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=place.folder)
        made = name
        with os.fdopen(opened, "wb") as file:
            os.fchmod(opened, _mode_of(place) if mode is None else mode)  # whatever the umask says
            if os.geteuid() == 0:  # pragma: no branch - whoever runs the tests is root or is not
                os.fchown(opened, owner.st_uid, owner.st_gid)
            file.write(content)
        os.replace(name, place.path.name, src_dir_fd=place.folder, dst_dir_fd=place.folder)
        made = None
    except OSError as error:
        raise CannotWrite(
            f"The input {place.input_name}, {str(place.path)!r}, could not be written ({os.strerror(error.errno or 0)}).",
            cause="Its folder can't be written to, or the disk is full.",
            remedy="Give another path, or look at what an earlier step of the job did there.",
        ) from None
    finally:
        if made is not None:
            with contextlib.suppress(OSError):
                os.unlink(made, dir_fd=place.folder)


def _mode_of(place: Place) -> int:
    return stat.S_IMODE(os.stat(place.path.name, dir_fd=place.folder, follow_symlinks=False).st_mode)


def _refused(input_name: str, path: PurePosixPath, why: str, error: OSError | None = None) -> CannotWrite:
    said = f" ({os.strerror(error.errno)})" if error is not None and error.errno else ""
    return CannotWrite(
        f"The input {input_name}, {str(path)!r}, can't be written: {why}{said}.",
        cause="Only a plain file is written, in plain folders: a link could lead anywhere.",
        remedy="Give another path, or take away what is there.",
    )
