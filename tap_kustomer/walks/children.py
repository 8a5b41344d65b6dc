"""Reads children that the API offers only per parent, with one or a few requests each.

Several threads fetch ahead by a bounded number of parents; results are returned in the order of the
parents. The client's budget limits the request rate.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

THREAD = "kustomer-children"
# Parents per thread that may be in flight or buffered.
AHEAD = 2

P = TypeVar("P")
T = TypeVar("T")


def in_order(
    fetch: Callable[[P], T], parents: Iterable[P], *, threads: int
) -> Generator[tuple[P, T]]:
    """Each parent with the result of `fetch`, in order; errors are raised in order too."""
    tasks: SimpleQueue[tuple[P, Future[T]] | None] = SimpleQueue()
    pending: deque[tuple[P, Future[T]]] = deque()
    for _ in range(threads):
        # Daemon threads: one may still wait for the server when its result is no longer needed.
        threading.Thread(target=_work, args=(fetch, tasks), name=THREAD, daemon=True).start()
    try:
        for parent in parents:
            pending.append((parent, Future()))
            tasks.put(pending[-1])
            if len(pending) >= threads * AHEAD:
                yield _pop_result(pending)
        while pending:
            yield _pop_result(pending)
    finally:
        for _, future in pending:
            future.cancel()
        for _ in range(threads):
            tasks.put(None)


def _work(fetch: Callable[[P], T], tasks: SimpleQueue[tuple[P, Future[T]] | None]) -> None:
    while task := tasks.get():
        parent, future = task
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(fetch(parent))
            except Exception as error:  # noqa: BLE001  (raised by `Future.result`, in order)
                future.set_exception(error)


def _pop_result(pending: deque[tuple[P, Future[T]]]) -> tuple[P, T]:
    parent, future = pending.popleft()
    return parent, future.result()
