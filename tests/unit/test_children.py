from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_kustomer.walks.children import AHEAD, THREAD, in_order

if TYPE_CHECKING:
    from collections.abc import Iterator


def threads() -> int:
    return sum(thread.name == THREAD for thread in threading.enumerate())


def ended() -> bool:
    for _ in range(200):
        if not threads():
            return True
        time.sleep(0.01)
    return False


@given(st.integers(0, 40), st.integers(1, 5))
def test_parents_come_in_order_each_with_its_own(count: int, number: int) -> None:
    found = list(in_order(lambda parent: parent * 2, range(count), threads=number))
    assert found == [(parent, parent * 2) for parent in range(count)]


def test_no_more_are_in_flight_than_threads_and_no_more_wait_than_allowed() -> None:
    lock = threading.Lock()
    flying = most = taken = 0

    def fetch(_: int) -> None:
        nonlocal flying, most
        with lock:
            flying += 1
            most = max(most, flying)
        time.sleep(0.001)
        with lock:
            flying -= 1

    def parents() -> Iterator[int]:
        nonlocal taken
        for parent in range(60):
            taken += 1
            yield parent

    for parent, _ in in_order(fetch, parents(), threads=3):
        assert taken - parent <= 3 * AHEAD
    assert most == 3


def test_an_error_comes_after_everything_before_it() -> None:
    def fetch(parent: int) -> int:
        if parent == 7:
            msg = "seven"
            raise ValueError(msg)
        return parent

    walk = in_order(fetch, range(30), threads=4)
    assert [next(walk) for _ in range(7)] == [(parent, parent) for parent in range(7)]
    with pytest.raises(ValueError, match="seven"):
        next(walk)
    assert ended()


def test_threads_end_when_nobody_wants_more() -> None:
    walk = in_order(lambda parent: parent, range(100), threads=4)
    next(walk)
    walk.close()
    assert ended()


def test_its_threads_have_a_name_and_keep_nobody_from_ending() -> None:
    found = in_order(lambda one: one, iter([1, 2, 3]), threads=2)
    next(found)
    own = [thread for thread in threading.enumerate() if thread.name == THREAD]
    assert own
    assert all(thread.daemon for thread in own)
    found.close()
    assert ended()
