"""Reads that go out side by side: begun at once, and waited for where what they find is needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

_Found = TypeVar("_Found")


class Background:
    """Reads by one client, each in a thread of its own. A run that fails or is stopped does not wait for those it needs no more.

    Args:
        close: closes the client. The last of the reads does it, if one is still under way then.
    """

    def __init__(self, close: Callable[[], None]) -> None:
        self._close = close
        self._changing = threading.Lock()
        self._under_way = 0
        self._over = False

    def begin(self, read: Callable[[], _Found]) -> Callable[[], _Found]:
        """Has ``read``, which changes nothing, run from now on.

        Returns:
            What waits for its end, and answers or raises what it did; as often as it is called.
        """
        found: Future[_Found] = Future()

        def run() -> None:
            try:
                found.set_result(read())
            except BaseException as error:  # noqa: BLE001 - whoever waits for it raises it
                found.set_exception(error)
            with self._changing:
                self._under_way -= 1
                is_last = self._over and not self._under_way
            if is_last:
                self._close()

        with self._changing:
            self._under_way += 1
        threading.Thread(target=run, name=f"{threading.current_thread().name}, beside", daemon=True).start()
        return found.result

    def close(self) -> None:
        """Nothing more is begun."""
        with self._changing:
            self._over = True
            is_last = not self._under_way
        if is_last:
            self._close()
