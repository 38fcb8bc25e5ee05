"""How often a run waited: of the requests the emulator served, the longest row in which each came only after another was answered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def in_sequence(served: Iterable[dict[str, Any]]) -> int:
    """The round trips of ``served``, what ``GET requests`` answers. It takes a latency much longer than what a run does in between."""
    answered, round_trips = 0.0, 0
    for request in sorted(served, key=lambda request: float(request["ended"])):
        if request["time"] >= answered:
            answered, round_trips = request["ended"], round_trips + 1
    return round_trips
