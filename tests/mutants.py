"""`make mutants`: changes what decides and what reports in every small way, one at a time, and lists the changes that no unit test notices.

Those that are known stand in ``tests/mutants.txt``, each under the reason why it may stay; any other fails the run. They count as what they
are, changes that nothing notices.

Only what stands in functions is changed. Lists of modules (what inputs take, reserved variables, headlines) are held by tests that repeat
them word for word: ``tests/planning/test_settings_lists.py`` and those called ``test_golden_*``.
"""

from __future__ import annotations

import collections
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
MUTMUT = Path(sys.executable).with_name("mutmut")
KNOWN = Path(__file__).with_name("mutants.txt")
ENOUGH = 0.9
"""The share of the changes that has to be noticed."""

NOTICED = ("killed", "timeout", "segfault")

EVERYTHING = ("preview_db.*",)
"""Said in so many words: mutmut then runs the tests by their ids once before it changes anything, and stops if pytest can't find one by
its id. It would take that for a change that was noticed."""

_MUTANT = re.compile(r"(?P<module>.+)\.x(?:_|ǁ(?P<of>.+)ǁ)(?P<function>.+)__mutmut_\d+")
_ENTRY = re.compile(r"^# (?P<why>.+)|^(?P<function>preview_db\..+)\n(?P<lines>(?:^[-+].*\n?)+)", re.MULTILINE)


class Change(NamedTuple):
    """A change of a function. mutmut numbers them, and the numbers move with the code; this stays what it is until that line is edited.

    Attributes:
        lines: those that are taken out, with ``-`` before them, and those that come in, with ``+``.
    """

    function: str
    lines: tuple[str, ...]

    @classmethod
    def of(cls, function: str, lines: Iterable[str]) -> Change:
        return cls(function, tuple(f"{line[0]} {line[1:].strip()}" for line in lines))

    def __str__(self) -> str:
        return "\n".join((self.function, *self.lines, ""))


def known() -> dict[Change, str]:
    """The changes in ``tests/mutants.txt``, each with why it may stay: the line with ``#`` that it stands under."""
    found, why = {}, ""
    for entry in _ENTRY.finditer(KNOWN.read_text("utf-8")):
        why = entry["why"] or why
        if entry["function"]:
            found[Change.of(entry["function"], entry["lines"].splitlines())] = why
    return found


def function_of(mutant: str) -> str:
    """``preview_db.planning.stale.Sweep.of`` for the name that mutmut gives a change of it."""
    parts = _MUTANT.fullmatch(mutant)
    assert parts is not None, mutant
    return ".".join(filter(None, (parts["module"], parts["of"], parts["function"])))


def change(mutant: str) -> Change:
    shown = subprocess.run([MUTMUT, "show", mutant], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return Change.of(function_of(mutant), (line for line in shown.splitlines() if re.match(r"[-+](?!--|\+\+)", line)))


def say(title: str, changes: Iterable[Change]) -> None:
    if told := "\n".join(map(str, changes)):
        sys.stdout.write(f"\n{title}\n\n{told}")


def main() -> int:
    shutil.rmtree(ROOT / "mutants", ignore_errors=True)
    subprocess.run([MUTMUT, "run", *(sys.argv[1:] or EVERYTHING)], cwd=ROOT, check=True)
    results = subprocess.run([MUTMUT, "results", "--all", "true"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    tried = {name: status in NOTICED for name, status in re.findall(r"^\s*(\S+): (.+)$", results, re.MULTILINE) if status != "not checked"}
    modules: dict[str, collections.Counter[bool]] = collections.defaultdict(collections.Counter)
    for name, noticed in tried.items():
        modules[re.sub(r"\.x[_ǁ].*", "", name)][noticed] += 1
    survivors = [change(name) for name, noticed in tried.items() if not noticed]
    may_stay, functions = known(), {function_of(name) for name in tried}
    strangers = [survivor for survivor in survivors if survivor not in may_stay]
    for why in dict.fromkeys(may_stay.values()):
        say(f"Not noticed, and listed in {KNOWN.name}: {why}", (survivor for survivor in survivors if may_stay.get(survivor) == why))
    gone = [listed for listed in may_stay if listed.function in functions and listed not in survivors]
    say(f"Listed in {KNOWN.name}, and noticed or gone by now:", gone)
    say(f"Not noticed, and not listed in {KNOWN.name}:", strangers)
    sys.stdout.write("\n")
    for module, counted in sorted(modules.items()):
        sys.stdout.write(f"{module}: {counted[True]} of {counted.total()} noticed\n")
    share = 1 - len(survivors) / len(tried) if tried else 0.0
    sys.stdout.write(
        f"{len(tried) - len(survivors):,} of {len(tried):,} changes noticed: {share:.1%}, of which {ENOUGH:.0%} are asked for. "
        f"Of the others, {len(survivors) - len(strangers)} are listed in {KNOWN.name} with why, and {len(strangers)} are not.\n"
    )
    return 0 if share >= ENOUGH and not strangers else 1


if __name__ == "__main__":
    sys.exit(main())
