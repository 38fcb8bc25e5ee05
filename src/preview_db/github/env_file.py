"""The file of variables that ``env_file`` names: written into a workspace that the pull request controls, and nowhere else.

A line is ``KEY="value"``. That is read back as it was written by dotenv, dotenv-expand, Vite, Next.js and ``node --env-file``, by
python-dotenv and pydantic-settings, Rails' dotenv, Docker Compose, godotenv and ``source`` in a shell, as long as the value holds none
of the characters on which they differ: each has its own idea of ``$``, ``\\``, quotes, backticks and line breaks in quotes. A value
that has one is refused; a connection string has none, unless a ``$`` in its password was left as it is. What stays different:
``docker run --env-file`` hands the quotes on as a part of the value (its latest versions take them off), and cannot read ``export``.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from pydantic import SecretStr

from ..errors import PreviewError

LARGEST = 1024 * 1024
"""Bytes of a file that is changed. One that is larger is not a file of variables."""

_LARGEST_INDEX = 64 * 1024 * 1024
_MODE = 0o600

_BOM = b"\xef\xbb\xbf"
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_DIFFERENT = '"\\$`'
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_ASSIGNMENT = re.compile(rb"[ \t]*(?P<export>export[ \t]+)?(?P<key>[A-Za-z_][A-Za-z0-9_.-]*)[ \t]*=[ \t]*")
_QUOTED = {quote: re.compile(quote + rb"(?:\\.|[^\\" + quote + rb"])*" + quote, re.DOTALL) for quote in (b'"', b"'", b"`")}
_AFTER = re.compile(rb"[ \t]*(?:(?<=[ \t])(?P<comment>#[^\r\n]*))?(?P<end>\r\n|\n|\r|\Z)")
_COMMENT = re.compile(rb"[ \t](?P<comment>#[^\r\n]*)")


class CannotWrite(PreviewError):
    """The file can't be written, or should not be."""

    title = "env_file not written"


def check(path_input: str, *, workspace: Path) -> None:
    """Raises :class:`CannotWrite` if :func:`write` would for this path: to be asked before there is anything to lose."""
    with _opened(path_input, workspace) as folders:
        _updated(_existing(folders[-1], _name(path_input)) or b"", {}, path_input)


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
    lines = {name: _line(name, value.get_secret_value()) for name, value in variables.items()}
    name = _name(path_input)
    with _opened(path_input, workspace) as folders:
        content = _updated(_existing(folders[-1], name) or b"", lines, path_input)
        _replace(folders[-1], name, content, owner=os.fstat(folders[0]), path_input=path_input)
        return _warnings(folders, PurePosixPath(_relative(path_input, workspace)))


def _line(name: str, value: str) -> bytes:
    if not _KEY.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a variable")
    odd = sorted({one for one in value if one in _DIFFERENT or not one.isprintable()})
    if odd:
        shown = ", ".join(one if one.isprintable() else f"U+{ord(one):04X}" for one in odd)
        raise CannotWrite(
            f"The value of {name} holds a character that no file of variables can hold safely: {shown}",
            cause="The programs that read such files differ in what they make of it, so that some would log in with another password.",
            remedy="Leave env_file out and use the variable that the step exports, or the output database_url.",
        )
    return f'{name}="{value}"'.encode()


# The path


def _relative(path_input: str, workspace: Path) -> str:
    """The path below the workspace, as far as its form tells."""
    path = path_input
    if path.startswith("/"):
        path = path.removeprefix(f"{workspace.as_posix().rstrip('/')}/")
    parts = path.split("/")
    if path.startswith("/") or ".." in parts:
        raise CannotWrite(
            f"The input env_file, {path_input!r}, leads out of the workspace.",
            cause="Only a file of the workspace is written, and in a container that is not where the runner has it.",
            remedy="Give the path relative to the workspace, such as .env or apps/web/.env.",
        )
    parts = [part for part in parts if part != "."]
    if not parts or "" in parts or not path.isprintable() or len(path) > 1000:
        raise CannotWrite(
            f"The input env_file, {path_input!r}, is not the path of a file.",
            cause="It is empty, ends in '/', or holds '//' or a character that does not show.",
            remedy="Give the path of a file relative to the workspace, such as .env.",
        )
    if any(part.lower() == ".git" for part in parts):
        raise CannotWrite(
            f"The input env_file, {path_input!r}, lies in git's own folder.",
            cause="What is written there can change what git does.",
            remedy="Give the path of a file of the working tree, such as .env.",
        )
    return "/".join(parts)


def _name(path_input: str) -> str:
    return path_input.rsplit("/", 1)[-1]


@contextlib.contextmanager
def _opened(path_input: str, workspace: Path) -> Iterator[list[int]]:
    """The folders from the workspace down to the one the file is in, each opened in the one before it and through no link.

    Whatever the paths lead to a moment later, what is done is done in these.
    """
    *parents, _ = _relative(path_input, workspace).split("/")
    with contextlib.ExitStack() as stack:
        folders: list[int] = []
        for part in (None, *parents):
            try:
                if part is None:
                    folder = os.open(workspace, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                else:
                    folder = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=folders[-1])
            except FileNotFoundError:
                raise CannotWrite(
                    f"There is no folder for the input env_file, {path_input!r}.",
                    cause="It is written into a folder that exists; the repository may not have been checked out yet.",
                    remedy="Check the repository out before this step, or make the folder.",
                ) from None
            except OSError as error:
                raise _not_a_file(path_input, f"{part or workspace} is a link, no folder, or can't be opened", error) from None
            stack.callback(os.close, folder)
            folders.append(folder)
        yield folders


def _not_a_file(path_input: str, why: str, error: OSError | None = None) -> CannotWrite:
    said = f" ({os.strerror(error.errno)})" if error is not None and error.errno else ""
    return CannotWrite(
        f"The input env_file, {path_input!r}, can't be written: {why}{said}.",
        cause="Only a plain file is written, in plain folders: a link could lead anywhere.",
        remedy="Give another path, or take away what is there.",
    )


def _existing(folder: int, name: str) -> bytes | None:
    """What the file holds; none if there is none."""
    try:
        content = _read(folder, name, LARGEST)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _not_a_file(name, "what is there is a link, or can't be opened", error) from None
    if content is None:
        raise _not_a_file(name, f"what is there is no plain file, or larger than {LARGEST // 1024} KiB")
    return content


def _read(folder: int, name: str, largest: int) -> bytes | None:
    """A plain file's content; none if it is not one, or too large. Raises ``OSError``, for a link too."""
    # Looked at first, since opening a device can have effects; and once more, since it may have changed.
    if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        return None
    opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=folder)
    with os.fdopen(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            return None
        content = file.read(largest + 1)
    return content if len(content) <= largest else None


def _replace(folder: int, name: str, content: bytes, *, owner: os.stat_result, path_input: str) -> None:
    temporary = f".{name[:80]}.{secrets.token_hex(8)}"
    made = False
    try:
        opened = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE, dir_fd=folder)
        made = True
        with os.fdopen(opened, "wb") as file:
            os.fchmod(opened, _MODE)
            if os.geteuid() == 0:
                os.fchown(opened, owner.st_uid, owner.st_gid)
            file.write(content)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        made = False
    except OSError as error:
        raise CannotWrite(
            f"The input env_file, {path_input!r}, could not be written ({os.strerror(error.errno or 0)}).",
            cause="The folder can't be written to, the disk is full, or a folder has that name.",
            remedy="Give another path, or look at what an earlier step of the job did there.",
        ) from None
    finally:
        if made:
            with contextlib.suppress(OSError):
                os.unlink(temporary, dir_fd=folder)


# The content


def _updated(content: bytes, lines: Mapping[str, bytes], path_input: str) -> bytes:
    """``content`` with every assignment to a name in ``lines`` replaced, and those that were missing at its end.

    Every one, not only the last: some programs go by the first.
    """
    if b"\0" in content:
        raise _not_a_file(path_input, "what is there is no text")
    wanted = {name.encode(): line for name, line in lines.items()}
    bom, content = (_BOM, content.removeprefix(_BOM)) if content.startswith(_BOM) else (b"", content)
    kept: list[bytes] = [bom]
    missing = dict(wanted)
    at = 0
    while at < len(content):
        end, assigned, comment = _statement(content, at, path_input)
        if assigned is not None and assigned["key"] in wanted:
            key = assigned["key"]
            ending = re.search(rb"[\r\n]*\Z", content[at:end])
            kept += [b"export " if assigned["export"] else b"", wanted[key], comment and b" " + comment, ending[0] if ending else b""]
            # node --env-file and shells take a byte order mark for a part of the first name.
            if at or not bom:
                missing.pop(key, None)
        else:
            kept.append(content[at:end])
        at = end
    newline = b"\r\n" if b"\r\n" in content else b"\n"
    if missing and content and not content.endswith((b"\n", b"\r")):
        kept.append(newline)
    kept += [line + newline for line in missing.values()]
    return b"".join(kept)


def _statement(content: bytes, at: int, path_input: str) -> tuple[int, re.Match[bytes] | None, bytes]:
    """The line at ``at``, or the lines of an assignment whose quotes go over several: its end, the assignment, and its comment."""
    line = _LINE.match(content, at)
    assigned = _ASSIGNMENT.match(content, at)
    if line is None or assigned is None:
        return line.end() if line else len(content), None, b""
    value = assigned.end()
    quoted = _QUOTED.get(content[value : value + 1])
    if quoted is None:
        comment = _COMMENT.search(content, value - 1, line.end())
        return line.end(), assigned, comment["comment"] if comment else b""
    # A single line that reads well as one is one: programs differ in whether a backslash escapes a quote.
    last = content.rfind(content[value : value + 1], value + 1, line.end())
    after = _AFTER.match(content, last + 1) if last > 0 else None
    if after is None:
        closed = quoted.match(content, value)
        after = _AFTER.match(content, closed.end()) if closed else None
        if after is None and closed and closed.end() <= line.end():
            return line.end(), assigned, b""  # more after the quotes, as a shell has it
    if after is None:
        raise CannotWrite(
            f"Line {len(_breaks(content[:at])) + 1} of {path_input!r}, the file env_file names, opens a quote that it does not close.",
            cause="Some programs would read all that follows, the connection strings too, as a part of that value.",
            remedy="Close the quote, or give env_file another path.",
        )
    return after.end(), assigned, after["comment"] or b""


def _breaks(content: bytes) -> list[bytes]:
    return re.findall(rb"\r\n|\n|\r", content)


# Whether git would commit it


def _warnings(folders: list[int], path: PurePosixPath) -> list[str]:
    """Git is not asked: it may not be here, and a configuration of the workspace's can have it run programs.

    Its rules are read as they are in the working tree and in ``.git/info/exclude``. A rule in somebody's home is not known here, so
    the warning can be one too many.
    """
    depth = next((depth for depth in reversed(range(len(folders))) if _has(folders[depth], ".git")), None)
    if depth is None:
        return []
    inside = PurePosixPath(*path.parts[depth:])
    if _is_tracked(folders[depth], inside):
        return [
            f"{path} holds connection strings now, and git tracks it: the next commit of this workspace would publish them. "
            f"Take it out of the repository with 'git rm --cached {path}' and add it to .gitignore."
        ]
    if not _is_ignored(folders[depth:], inside):
        return [
            f"{path} holds connection strings now, and git does not ignore it: a commit of this workspace could publish them. "
            f"Add it to .gitignore."
        ]
    return []


def _has(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return True


def _is_tracked(folder: int, path: PurePosixPath) -> bool:
    """Whether git's index lists the file. A form of index that would have to be decoded (version 4, split, a submodule's) says no.

    Source: gitformat-index(5). An entry ends in two bytes of flags, twelve bits of which are the length of the path (versions 3 and up
    may have two bytes more), the path, and a zero.
    """
    name = str(path).encode()
    index = _of_git(folder, "index", _LARGEST_INDEX)
    if index[:4] != b"DIRC" or index[4:8] not in (b"\0\0\0\2", b"\0\0\0\3"):
        return False
    length = min(len(name), 0xFFF)
    at = index.find(name + b"\0")
    while at != -1:
        if any(int.from_bytes(index[at - before : at - before + 2]) & 0xFFF == length for before in (2, 4)):
            return True
        at = index.find(name + b"\0", at + 1)
    return False


def _is_ignored(folders: list[int], path: PurePosixPath) -> bool:
    """Whether a rule covers the file, or a folder it is in: the last rule of the deepest file that says something counts.

    Source: gitignore(5).
    """
    # Here, since importing it takes 30 ms that a run without env_file should not pay.
    from pathspec import GitIgnoreSpec
    from pathspec.patterns.gitignore import GitIgnorePatternError

    rules: list[tuple[int, GitIgnoreSpec]] = []
    sources = [_of_git(folders[0], "info/exclude", LARGEST), *(_tolerant(folder, ".gitignore") for folder in folders)]
    for depth, source in enumerate(sources):
        lines = source.removeprefix(_BOM).decode("utf-8", "surrogateescape").split("\n")
        for line in lines:
            # One by one: git passes over what it can't read, too.
            with contextlib.suppress(GitIgnorePatternError, re.error):
                rules.append((max(depth - 1, 0), GitIgnoreSpec.from_lines([line.removesuffix("\r")])))
    for length in range(1, len(path.parts) + 1):
        for depth, rule in reversed(rules):
            if depth < length:
                below = "/".join(path.parts[depth:length]) + ("/" if length < len(path.parts) else "")
                if (said := rule.check_file(below).include) is not None:
                    if said:
                        return True
                    break
    return False


def _of_git(folder: int, path: str, largest: int) -> bytes:
    """A file of the repository's ``.git``, or nothing."""
    *parents, name = (".git", *path.split("/"))
    with contextlib.ExitStack() as stack:
        for part in parents:
            try:
                folder = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=folder)
            except OSError:
                return b""
            stack.callback(os.close, folder)
        return _tolerant(folder, name, largest)


def _tolerant(folder: int, name: str, largest: int = LARGEST) -> bytes:
    try:
        return _read(folder, name, largest) or b""
    except OSError:
        return b""
