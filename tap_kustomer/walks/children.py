"""One request (or a few) per parent, for what the API offers no other way.

Parents are asked about by several threads, and handed over in the order they came in, each with
what was found; the threads stay ahead by a few parents only. How many are in flight at once, and
how often they may ask, the client's budget decides.
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
# Parents asked about or waiting to be handed over, for each thread.
AHEAD = 2

P = TypeVar("P")
T = TypeVar("T")


def in_order(
    fetch: Callable[[P], T], parents: Iterable[P], *, threads: int
) -> Generator[tuple[P, T]]:
    """Each parent with what `fetch` returns for it; an error is raised when its turn has come."""
    tasks: SimpleQueue[tuple[P, Future[T]] | None] = SimpleQueue()
    waiting: deque[tuple[P, Future[T]]] = deque()
    for _ in range(threads):
        # A daemon, since a thread may be waiting for a server long after nobody needs it.
        threading.Thread(target=_work, args=(fetch, tasks), name=THREAD, daemon=True).start()
    try:
        for parent in parents:
            waiting.append((parent, Future()))
            tasks.put(waiting[-1])
            if len(waiting) >= threads * AHEAD:
                yield _first(waiting)
        while waiting:
            yield _first(waiting)
    finally:
        for _, future in waiting:
            future.cancel()
        for _ in range(threads):
            tasks.put(None)


def _work(fetch: Callable[[P], T], tasks: SimpleQueue[tuple[P, Future[T]] | None]) -> None:
    while task := tasks.get():
        parent, future = task
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(fetch(parent))
            except Exception as error:  # noqa: BLE001  (raised again when its turn has come)
                future.set_exception(error)


def _first(waiting: deque[tuple[P, Future[T]]]) -> tuple[P, T]:
    parent, future = waiting.popleft()
    return parent, future.result()
