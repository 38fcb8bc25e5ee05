"""The SQL files of the workspace: migrations, a seed, rules. Read before anything is touched, and never from outside."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterable
from pathlib import Path

from ..errors import InvalidInput
from ..planning import seeds
from ..planning.contents import Script, Scripts
from ..planning.migrations import Migration, MigrationFolder, Tool
from ..planning.settings import Inputs

LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is read."""

_MANY = 20
_PROVIDERS = ("postgresql", "postgres")


def read(inputs: Inputs, *, workspace: Path) -> Scripts:
    """Whatever the inputs name.

    Raises:
        InvalidInput: it is not there, or is not what it should be.
    """
    rules = scripts("anonymize", inputs.anonymize, workspace=workspace) if inputs.anonymize else ()
    if len(rules) > 1:
        raise _refused("anonymize", inputs.anonymize or "", "is a folder with several files, and the rules are one")
    return Scripts(
        migrations=migrations(inputs.migrations, workspace=workspace) if inputs.migrations else None,
        rules=rules[0] if rules else None,
        seed=scripts("seed", inputs.seed, workspace=workspace) if inputs.seed else (),
        seed_path=inputs.seed or "",
        compares=inputs.schema_diff,
    )


def migrations(path_input: str, *, workspace: Path) -> MigrationFolder:
    """The migrations in the folder at ``path_input``: Prisma's, or plain ``.sql`` files.

    Raises:
        InvalidInput: there is no such folder in the workspace, or what it holds are no migrations.
    """
    folder = _found("migrations", path_input, workspace)
    if not folder.is_dir():
        raise _refused("migrations", path_input, "is a file, and migrations are in a folder")
    lock = folder / "migration_lock.toml"
    subfolders = sorted((entry for entry in folder.iterdir() if entry.is_dir()), key=lambda entry: entry.name)
    if lock.exists() or any((entry / "migration.sql").exists() for entry in subfolders):
        _check_provider(path_input, lock, workspace)
        if any(not (entry / "migration.sql").exists() for entry in subfolders):
            missing = next(entry.name for entry in subfolders if not (entry / "migration.sql").exists())
            raise _refused("migrations", path_input, f"holds a folder {missing!r} without a migration.sql")
        files = [(entry.name, entry / "migration.sql") for entry in subfolders]
        return MigrationFolder(path_input, Tool.PRISMA, _read_migrations(files, path_input, workspace, sections=False))
    plain = [(file.name, file) for file in _sql_files(folder) if not file.name.endswith(".down.sql")]
    if not plain:
        raise _refused("migrations", path_input, f"holds no migrations. There is: {_entries(folder)}")
    return MigrationFolder(path_input, Tool.SQL, _read_migrations(plain, path_input, workspace, sections=True))


def scripts(name: str, path_input: str, *, workspace: Path) -> tuple[Script, ...]:
    """The SQL file at ``path_input``, or all those in the folder there, by their names.

    Args:
        name: of the input, for errors.

    Raises:
        InvalidInput: there is no such file or folder in the workspace, or no SQL in it.
    """
    place = _found(name, path_input, workspace)
    files = _sql_files(place) if place.is_dir() else [place]
    if not files:
        raise _refused(name, path_input, f"holds no .sql file. There is: {_entries(place)}")
    root = _found(name, ".", workspace)
    return tuple(_script(name, path_input, file, root) for file in files)


def _script(name: str, path_input: str, file: Path, root: Path) -> Script:
    path = file.relative_to(root).as_posix()
    text = _text(name, path_input, _read(name, path_input, file, root))
    try:
        return Script(path, tuple(seeds.parts(text)))
    except seeds.NotTaken as refused:
        raise _refused(
            name,
            path_input,
            f"leads to {path!r}, which can't be run: {refused}",
            cause="It is sent to PostgreSQL itself, without psql.",
            remedy="Take that out of the file; nothing was touched.",
        ) from None


def _read_migrations(files: Iterable[tuple[str, Path]], path_input: str, workspace: Path, *, sections: bool) -> tuple[Migration, ...]:
    found = []
    for name, file in files:
        content = _read("migrations", path_input, file, workspace)
        _text("migrations", path_input, content, of=name)
        found.append(Migration.of(name, content, sections=sections))
    return tuple(found)


def _check_provider(path_input: str, lock: Path, workspace: Path) -> None:
    """Raises :class:`InvalidInput` if the migrations are another database's."""
    if not lock.exists():
        return
    try:
        provider = tomllib.loads(_read("migrations", path_input, lock, workspace).decode()).get("provider")
    except ValueError:
        raise _refused("migrations", path_input, "has a migration_lock.toml that can't be read") from None
    if provider not in _PROVIDERS:
        raise _refused(
            "migrations", path_input, f"holds migrations for {provider!r}, as its migration_lock.toml says, and not for postgresql"
        )


def _found(name: str, path_input: str, workspace: Path) -> Path:
    """What the input leads to, all links followed, if it is in the workspace."""
    root = workspace.resolve()
    place = (root / path_input).resolve()
    if not place.is_relative_to(root):
        raise _refused(name, path_input, "leads out of the workspace", cause="Only files of the repository are read.")
    if not place.exists():
        raise _missing(name, path_input, root, place)
    return place


def _missing(name: str, path_input: str, root: Path, place: Path) -> InvalidInput:
    above = next(folder for folder in place.parents if folder.is_dir())
    where = above.relative_to(root).as_posix()
    what = f"is not in the workspace. In {'its top folder' if where == '.' else repr(where)} there is: {_entries(above)}"
    if not any(root.iterdir()):
        what = "is not in the workspace, which is empty"
    checkout = "The repository was not checked out before this step (actions/checkout), or the path is not from its top folder."
    return _refused(name, path_input, what, cause=checkout, remedy="Put actions/checkout before this step, or correct the path.")


def _sql_files(folder: Path) -> list[Path]:
    return sorted((entry for entry in folder.iterdir() if entry.suffix == ".sql"), key=lambda entry: entry.name)


def _read(name: str, path_input: str, file: Path, workspace: Path) -> bytes:
    root, real = workspace.resolve(), file.resolve()
    if not real.is_relative_to(root):
        raise _refused(name, path_input, f"holds {file.name!r}, a link that leads out of the workspace")
    try:
        # Not to hang on a pipe that lies where a file is expected.
        opened = os.open(real, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(opened, "rb") as content:
            state = os.fstat(opened)
            if not stat.S_ISREG(state.st_mode) or state.st_size > LARGEST:
                raise _refused(name, path_input, f"leads to {file.name!r}, which is no plain file or larger than {LARGEST // 1024**2} MiB")
            return content.read()
    except OSError as error:
        raise _refused(name, path_input, f"leads to {file.name!r}, which can't be read ({os.strerror(error.errno or 0)})") from None


def _text(name: str, path_input: str, content: bytes, *, of: str = "") -> str:
    of = f"{of!r}, which" if of else "a file that"
    try:
        text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused(name, path_input, f"leads to {of} is not in UTF-8 (byte {error.start})") from None
    if "\0" in text:
        raise _refused(name, path_input, f"leads to {of} holds a zero byte")
    return text


def _entries(folder: Path) -> str:
    names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in folder.iterdir() if entry.name != ".git")
    return (", ".join(names[:_MANY]) or "nothing") + (f" and {len(names) - _MANY} more" if len(names) > _MANY else "")


def _refused(name: str, path_input: str, what: str, *, cause: str = "", remedy: str = "") -> InvalidInput:
    return InvalidInput(
        f"The input {name}, {path_input!r}, {what}.",
        cause=cause or "The path is another one than was meant, or the folder is another tool's.",
        remedy=remedy or f"Correct the input {name}; nothing was touched.",
        named=name,
        problem=what,
    )
