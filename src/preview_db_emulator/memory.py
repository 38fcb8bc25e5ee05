"""Where there is room in memory for what lasts no longer than the process that makes it: databases of tests, packages of examples."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - whoever takes it makes a folder of their own in it
ENOUGH = 4 * 1024**3


def folder_in_memory() -> str | None:
    """A folder in memory with room enough, and where programs may be started; None without one, or where TMPDIR names a folder."""
    return str(MEMORY) if "TMPDIR" not in os.environ and _is_good(MEMORY) else None


def _is_good(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK) and _allows_programs(folder) and shutil.disk_usage(folder).free > ENOUGH


def _allows_programs(folder: Path) -> bool:
    return not os.statvfs(folder).f_flag & os.ST_NOEXEC
