"""What goes out side by side: reads, begun at once and waited for where they are needed, and work on many things."""

from __future__ import annotations

import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from types import TracebackType
from typing import Generic, Self, TypeVar

from .deadline import Deadline

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")

AT_ONCE = 8
"""Requests to one server at a time: quick on a thousand databases, and still gentle on rate limits nobody publishes."""

_TO_END = 3.0  # seconds


def start(thread: threading.Thread) -> None:
    """Starts it. A signal that comes meanwhile takes effect right after.

    What is raised in the middle leaves the two threads at odds over who starts, and the new one ends in a traceback.
    """
    if sys.platform == "win32":  # where signals can't be put off
        thread.start()
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Background:
    """Reads by one client, each in a thread of its own. A run that fails or is stopped does not wait for those it no longer needs.

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
        start(threading.Thread(target=run, name=f"{threading.current_thread().name}, beside", daemon=True))
        return found.result

    def close(self) -> None:
        """Nothing more is begun."""
        with self._changing:
            self._over = True
            is_last = not self._under_way
        if is_last:
            self._close()


class SideBySide(Generic[_Item, _Found]):
    """``work`` done on each of ``items``, so many at a time. Iterate for the results, which come in the order of the items.

    On leaving, nothing more is begun, and what is under way gets a moment to end.

    Attributes:
        ended: how many have come to a result.
    """

    def __init__(self, work: Callable[[_Item], _Found], items: Iterable[_Item], *, at_once: int) -> None:
        self._work = work
        self._results: list[Future[_Found]] = []
        self._waiting: queue.SimpleQueue[tuple[_Item, Future[_Found]]] = queue.SimpleQueue()
        for item in items:
            self._results.append(Future())
            self._waiting.put((item, self._results[-1]))
        # Daemons, which the end of the process does not wait for: one may be in the middle of a read that takes its time.
        name = threading.current_thread().name
        count = min(at_once, len(self._results))
        self._workers = [threading.Thread(target=self._run, name=f"{name}, {n + 1} of {count}", daemon=True) for n in range(count)]
        self._stopping = threading.Event()
        self._counting = threading.Lock()
        self.ended = 0

    def __enter__(self) -> Self:
        for worker in self._workers:
            start(worker)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stopping.set()
        patience = Deadline.after(_TO_END)
        for worker in (worker for worker in self._workers if worker.ident is not None):
            worker.join(patience.left)

    def __iter__(self) -> Iterator[_Found]:
        return (result.result() for result in self._results)

    def __len__(self) -> int:
        return len(self._results)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                item, result = self._waiting.get_nowait()
            except queue.Empty:
                return
            try:
                found = self._work(item)
            except Exception as error:  # noqa: BLE001 - whoever iterates raises it
                result.set_exception(error)
                continue
            with self._counting:
                self.ended += 1
            result.set_result(found)
