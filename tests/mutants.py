"""`make mutants`: changes what decides and what reports in every small way, one at a time, and lists the changes that no unit test notices.

Only what stands in functions is changed. Lists of modules (what inputs take, reserved variables, headlines) are held by tests that repeat
them word for word: ``tests/planning/test_settings_lists.py`` and those called ``test_golden_*``.
"""

from __future__ import annotations

import collections
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
MUTMUT = Path(sys.executable).with_name("mutmut")
ENOUGH = 0.9
"""The share of the changes that has to be noticed."""

NOTICED = ("killed", "timeout", "segfault")


def main() -> int:
    shutil.rmtree(ROOT / "mutants", ignore_errors=True)
    subprocess.run([MUTMUT, "run", *sys.argv[1:]], cwd=ROOT, check=True)
    said = subprocess.run([MUTMUT, "results", "--all", "true"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = [(name, status) for name, status in re.findall(r"^\s*(\S+): (.+)$", said, re.MULTILINE) if status != "not checked"]
    modules: dict[str, collections.Counter[bool]] = collections.defaultdict(collections.Counter)
    for name, status in found:
        modules[re.sub(r"\.x[_ǁ].*", "", name)][status in NOTICED] += 1
    survivors = [(name, status) for name, status in found if status not in NOTICED]
    for name, status in survivors:
        shown = subprocess.run([MUTMUT, "show", name], cwd=ROOT, check=False, capture_output=True, text=True).stdout
        changed = [f"    {line}\n" for line in shown.splitlines() if re.match(r"[-+](?![-+])", line)]
        sys.stdout.write(f"{name}: {status}\n{''.join(changed)}")
    for module, counted in sorted(modules.items()):
        sys.stdout.write(f"{module}: {counted[True]} of {counted.total()} noticed\n")
    share = 1 - len(survivors) / len(found) if found else 0.0
    noticed = len(found) - len(survivors)
    sys.stdout.write(f"{noticed:,} of {len(found):,} changes noticed: {share:.1%}, of which {ENOUGH:.0%} are asked for\n")
    return 0 if share >= ENOUGH else 1


if __name__ == "__main__":
    sys.exit(main())
