"""One process at a time: how long it took, its CPU time and the most memory it had; and what the emulator served meanwhile."""

from __future__ import annotations

import resource
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from preview_db_emulator.client import Emulator
from preview_db_emulator.runner.runner import Run, Step
from tests.drivers.round_trips import in_sequence


@dataclass(frozen=True)
class Cost:
    """Of one process, or of several, one after the other. Seconds, seconds and MB; a container's CPU time and memory are not seen."""

    seconds: float
    cpu: float
    memory: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.seconds + other.seconds, self.cpu + other.cpu, max(self.memory, other.memory))

    @classmethod
    def median(cls, costs: Sequence[Self]) -> Self:
        return cls(*(statistics.median(getattr(cost, name) for cost in costs) for name in ("seconds", "cpu", "memory")))


def measured(start: Callable[[], Step], *, timeout: float = 1800) -> tuple[Run, Cost]:
    """Runs a step to its end. Raises :class:`AssertionError` if it fails."""
    before, peak = _cpu(), [0.0]
    step = start()
    watching = threading.Thread(target=_watch, args=(step, peak), daemon=True)
    watching.start()
    run = step.finish(timeout=timeout)
    watching.join()
    assert run.succeeded, "\n".join(run.log)
    return run, Cost(run.seconds, _cpu() - before, peak[0])


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watch(step: Step, peak: list[float]) -> None:
    status = Path(f"/proc/{step.process.pid}/status")
    while step.process.poll() is None:
        try:
            lines = status.read_text().splitlines()
        except OSError:
            return
        peak[0] = max([peak[0], *(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))])
        time.sleep(0.01)


@dataclass(frozen=True)
class Served:
    """How many requests there were, and how many of them in sequence."""

    requests: int
    round_trips: int

    @classmethod
    def since(cls, running: Emulator) -> Self:
        """Since the record was last deleted."""
        served = running.control("GET", "requests")
        return cls(len(served), in_sequence(served))
