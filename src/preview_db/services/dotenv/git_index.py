"""Whether git would commit a file of the workspace, as far as that can be told without running git.

Git is not asked: it may not be here, and a configuration of the workspace's can have it run programs. Its rules are read as they are in
the working tree and in ``.git/info/exclude``; those in somebody's home are not known here, so a warning can be needless. Its index is read
here, too: the libraries that do are whole implementations of git, and this takes a search.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import PurePosixPath

from ..workspace import open_folder, read
from . import gitignore

_LARGEST_INDEX = 64 * 1024 * 1024
_LARGEST_RULES = 64 * 1024


def warning(folders: Sequence[int], path: PurePosixPath) -> str | None:
    """What a person should hear about a file with secrets, or nothing if git leaves it alone.

    Args:
        folders: from the workspace down to the one the file is in, opened.
        path: the file below the workspace.
    """
    depth = next((depth for depth in reversed(range(len(folders))) if _has(folders[depth], ".git")), None)
    if depth is None:
        return None
    inside = PurePosixPath(*path.parts[depth:])
    if _is_tracked(folders[depth], inside):
        return (
            f"{path} holds connection strings now, and git tracks it: the next commit in this workspace could publish them. "
            f"Take it out of the repository with 'git rm --cached {path}', and add it to .gitignore."
        )
    if not _is_ignored(folders[depth:], inside):
        return (
            f"{path} holds connection strings now, and git does not ignore it: the next commit in this workspace could publish them. "
            "Add it to .gitignore."
        )
    return None


def _has(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True


def _is_tracked(repository: int, path: PurePosixPath) -> bool:
    """Whether git's index lists the file. A form of index that would have to be decoded (version 4, split, a submodule's) says no.

    Source: gitformat-index(5). An entry ends in two bytes of flags, twelve bits of which are the length of the path (in version 3, two
    bytes more may follow), the path, and a zero.
    """
    name = str(path).encode()
    index = _of_git(repository, "index", _LARGEST_INDEX)
    if index[:8] not in (b"DIRC\0\0\0\2", b"DIRC\0\0\0\3"):
        return False
    at = index.find(name + b"\0")
    while at != -1:
        if any(int.from_bytes(index[at - back : at - back + 2]) & 0xFFF == min(len(name), 0xFFF) for back in (2, 4)):
            return True
        at = index.find(name + b"\0", at + 1)
    return False


def _is_ignored(folders: Sequence[int], path: PurePosixPath) -> bool:
    """Whether a rule covers the file or a folder it is in. The last rule that says something counts, in the deepest file that has one.

    Source: gitignore(5).
    """
    rules = [(0, rule) for rule in gitignore.rules(_of_git(folders[0], "info/exclude", _LARGEST_RULES))]
    for depth, folder in enumerate(folders):
        rules += [(depth, rule) for rule in gitignore.rules(_tolerantly(folder, ".gitignore", _LARGEST_RULES))]
    for length in range(1, len(path.parts) + 1):
        is_folder = length < len(path.parts)
        said = (rule for depth, rule in reversed(rules) if depth < length and rule.covers(path.parts[depth:length], is_folder=is_folder))
        decisive = next(said, None)
        if decisive is not None and decisive.ignores:
            return True
    return False


def _of_git(repository: int, path: str, largest: int) -> bytes:
    """A file in the repository's ``.git``; nothing if that is not a plain folder with plain files."""
    *parents, name = (".git", *path.split("/"))
    folder = repository
    with contextlib.ExitStack() as stack:
        for part in parents:
            try:
                folder = open_folder(part, folder)
            except OSError:
                return b""
            stack.callback(os.close, folder)
        return _tolerantly(folder, name, largest)


def _tolerantly(folder: int, name: str, largest: int) -> bytes:
    try:
        return read(folder, name, largest) or b""
    except OSError:
        return b""
