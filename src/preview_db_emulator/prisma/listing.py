"""Lists that lag: which new databases lists don't show yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .models import Database, Settings


@dataclass(slots=True)
class _Unlisted:
    """Until a time in Unix seconds, and in so many answers more."""

    until: float
    answers: int


class Lag:
    """Remembers the databases that were created while the settings had lists lag."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._unlisted: dict[str, _Unlisted] = {}

    def begin(self, database: Database) -> None:
        if self._settings.list_lag_s or self._settings.list_lag_requests:
            self._unlisted[database.id] = _Unlisted(self._clock() + self._settings.list_lag_s, self._settings.list_lag_requests)

    def is_over(self, database: Database) -> bool:
        """Whether a list that ``database`` belongs in shows it already. Each call counts as an answer of a list that lags."""
        unlisted = self._unlisted.get(database.id)
        if unlisted is None:
            return True
        if unlisted.answers > 0:
            unlisted.answers -= 1
            return False
        if self._clock() < unlisted.until:
            return False
        del self._unlisted[database.id]
        return True

    def forget(self, database: Database) -> None:
        self._unlisted.pop(database.id, None)
