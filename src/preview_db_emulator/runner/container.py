"""How GitHub's runner starts a container action: its mounts, its variables and its network.

Written after https://github.com/actions/runner, ContainerActionHandler.cs and DockerCommandManager.cs.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

TEMP = "_temp"
FOLDERS = {
    "runner_temp": TEMP,
    "home": f"{TEMP}/_github_home",
    "workflow": f"{TEMP}/_github_workflow",
    "file_commands": f"{TEMP}/_runner_file_commands",
    "workspace": "workspace",
}
"""What a container finds below ``/github``, and where that is below the runner's own folder."""
_SOCKET = "/var/run/docker.sock"


def arguments(
    image: str,
    *,
    name: str,
    root: Path,
    variables: Iterable[str],
    command: Sequence[str],
    entrypoint: str | None = None,
    network: str | None = None,
) -> list[str]:
    """The command that runs a step in its image, with the names of ``variables``: the client takes the values from its own environment."""
    mounts = [*_engine(), *((str(root / folder), f"/github/{inside}") for inside, folder in FOLDERS.items())]
    return [
        *("docker", "run", "--name", name, "--workdir", "/github/workspace", "--rm"),
        *(part for variable in variables for part in ("-e", variable)),
        *(("--entrypoint", entrypoint) if entrypoint else ()),
        *(("--network", network) if network else ()),
        *(f"--volume={outside}:{inside}" for outside, inside in mounts),
        *(image, *command),
    ]


def on_disk(path: str, root: Path, *, in_container: bool) -> Path:
    """Where on this machine a file is that a step names."""
    for inside, folder in FOLDERS.items() if in_container else ():
        if path == f"/github/{inside}" or path.startswith(f"/github/{inside}/"):
            return root / folder / path.removeprefix(f"/github/{inside}").lstrip("/")
    return root / FOLDERS["workspace"] / path


def _engine() -> Iterable[tuple[str, str]]:
    """The engine's socket, which the runner gives to every container action, where there is one on this machine."""
    outside = os.environ.get("DOCKER_HOST", f"unix://{_SOCKET}").removeprefix("unix://")
    try:
        found = stat.S_ISSOCK(Path(outside).stat().st_mode)
    except OSError:
        found = False
    return [(outside, _SOCKET)] if found else []
