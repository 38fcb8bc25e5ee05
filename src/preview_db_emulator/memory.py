"""Room in memory for what does not outlast the process that makes it: databases of tests, packages of examples."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - whoever puts something there makes a folder of its own
ENOUGH = 4 * 1024**3


def keep_temporary_files_in_memory() -> None:
    """Does so for this process and those it starts, unless TMPDIR says where they go, or memory has no room for them."""
    if "TMPDIR" not in os.environ and _is_good(MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def _is_good(folder: Path) -> bool:
    """Whether there is room enough, and programs may be started there."""
    return folder.is_dir() and os.access(folder, os.W_OK) and _allows_programs(folder) and shutil.disk_usage(folder).free > ENOUGH


def _allows_programs(folder: Path) -> bool:
    return not os.statvfs(folder).f_flag & os.ST_NOEXEC
