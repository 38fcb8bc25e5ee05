"""`make torture`: every claim at length, and the figures, as they were measured, in docs/reliability.md.

If a claim of a part does not hold, it says so, ends with 1, and leaves the part's section of the page as it was.
"""

from __future__ import annotations

import argparse
import collections
import datetime
import itertools
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from preview_db_emulator.client import Emulator
from preview_db_emulator.faults import RANDOM_KINDS
from preview_db_emulator.memory import keep_temporary_files_in_memory
from tests.conftest import EXAMPLES
from tests.drivers.workflow import Workflow
from tests.torture.claims import FUZZED, emulators, rows

from . import inside, killed, long, orders, page, pairs, races, weather

Part = Callable[["Torture"], str]


class Torture:
    """What all parts are given."""

    def __init__(self, asked: argparse.Namespace, running: Sequence[Emulator], root: Path) -> None:
        self.asked = asked
        self.running = running
        self.root = root

    def workflow(self, index: int = 0, **inputs: str) -> Workflow:
        return Workflow.new(self.running[index], self.root, inputs=inputs)


def of_kills(torture: Torture) -> str:
    counted: dict[str, collections.Counter[str]] = {scene.name: collections.Counter() for scene in killed.SCENES}
    requests: dict[str, int] = {}
    broken: list[str] = []
    lock = threading.Lock()

    def share(index: int) -> None:
        def fresh() -> Workflow:
            """In an emulator as new: what a sweep asks for depends on what there is besides."""
            torture.running[index].control("POST", "reset")
            return torture.workflow(index, credential_grace="0s", deployment="true")

        for scene in killed.SCENES[index :: len(torture.running)]:
            tries = list(killed.everywhere(fresh, scene))
            requests[scene.name] = len(tries) // len(killed.WAYS) // 2
            for what, attempt in tries:
                try:
                    attempt()
                except Exception as error:  # noqa: BLE001 - it is told with all the others
                    torture.running[index].control("DELETE", "faults")
                    with lock:
                        broken.append(f"{what}: {type(error).__name__}: {error}")
                with lock:
                    counted[scene.name][what.split(": ")[1].split(" ")[0]] += 1
            _say(f"{scene.name}: {sum(counted[scene.name].values())} ends")

    with ThreadPoolExecutor(len(torture.running)) as pool:
        list(pool.map(share, range(len(torture.running))))
    _stop_if(broken)
    lines = [
        f"| {name} | {requests[name]} | {each['SIGKILL']} | {each['SIGTERM']} | {each['SIGINT']} | all |" for name, each in counted.items()
    ]
    return f"""
{sum(sum(each.values()) for each in counted.values()):,} processes, each ended at another boundary between two requests (before the request
was carried out; after it was, and before the answer came), and the command then run again. The boundaries are the requests that a run
in fair weather made.

| command | requests | SIGKILL | SIGTERM | SIGINT | put right by the next run |
|---|--:|--:|--:|--:|--:|
{_lines(lines)}

Put right: one database with the pull request's tag, a string one can log in with, one comment, at most three
credentials with `credential_grace: 0s`; after a close or a deletion, no database and no deployment; after a sweep, what is wanted and
nothing else; after the end of a job, none of its ephemeral credentials. Asked to stop (SIGTERM, SIGINT), each run ended within 5 s and said
where, with exit code 1 (the end of a job with a warning and 0, or in silence if there was nothing left to do).
"""


def of_kills_inside(torture: Torture) -> str:
    folders = itertools.count(1)
    broken: list[str] = []
    lines: list[str] = []
    lock = threading.Lock()

    def share(index: int) -> None:
        def fresh() -> Workflow:
            root = torture.root / f"inside-{next(folders)}"
            root.mkdir()
            return Workflow.new(torture.running[index], root)

        for scene in inside.SCENES[index :: len(torture.running)]:
            ends = 0
            for attempt in inside.everywhere(fresh, scene):
                ends += 1
                try:
                    attempt()
                except AssertionError as error:
                    with lock:
                        broken.append(str(error))
            with lock:
                lines.append(f"| {scene.name} | {ends // 2} | {ends // 2} | all |")
            _say(f"{scene.name}: {ends} ends")

    with ThreadPoolExecutor(len(torture.running)) as pool:
        list(pool.map(share, range(len(torture.running))))
    _stop_if(broken)
    return f"""
Processes, each killed without warning at another round trip to PostgreSQL by the direct endpoint, the login's included, or cut off from
PostgreSQL there: before what it asks arrives, and after PostgreSQL has begun to answer. One that is cut off logs in again, or fails, says
that the connection broke, and blames no script. The same was then run again.

| what is done inside | SIGKILL | cut off | put right by the next run |
|---|--:|--:|--:|
{_lines(sorted(lines))}

Put right: one database that the string handed out opens, all migrations applied and recorded as finished, an index that was built beside
readers valid, the rules and the seed run once, and nothing in the database's name that says it is new.
"""


def of_weather(torture: Torture) -> str:
    asked = torture.asked
    processes = max(1, asked.lives // 50)
    # Silence takes as long as the clients' time-outs, whatever the pace.
    kinds = [kind for kind in RANDOM_KINDS if kind != "silence" or not asked.short]
    found = weather.lives(
        torture.workflow(), count=asked.lives, rate=0.3, seed=asked.seed, at_once=asked.at_once, processes=processes, kinds=kinds
    )
    lines = [
        f"| {name} | {one.succeeded + one.failed} | {one.succeeded} | {one.share:.1%} | {one.median:.1f} s | {one.longest:.0f} s |"
        for name, one in found.tallies.items()
    ]
    titles = collections.Counter(title for one in found.tallies.values() for title in one.errors.elements())
    told = ", ".join(f"{title}: {count}" for title, count in titles.items()) or "there was none"
    return f"""
{found.lives:,} lives of pull requests, {asked.at_once} at a time, {processes} of them as processes. 30 % of {found.requests:,} requests
failed: 500, 502, 429 with and without `Retry-After`, a reset connection, an answer lost after it was carried out, one cut short, a page of
HTML with status 200, 30 s of silence. `timeout` was its default, 120 s. No run was repeated, and of each tenth pull request the run for its
end never came.

| command | runs | succeeded | share | median | longest |
|---|--:|--:|--:|--:|--:|
{_lines(lines)}

After each run that succeeded there was one database that its string opened, or none after a close; none that failed handed anything out, or
left a second one (which only a reset may, for the next run to take away). Each failure was one error in three sentences, and exit code 1
({told}). After three sweeps in the same weather {found.left_before_sweep} databases were left; after one in fair weather, none.
"""


def of_races(torture: Torture) -> str:
    asked = torture.asked
    seeds = races.plan(asked.schedules, asked.seed * 100_000, twenty=max(2, asked.schedules // 25))
    found = races.schedules(torture.running, torture.root, seeds=seeds)
    _stop_if(races.claims(found))
    lines = [
        f"| {name} | {'yes' if mode == 'known' else 'no'} | {seen.schedules} | {seen.runs} | {seen.off} | {seen.left} | {seen.dead} |"
        for (mode, name), seen in sorted(found.items(), key=lambda item: (item[0][1], item[0][0] != "known"))
    ]
    without = [seen for (mode, name), seen in found.items() if mode == "ignored" and name not in races.REPLACING]
    return f"""
{len(seeds):,} schedules of {sum(seen.runs for seen in found.values()):,} runs, each request delayed by up to {races.JITTER_MS} ms.
*Off at once*: schedules after which there were more or fewer databases than the pull request's state says once all runs had ended. *Off
after a sweep*: databases too many or too few once a sweep had run, too. *Dead strings*: handed out, and of a database that another run had
replaced or taken away by the end.

| race | `logicalId` | schedules | runs | off at once | off after a sweep | dead strings |
|---|---|--:|--:|--:|--:|--:|
{_lines(lines)}

A reset replaces the database under the feet of whoever uses it, so that strings die with it: that is what it is for. One that fails, by its
seed here, takes its own database back, unless another run has handed that out by then; the one there was stays. Without `logicalId` (a
server from before SDK 1.78) only looking again keeps two runs from making two databases; the newer one goes, and
{sum(seen.dead for seen in without)} of the strings of {sum(seen.runs for seen in without):,} runs went with it here.
"""


def of_orders(torture: Torture) -> str:
    asked = torture.asked
    counted: dict[tuple[str, ...], list[orders.Counted]] = collections.defaultdict(list)
    for settings, most in ((pairs.SETTINGS, asked.orders), (pairs.SETTINGS_OF_THREE, asked.orders_of_three)):
        for setting, one in orders.every(settings, most=most, seconds=asked.order_seconds, workers=asked.workers):
            counted[setting.kinds].append(one)
            _say(f"{setting}: {one.orders} orders{'' if one.complete else ', the first of more'}")
    found = [one for each in counted.values() for one in each]
    followed = sum(one.replays - one.orders for one in found)
    _stop_if([broken for one in found for broken in one.broken])
    lines = [
        f"| {' against '.join(kinds)} | {sum(one.orders for one in each):,} | {sum(one.complete for one in each)} of {len(each)} "
        f"| {sum(one.failed for one in each):,} | {sum(one.left for one in each):,} | {sum(one.late for one in each):,} |"
        for kinds, each in counted.items()
    ]
    return f"""
{sum(one.orders for one in found):,} orders in which the requests of two runs, or three, for one pull request can reach the services, let in
one at a time by a scheduler; of orders that nobody could tell apart (two reads that change places, say) one each. {followed:,} more were
followed to a point at which server and runs stood as they had before, since what comes after that had been tried. For each of four servers:
one that knows `logicalId` and one that ignores it, each with lists that show what is new at once, and with lists that leave it out once. Of
two runs every order was tried, up to {asked.orders:,} to a server, of three the first {asked.orders_of_three:,}, and of either those of
{asked.order_seconds:.0f} s.

| runs | orders | servers of which all were tried | runs that failed | left to the next sweep | reopened too late |
|---|--:|--:|--:|--:|--:|
{_lines(lines)}

After each: at most one database for the pull request, one if it is open and nobody ran `delete`, what the last run to end handed out opens
it, unless a reset took its place, and nothing of anybody else's touched. Two things are left to the run that comes next, which was run and
put them right: where lists leave something out, a database that a close did not see is left to the next sweep; where a pull
request was reopened between a sweep's last look at it and the deletion, the sweep says so, and the next run creates another.
"""


def of_long_runs(torture: Torture) -> str:
    asked = torture.asked
    hour = long.lives(torture.workflow(), count=asked.hour, at_once=4)
    swept = long.sweep(torture.workflow(), count=asked.databases, limit=10_000)

    def line(who: str, before: long.Taken, after: long.Taken) -> str:
        pairs = [(one.memory // 1024**2, one.descriptors, one.threads, one.processes) for one in (before, after)]
        return f"| {who} | " + " | ".join(f"{was} → {is_}" for was, is_ in zip(*pairs, strict=True)) + " |"

    return f"""
{hour.lives:,} lives of {hour.runs:,} runs, as many as one a second makes in {hour.runs // 60} minutes; they took {hour.seconds / 60:.0f}.
Before (after a tenth as many, to warm up) and after:

| | memory (MiB) | descriptors | threads | processes below |
|---|--:|--:|--:|--:|
{line("the action, all runs in one process", hour.action_before, hour.action_after)}
{line("the emulator, with PostgreSQL", hour.emulator_before, hour.emulator_after)}

A sweep of {swept.databases:,} databases, {swept.deleted:,} of which nobody wanted: {swept.seconds:.0f} s, {swept.requests:,} requests,
{swept.peak / 1024**2:.0f} MiB at most. (`comment: false`; each deletion costs one last look at its pull request, and one request.)
"""


def of_tests(torture: Torture) -> str:
    listed = ["-q", "-n", str(torture.asked.workers), "-p", "no:cacheprovider", f"--hypothesis-seed={torture.asked.seed}"]
    environ = {**os.environ, "PREVIEW_DB_TORTURE": "1"}
    elsewhere = _files_with_a_long_form_elsewhere()
    passed = _passed(_pytest([*listed, "tests/torture", *elsewhere], environ))
    searched = _passed(_pytest([*listed, "--hypothesis-profile=torture", "-m", "hypothesis", "tests"], dict(os.environ)))
    return f"""
{passed} tests of `tests/torture`, and of {len(elsewhere)} files beside it, passed in their long form: among them {2 * FUZZED} runs whose
answers were spoiled at random, every kind of body, redirect and wrong database there is, every input with every kind of nonsense, every
hostile text in every place, ten thousand look-alikes, and limits of GitHub's that say nothing of their end.

{searched} property tests passed with {EXAMPLES:,} examples each, but where an example starts a process.
"""


def _files_with_a_long_form_elsewhere() -> list[str]:
    """Test files outside ``tests/torture`` of which `make test` runs a part."""
    files = sorted(file for file in Path("tests").rglob("test_*.py") if "torture" not in file.parts)
    return [str(file) for file in files if "from tests.torture.claims import" in file.read_text("utf-8")]


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(lines)


PARTS: dict[str, tuple[str, Part]] = {
    "kills": ("Killed anywhere", of_kills),
    "inside": ("Killed or cut off inside the database", of_kills_inside),
    "weather": ("Bad weather", of_weather),
    "orders": ("Every order", of_orders),
    "races": ("Races", of_races),
    "long": ("Long runs", of_long_runs),
    "tests": ("Secrets, hostile text, lies, nonsense, look-alikes", of_tests),
}
"""Each with the heading of its section."""


def main() -> int:
    asked = _asked()
    if asked.short:  # else there are gigabytes of databases by the end
        keep_temporary_files_in_memory()
    for name in asked.parts:
        _say(f"=== {name}")
        heading, part = PARTS[name]
        began = datetime.datetime.now(datetime.UTC)
        # New ones for each part, so that none has to do with what another has left.
        with tempfile.TemporaryDirectory(prefix="preview-db-torture-") as root, emulators(asked.emulators) as running:
            ((postgres,),) = rows(running[0].addresses["postgres_url"] + "?sslmode=disable", "show server_version")
            try:
                body = part(Torture(asked, running, Path(root)))
            except AssertionError as error:
                sys.stderr.write(f"A claim does not hold ({name}):\n{error}\n")
                return 1
        section = page.measured(body, arguments=_arguments(asked, name), began=began)
        if asked.write:
            headings = [heading for heading, _ in PARTS.values()]
            page.PAGE.write_text(page.with_sections(page.PAGE.read_text("utf-8"), {heading: section}, headings, postgres=postgres), "utf-8")
        sys.stdout.write(f"## {heading}\n{section}\n")
        _say(f"=== {name}: done")
    return 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make torture", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lives", type=int, default=1000, help="in bad weather")
    parser.add_argument("--at-once", type=int, default=80, help="of them")
    parser.add_argument("--schedules", type=int, default=500, help="of races")
    parser.add_argument("--orders", type=int, default=20_000, help="of two runs' requests, at most, for each pair and server")
    parser.add_argument("--orders-of-three", type=int, default=300, help="of three runs' requests")
    parser.add_argument("--order-seconds", type=float, default=3600, help="at most, for the orders of each pair and server")
    parser.add_argument("--hour", type=int, default=1200, help="lives in fair weather")
    parser.add_argument("--databases", type=int, default=10_000, help="to sweep")
    parser.add_argument("--emulators", type=int, default=2, help="side by side")
    parser.add_argument("--workers", type=int, default=2, help="of pytest and of the orders")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, help="docs/reliability.md; the default if all parts are run")
    parser.add_argument("--short", action="store_true", help="a minute of weather and races, as CI runs it; writes nothing")
    asked = parser.parse_args()
    if asked.write is None:
        asked.write = asked.parts == list(PARTS)
    if asked.short:
        asked.parts, asked.write = ["weather", "races"], False
        asked.lives, asked.at_once, asked.schedules = 20, 10, 24
    return asked


_NUMBERS: dict[str, tuple[str, ...]] = {
    "weather": ("seed", "lives", "at_once"),
    "orders": ("orders", "orders_of_three", "order_seconds"),
    "races": ("seed", "schedules"),
    "long": ("hour", "databases"),
    "tests": ("seed",),
}


def _arguments(asked: argparse.Namespace, part: str) -> str:
    """What to say to have a part run again as it was."""
    numbers = [f"--{name.replace('_', '-')} {getattr(asked, name)}" for name in _NUMBERS.get(part, ())]
    return " ".join([f"--parts {part}", *numbers])


def _pytest(arguments: list[str], environ: dict[str, str]) -> str:
    command = [sys.executable, "-m", "pytest", *arguments]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=4 * 3600)
    if done.returncode:
        raise AssertionError(done.stdout[-20_000:] + done.stderr[-2000:])
    return done.stdout


def _passed(said: str) -> str:
    found = re.search(r"(\d+) passed", said)
    assert found is not None, f"pytest says how many tests passed: {said[-2000:]}"
    return f"{int(found[1]):,}"


def _stop_if(broken: Sequence[str]) -> None:
    if broken:
        first_lines = [what.partition("\n")[0] for what in broken]
        raise AssertionError(f"{len(broken)} times:\n" + "\n".join(first_lines) + "\n\n" + "\n\n".join(broken[:10]))


def _say(line: str) -> None:
    sys.stderr.write(f"{datetime.datetime.now(datetime.UTC):%H:%M:%S} {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
