"""The demo: a pull request's life against the emulator, shown as GitHub would show it."""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from .client import SERVER_URL, Emulator, emulator, script
from .runner.runner import Run, Runner, Step

_NUMBER = 12
_HEAD = {"head_ref": "feat/checkout", "title": "Add a checkout page", "user": "octocat"}
_JOB = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as database:
    database.execute("create table if not exists orders (id serial primary key, made_by text)")
    database.execute("insert into orders (made_by) values (%s)", [os.environ["COMMIT"]])
    for id, made_by in database.execute("select id, made_by from orders order by id"):
        print(f"  order {id}, written by the job of commit {made_by}")
"""
_LOGIN = "import os, psycopg; psycopg.connect(os.environ['DATABASE_URL'], connect_timeout=5)"


class DemoFailed(Exception):
    """Something in the demo did not go as it should."""


def run(*, pause: float, picture: Path | None = None) -> int:
    """Runs it; 0 if everything went as it should, 1 if not.

    Args:
        pause: seconds to wait between two events, to read along.
        picture: an SVG file to save what was shown to, too.
    """
    console = Console(highlight=False, record=picture is not None)
    console.width = min(console.width, 120) if console.is_terminal else 120
    started = time.monotonic()
    console.print(Text("Starting the emulator: Prisma's and GitHub's APIs, and a real PostgreSQL server behind them", style="dim"))
    with tempfile.TemporaryDirectory() as folder, emulator("--provisioning", "1.5", "--cold-start", "1", "--latency", "20") as running:
        console.print(Text(f"ready after {time.monotonic() - started:.1f} s", style="dim"))
        try:
            _Demo(console, running, Path(folder), pause).show()
        except DemoFailed as error:
            console.print(Text(f"The demo failed: {error}", style="bold red"))
            return 1
    console.print(Text(f"\nThat was all of it, in {time.monotonic() - started:.1f} s. Nothing is left running.", style="dim"))
    if picture is not None:
        # Rich's template loads a font from the network; a picture in a README should load nothing.
        svg = re.sub(r"@font-face \{.*?\}", "", console.export_svg(title="make demo"), flags=re.DOTALL)
        picture.write_text(svg, encoding="utf-8")
    return 0


@dataclass
class _Demo:
    console: Console
    emulator: Emulator
    folder: Path
    pause: float
    runs: int = 100

    def show(self) -> None:
        opened = self._event(f"Pull request #{_NUMBER} is opened", "opened", "1111111", state="open")
        self._use(opened, "1111111", rows=1)
        self._what_exists()
        pushed = self._event(f"A commit is pushed to pull request #{_NUMBER}", "synchronize", "2222222")
        self._use(pushed, "2222222", rows=2)
        self._what_exists()
        self._event(f"Pull request #{_NUMBER} is merged", "closed", "2222222", state="closed", merged=True)
        self._refused(pushed)
        self._what_exists()

    def _event(self, title: str, action: str, commit: str, **fields: object) -> Run:
        time.sleep(self.pause)
        self.console.print()
        self.console.print(Rule(Text(title, style="bold"), align="left"))
        payload = self.emulator.pull_request_event(action, _NUMBER, head_sha=commit * 5 + "00000", **_HEAD, **fields)
        self.runs += 1
        addresses = self.emulator.addresses
        runner = Runner(
            root=self.folder / str(self.runs),
            api_url=addresses["github_api_url"],
            server_url=SERVER_URL,
            token=addresses["github_token"],
            secrets=(addresses["service_token"],),
        )
        step = runner.start(
            [script("preview-db-action")],
            event="pull_request",
            payload=payload,
            run_id=self.runs,
            env={"PRISMA_MANAGEMENT_API_URL": addresses["management_api_url"]},
            inputs={
                "service_token": addresses["service_token"],
                "project": addresses["project_id"],
                "github_token": addresses["github_token"],
                "connections": "app=DATABASE_URL",
            },
        )
        done = self._follow(step)
        if not done.succeeded:
            raise DemoFailed(f"the step ended with exit code {done.exit_code}")
        self._outputs(done)
        self._comment()
        return done

    def _follow(self, step: Step) -> Run:
        """Prints the log line by line as it comes, each with the second it came in."""
        started, shown = time.monotonic(), 0
        with ThreadPoolExecutor(1) as pool:
            ending = pool.submit(step.finish, timeout=60)
            while not ending.done() or shown < len(step.log):
                for line in step.log[shown:]:
                    self._say((f"{time.monotonic() - started:5.1f}s ", "dim"), (line, ""))
                    shown += 1
                time.sleep(0.02)
            return ending.result()

    def _outputs(self, done: Run) -> None:
        names = ["outcome", "database_id", *(["database_url"] if "database_url" in done.outputs else [])]
        shown = "  ".join(f"{name}={_masked(done, done.outputs.get(name, ''))}" for name in names)
        self._say(("outputs ", "dim"), (shown, "cyan"), (f"   the step took {done.seconds:.1f} s", "dim"))

    def _comment(self) -> None:
        (comment,) = self.emulator.comments(_NUMBER)
        body = re.sub(r"<!--.*?-->|</?details>|</?summary>", "", str(comment["body"]), flags=re.DOTALL).split("Use it in another job")[0]
        self.console.print(Panel(Markdown(body.strip()), title=f"{comment['user']} commented", title_align="left"))

    def _use(self, done: Run, commit: str, *, rows: int) -> None:
        """What a later step of the job does: it finds the string in its environment, and writes a row."""
        environment = "  ".join(f"{name}={_masked(done, value)}" for name, value in done.environment.items())
        self._say(("Run ", "dim"), ("python save_order.py", "bold"), (f"   env: {environment}", "dim"))
        used = self._later_step(done, _JOB, {"COMMIT": commit})
        self._say(("\n".join(used.log), ""))
        if not used.succeeded or len(used.log) != rows:
            raise DemoFailed(f"the job did not find {rows} rows: {used.raw_stderr or used.log}")

    def _refused(self, done: Run) -> None:
        """The last string that was handed out opens nothing any more."""
        refused = self._later_step(done, _LOGIN, {})
        if refused.exit_code == 0:
            raise DemoFailed("the credential still works")
        words = refused.log[-1].split("FATAL:")[-1].strip()
        self._say(("The last job's string opens nothing any more: ", "green"), (words, "dim"))

    def _say(self, *parts: tuple[str, str]) -> None:
        self.console.print(Text.assemble(*parts))

    def _later_step(self, done: Run, program: str, environment: dict[str, str]) -> Run:
        runner = Runner(root=self.folder / "later", api_url="", server_url=SERVER_URL, secrets=done.masks)
        payload: dict[str, Any] = self.emulator.pull_request_event("synchronize", _NUMBER)
        return runner.run([sys.executable, "-c", program], event="pull_request", payload=payload, env={**done.environment, **environment})

    def _what_exists(self) -> None:
        table = Table("database", "status", "credentials", title="What exists now", title_justify="left", title_style="bold")
        for database in self.emulator.databases():
            credentials = [str(connection["name"]) for connection in database["connections"]]
            table.add_row(database["name"], database["status"], "\n".join(credentials))
        self.console.print(table if table.row_count else Text("What exists now: no preview, no credential", style="bold green"))


def _masked(done: Run, value: str) -> str:
    return "***" if _holds(done.masks, value) else value


def _holds(masks: Sequence[str], value: str) -> bool:
    return any(mask in value for mask in masks if mask)
