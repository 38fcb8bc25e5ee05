"""`make bench`: how long everything takes, each beside what it is compared with, in docs/performance.md. Nothing of it is asserted."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import functools
import importlib.metadata
import os
import platform
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from preview_db.background import AT_ONCE
from preview_db.planning.model import Kind, Scope
from preview_db_emulator.client import SERVER_URL, Emulator, emulator
from preview_db_emulator.runner.runner import Runner
from tests.drivers.workflow import ACTION, PullRequest, Workflow

from . import images, many, migrations, paper
from .actions import Action
from .installed import Installed
from .measure import Cost, Served, measured

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
BARE = "import httpx, pydantic_settings"

Part = Callable[["Bench"], str]


class Bench:
    """What all parts are given."""

    def __init__(self, asked: argparse.Namespace, running: Emulator, root: Path, installed: Installed) -> None:
        self.asked = asked
        self.running = running
        self.root = root
        self.installed = installed

    def workflow(self) -> Workflow:
        """In a project of its own, each run a process at the pace that users have."""
        environ = {"PREVIEW_DB_PACE": "1"}
        return Workflow.new(self.running, self.root, in_process=False, environ=environ, command=self.installed.command)

    @contextlib.contextmanager
    def slow(self, **settings: float) -> Iterator[None]:
        """Each request takes as long as was asked for."""
        before = self.running.control("GET", "settings")
        self.running.control("PUT", "settings", {"latency_ms": self.asked.latency, **settings})
        yield
        self.running.control("PUT", "settings", before)

    def payload(self, pull: PullRequest, action: str, **fields: object) -> dict[str, Any]:
        return pull.event(action, state="closed" if action == "closed" else "open", **fields)


def of_requests(bench: Bench) -> str:
    workflow = bench.workflow()
    workflow.pull().opened()
    pull = workflow.pull()
    dispatched = {"command": "connect", "pr": str(pull.number)}
    runs: dict[str, Callable[[], object]] = {
        "opened: a new database that is ready at once": pull.opened,
        "synchronize: a push": lambda: pull.happens("synchronize", {"head_sha": "e" * 40}),
        "synchronize, `on_push: reset`": lambda: pull.pushed(on_push="reset"),
        "`command: connect`": lambda: pull.pushed(**dispatched),
        "`command: plan`": lambda: pull.pushed(command="plan"),
        "closed": pull.closed,
        "closed, and nothing there": pull.closed,
        "a sweep with nothing to do": workflow.sweep,
    }
    lines = []
    with bench.slow(latency_ms=1000):  # longer than a run takes to load, so that what does not depend on each other overlaps
        for name, run in runs.items():
            bench.running.control("DELETE", "requests")
            run()
            served = Served.since(bench.running)
            lines.append(f"| {name} | {served.requests} | {served.round_trips} |")
    return "\n".join(
        [
            "## Requests\n",
            "What a run asks for, and how many round trips of it come one after the other. These numbers don't vary; those of opened,",
            "synchronize and closed are tests, too. The login to PostgreSQL is not counted.\n",
            "| Run | Requests | Round trips |",
            "|---|---|---|",
            *lines,
        ]
    )


def of_start(bench: Bench) -> str:
    payload = bench.payload(bench.workflow().pull(), "opened")
    with _deaf() as (url, heard):

        def first_request() -> float:
            heard.clear()
            runner = Runner(
                root=bench.root / f"start-{time.time_ns()}", api_url=f"{url}/github", server_url=SERVER_URL, token="ghs_x", action=ACTION
            )
            started = time.perf_counter()
            inputs = {"service_token": "abc", "project": "proj_abc"}
            step = runner.start(
                bench.installed.command("preview-db-action"),
                event="pull_request",
                payload=payload,
                inputs=inputs,
                env={"PRISMA_MANAGEMENT_API_URL": url},
            )
            while not heard:
                assert step.process.poll() is None, step.log
                time.sleep(0.0005)
            step.kill()
            return heard[0] - started

        def bare() -> float:
            started = time.perf_counter()
            subprocess.run([*bench.installed.python, "-c", BARE], check=True)
            return time.perf_counter() - started

        times = [(bare(), first_request()) for _ in range(bench.asked.times)]
    before, after = (statistics.median(column) for column in zip(*times, strict=True))
    return "\n".join(
        [
            "## Start\n",
            f"From the start of the process to its first request, beside `python -c '{BARE}'` on the same interpreter, which is what it",
            "stands on (to its end).\n",
            "| | Median |",
            "|---|---|",
            f"| `{BARE}` | {before * 1000:.0f} ms |",
            f"| First request | {after * 1000:.0f} ms, {after / before:.2f} × |",
        ]
    )


def of_steps(bench: Bench) -> str:
    beside = [Action.at(Path(folder)) for folder in bench.asked.beside]
    given = {
        "service_token": bench.running.addresses["service_token"],
        "github_token": bench.running.addresses["github_token"],
        "GITHUB_TOKEN": bench.running.addresses["github_token"],
        "header": "database",
    }
    costs: dict[tuple[str, str], list[Cost]] = {}
    with bench.slow():
        for turn in range(bench.asked.times):
            workflow = bench.workflow()
            theirs, ours = workflow.pull(), workflow.pull()
            for action in ("opened", "synchronize", "closed"):
                payload = bench.payload(ours, action, head_sha=f"{turn + len(action):040x}")
                _, cost = measured(functools.partial(workflow.step, "pull_request", payload))
                costs.setdefault((action, "ours"), []).append(cost)
                if not beside or action == "closed":
                    continue
                payload = bench.payload(theirs, action, head_sha=f"{turn + len(action):040x}")
                inputs = {**given, "project_id": workflow.project, "message": f"The database is there: {action} {turn}"}
                starts = [functools.partial(other.start, bench.running, bench.root, "pull_request", payload, inputs) for other in beside]
                each = [measured(start)[1] for start in starts]
                costs.setdefault((action, "theirs"), []).append(sum(each[1:], each[0]))
    lines = []
    for action in ("opened", "synchronize", "closed"):
        own = Cost.median(costs[action, "ours"])
        lines.append(f"| {action} | preview-db | {_shown(own)} |")
        if (action, "theirs") in costs:
            other = Cost.median(costs[action, "theirs"])
            lines.append(f"| | beside it | {_shown(other)} |")
            ratios = (own.seconds / other.seconds, own.cpu / other.cpu, own.memory / other.memory)
            lines.append(f"| | of that | {' | '.join(f'{ratio:.2f} ×' for ratio in ratios)} |")
    names = " and then ".join(f"*{action.name}*" for action in beside)
    compared = f"Beside it: {names}, which neither wait, nor mask, nor look again." if beside else "Nothing was run beside it."
    return "\n".join(
        [
            "## The whole step\n",
            f"From the start of the process to its end, each request taking {bench.asked.latency} ms; medians of {bench.asked.times}.",
            f"{compared}\n",
            "| Event | | Time | CPU time | Memory |",
            "|---|---|---|---|---|",
            *lines,
        ]
    )


def of_sweeps(bench: Bench) -> str:
    lines = []
    for total in bench.asked.databases:
        stale = min(total * 3 // 10, 1000)
        for comments in ("false", "true"):
            with _sweepable(bench, total, stale) as workflow, bench.slow():
                bench.running.control("DELETE", "requests")
                inputs = {"max_deletions": "10000", "comment": comments, "timeout": "1h"}
                _, cost = measured(functools.partial(workflow.sweeping, inputs))
                served = bench.running.control("GET", "requests")
            deletions = sum(request["method"] == "DELETE" for request in served)
            bound = many.bound(served, bench.asked.latency)
            took = f"{cost.seconds:.1f} s, {cost.seconds / bound:.2f} × | {cost.cpu:.1f} s | {cost.memory:.0f} MB"
            lines.append(f"| {total:,} | {deletions:,} | {comments} | {len(served):,} | {bound:.1f} s | {took} |")
    return "\n".join(
        [
            "## The sweep\n",
            f"The bound is what its requests take at {bench.asked.latency} ms each: the pages of databases one after the other, since each",
            f"names the next, and all else {AT_ONCE} at a time. Emulator and PostgreSQL share the machine with it.\n",
            "| Databases | Deleted | `comment` | Requests | Bound | Took | CPU time | Memory |",
            "|---|---|---|---|---|---|---|---|",
            *lines,
        ]
    )


def of_organisations(bench: Bench) -> str:
    lines: list[str] = []
    for repositories in bench.asked.repositories:
        lines += many.rows(bench.running, bench.workflow, repositories, bench.asked.latency)
    return "\n".join(
        [
            "## One sweep for an organisation\n",
            f"{many.EACH} previews in each repository, {many.STALE} of them of closed pull requests, in one project. The bound is as for",
            "the sweep above. Of the parts, which each have a machine of their own, the slowest counts.\n",
            "| Repositories | Databases | Deleted | Parts | Requests | To GitHub, each | Bound | Took | Memory |",
            "|---|---|---|---|---|---|---|---|---|",
            *lines,
        ]
    )


def of_waiting(bench: Bench) -> str:
    lost = []
    with bench.slow(latency_ms=0, provisioning_s=5):
        for _ in range(3):
            bench.running.control("DELETE", "requests")
            run = bench.workflow().pull().opened()
            ended = time.time()
            assert run.succeeded, run.log
            requests = bench.running.control("GET", "requests")
            created = next(request["ended"] for request in requests if request["method"] == "POST" and request["path"] == "/v1/databases")
            lost.append((ended - created - 5, len(requests)))
    return "\n".join(
        [
            "## Waiting\n",
            "How long after a database that takes 5 s is ready the step ends, logged in and with its comment written; with no latency.\n",
            "| Run | After it was ready | Requests |",
            "|---|---|---|",
            *(f"| {number} | {seconds * 1000:.0f} ms | {count} |" for number, (seconds, count) in enumerate(lost, start=1)),
        ]
    )


def of_migrations(bench: Bench) -> str:
    return migrations.page(bench.workflow, bench.asked.migrations, bench.asked.prisma)


def of_images(bench: Bench) -> str:
    payload = bench.payload(bench.workflow().pull(), "opened")
    return images.page(bench.asked.images, times=bench.asked.times, root=bench.root, payload=payload)


def of_a_company(_: Bench) -> str:
    return paper.page()


PARTS: dict[str, Part] = {
    "requests": of_requests,
    "start": of_start,
    "steps": of_steps,
    "sweeps": of_sweeps,
    "organisations": of_organisations,
    "waiting": of_waiting,
    "migrations": of_migrations,
    "images": of_images,
    "company": of_a_company,
}


def _shown(cost: Cost) -> str:
    return f"{cost.seconds * 1000:.0f} ms | {cost.cpu * 1000:.0f} ms | {cost.memory:.0f} MB"


@contextlib.contextmanager
def _deaf() -> Iterator[tuple[str, list[float]]]:
    """A server that never answers, and when its first requests came."""
    heard: list[float] = []
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:

        def listen() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connection.recv(1)
                    heard.append(time.perf_counter())
                    held.append(connection)

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", heard
    for connection in held:
        connection.close()


@contextlib.contextmanager
def _sweepable(bench: Bench, total: int, stale: int) -> Iterator[Workflow]:
    """A repository with so many pull requests, each with a preview, of which so many are closed by now."""
    workflow = bench.workflow()
    yesterday = time.time() - 86400
    for number in range(1, total + 1):
        pull = {"state": "closed" if number <= stale else "open", "created_at": yesterday, "updated_at": yesterday}
        bench.running.control("PUT", f"github/pulls/{number}", pull)
    scopes = [Scope(workflow.repository, Kind.PULL_REQUEST, str(number)) for number in range(1, total + 1)]
    for begin in range(0, total, 500):
        workflow.seed(*scopes[begin : begin + 500], connections=[{"name": f"app-{run}-1"} for run in range(3)])
    yield workflow
    workflow.api("DELETE", f"/v1/projects/{workflow.project}").raise_for_status()


def main() -> None:
    asked = _asked()
    root = Path(tempfile.mkdtemp(prefix="preview-db-bench-"))
    installed = Installed(root / "installed")
    with emulator() as running:
        bench = Bench(asked, running, root, installed)
        parts = []
        for name in asked.parts:
            started = time.monotonic()
            parts.append(PARTS[name](bench))
            print(f"{parts[-1]}\n\n({name}: {time.monotonic() - started:.0f} s)\n", flush=True)  # noqa: T201 - it is for a person who waits
    shutil.rmtree(root, ignore_errors=True)
    if asked.write and asked.parts == list(PARTS):
        PAGE.write_text("\n\n".join([_head(asked), *parts]) + "\n", "utf-8")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--times", type=int, default=7, help="that each step is run; medians are shown")
    parser.add_argument("--latency", type=int, default=100, help="of each request, in milliseconds")
    parser.add_argument("--beside", nargs="*", default=[], metavar="FOLDER", help="actions to run one after the other beside ours")
    parser.add_argument("--databases", nargs="*", type=int, default=[1000, 10_000], help="to sweep")
    parser.add_argument(
        "--migrations", nargs="*", type=Path, default=[], metavar="FOLDER", help="folders of Prisma's to apply; one is made"
    )
    parser.add_argument("--prisma", type=Path, metavar="FOLDER", help="where 'npx prisma migrate deploy' works")
    parser.add_argument("--repositories", nargs="*", type=int, default=[1000], help="of an organisation, to sweep")
    parser.add_argument("--images", nargs="*", default=[], metavar="BASE=IMAGE", help="images of ours, each with the base it was built on")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, default=True, help="docs/performance.md, if all parts are run")
    return parser.parse_args()


def _head(asked: argparse.Namespace) -> str:
    cpu = next((line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = next((int(line.split()[1]) // 1024**2 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    libraries = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("httpx", "pydantic", "pydantic-settings", "psycopg"))
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"""# Performance, measured

Written by `make bench` from what it measured, all in one run; nothing here is written by hand, and nothing of it is asserted anywhere but
the numbers of requests. Against the emulator on the same machine: it says nothing of Prisma's service.

| | |
|---|---|
| When | {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC |
| Where | {os.cpu_count()} cores ({cpu}), {memory} GiB, {platform.system()}; load at the end {load} |
| With | Python {platform.python_version()}, {libraries} |
| Again | `make bench ARGS='--times {asked.times} --latency {asked.latency} --beside FOLDER ... --images BASE=IMAGE ...'` |"""


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("utf-8").splitlines()
    except OSError:
        return []


if __name__ == "__main__":
    main()
