"""The file that ``env_file`` names: written into a workspace that the pull request controls, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from .. import workspace as files
from . import git_index
from . import lines as env_lines

LARGEST = 1024 * 1024
"""Bytes of a file that is changed. One that is larger is not a file of variables."""

_MODE = 0o600


def check(path_input: str, *, workspace: Path) -> None:
    """Raises :class:`CannotWrite` if :func:`write` would for this path: to be asked before there is anything to lose."""
    with files.opened("env_file", path_input, workspace) as place:
        env_lines.updated(files.existing(place, LARGEST) or b"", {}, path=str(place.path))


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
    with files.opened("env_file", path_input, workspace) as place:
        files.replace(place, env_lines.updated(files.existing(place, LARGEST) or b"", lines, path=str(place.path)), mode=_MODE)
        warning = git_index.warning(place.folders, place.path)
    return [warning] if warning else []
