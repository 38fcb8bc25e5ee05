"""Reads that go out side by side: begun at once, and waited for where what they find is needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

_Found = TypeVar("_Found")


def begin(read: Callable[[], _Found]) -> Callable[[], _Found]:
    """Has ``read`` run in a thread of its own, from now on.

    For what changes nothing: a run that fails or is stopped does not wait for it.

    Returns:
        What waits for its end, and answers or raises what it did; as often as it is called.
    """
    found: Future[_Found] = Future()

    def run() -> None:
        try:
            found.set_result(read())
        except BaseException as error:  # noqa: BLE001 - whoever waits for it raises it
            found.set_exception(error)

    threading.Thread(target=run, name=f"{threading.current_thread().name}, beside", daemon=True).start()
    return found.result
