"""Any action in a folder, run as the runner runs it: with Node, or in its image."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

from preview_db_emulator.client import SERVER_URL, Emulator
from preview_db_emulator.runner.runner import Runner, Step

_REDIRECT = Path(__file__).with_name("redirect.cjs")
_ids = itertools.count(1)


@dataclass(frozen=True)
class Action:
    """One action.

    Attributes:
        command: what to start; nothing in an image.
        image: what it runs in, if it runs in one.
    """

    name: str
    folder: Path
    command: tuple[str, ...] = ()
    image: str | None = None

    @classmethod
    def at(cls, folder: Path) -> Self:
        """The action in ``folder``. Raises ``ValueError`` if it is of a kind that is not run here."""
        described = yaml.safe_load(_description(folder).read_text("utf-8"))
        runs, name = described["runs"], str(described["name"])
        if str(runs["using"]).startswith("node"):
            return cls(name, folder, ("node", str((folder / runs["main"]).absolute())))
        if runs["using"] != "docker":
            raise ValueError(f"{folder} runs using {runs['using']}: only node and docker are run here")
        if str(runs["image"]).startswith("docker://"):
            return cls(name, folder, image=runs["image"].removeprefix("docker://"))
        tag = f"bench-{folder.name.lower()}"
        subprocess.run(["docker", "build", "--quiet", "-t", tag, str(folder)], check=True, stdout=subprocess.DEVNULL)
        return cls(name, folder, image=tag)

    def start(self, running: Emulator, root: Path, event: str, payload: Mapping[str, Any], given: Mapping[str, str]) -> Step:
        """A step of it. It is given whatever inputs it declares of those in ``given``."""
        addresses, run_id = running.addresses, next(_ids)
        runner = Runner(
            root=root / f"bench-{run_id}",
            api_url=addresses["github_api_url"],
            server_url=SERVER_URL,
            token=addresses["github_token"],
            action=_description(self.folder),
            image=self.image,
        )
        api = addresses["management_api_url"]
        env = {"PRISMA_MANAGEMENT_API_URL": api, "BENCH_API": api}
        if self.command[:1] == ("node",):
            env["NODE_OPTIONS"] = f"--require={_REDIRECT.absolute()}"
        return runner.start(self.command, event=event, payload=payload, inputs=dict(given), env=env, run_id=run_id)


def _description(folder: Path) -> Path:
    return next(path for name in ("action.yml", "action.yaml") if (path := folder / name).exists())
