from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_kustomer.api.budget import WINDOW, Budget
from tests.support import HeldClock


def spend(budget: Budget, clock: HeldClock, latency: float = 0.0) -> tuple[float, float]:
    """When a request was sent, and when its answer came."""
    with budget.slot():
        sent = clock()
        clock.seconds += latency
    return sent, clock()


def test_waits_a_minute_when_used_up() -> None:
    clock = HeldClock()
    budget = clock.budget(2)
    sent = [spend(budget, clock)[0] for _ in range(5)]
    assert sent == [0, 0, WINDOW, WINDOW, 2 * WINDOW]
    assert budget.waited == 2 * WINDOW


@given(
    st.integers(1, 7),
    st.lists(st.tuples(st.floats(0, 40), st.floats(0, 90)), max_size=60),
)
def test_never_more_than_the_limit_in_any_minute_wherever_it_is_counted(
    limit: int, requests: list[tuple[float, float]]
) -> None:
    """However late within its latency a request arrives, Kustomer never counts too many."""
    clock = HeldClock()
    budget = clock.budget(limit)
    spent = []
    for latency, pause in requests:
        spent.append(spend(budget, clock, latency))
        clock.seconds += pause
    for index in range(len(spent) - limit):
        latest_arrival, earliest_arrival = spent[index][1], spent[index + limit][0]
        assert earliest_arrival - latest_arrival >= WINDOW * (1 - 1e-9)


def test_a_pause_holds_everyone_and_the_longer_one_wins() -> None:
    clock = HeldClock()
    budget = clock.budget(10)
    budget.pause(30)
    budget.pause(5)
    assert spend(budget, clock)[0] == 30


def test_a_failed_request_gives_its_slot_back() -> None:
    clock = HeldClock()
    budget = clock.budget(1)
    with pytest.raises(ZeroDivisionError), budget.slot():
        1 / 0  # noqa: B018  (any failure)
    spend(budget, clock)
    assert clock.seconds == WINDOW


def test_threads_share_the_slots() -> None:
    """With real threads: the slot that is in flight counts, and an answer wakes the next."""
    budget = Budget(3, clock=time.monotonic)
    together, most, lock = 0, 0, threading.Lock()
    gate = threading.Barrier(3)

    def request() -> None:
        nonlocal together, most
        with budget.slot():
            with lock:
                together += 1
                most = max(most, together)
            gate.wait()
            with lock:
                together -= 1

    threads = [threading.Thread(target=request) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 3


def test_requests_in_flight_count() -> None:
    """A third request waits for an answer, and then for that answer's minute to pass."""
    seconds = 0.0
    budget = Budget(2, clock=lambda: seconds, wait=lambda condition, _: condition.wait(0.01))
    sent, answer = threading.Semaphore(0), threading.Event()

    def request() -> None:
        with budget.slot():
            sent.release()
            answer.wait(5)

    threads = [threading.Thread(target=request, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert sent.acquire(timeout=5)
    assert sent.acquire(timeout=5)
    assert not sent.acquire(timeout=0.1)
    answer.set()
    assert not sent.acquire(timeout=0.1)
    seconds = WINDOW
    assert sent.acquire(timeout=5)
    for thread in threads:
        thread.join(5)


def test_threads_held_back_together_count_once() -> None:
    """The seconds of a run that went into waiting, not those of its threads."""
    budget = Budget(10)
    budget.pause(0.2)

    def use() -> None:
        with budget.slot():
            pass

    threads = [threading.Thread(target=use) for _ in range(5)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budget.used == 5
    assert 0 < budget.waited <= time.monotonic() - began


def test_two_who_are_held_back_at_once_wait_once() -> None:
    """The clock passes 10 s while both are held back: together they have waited 10 s, not less."""
    clock = HeldClock()
    clock.seconds = 100.0
    began: list[float] = []

    def wait(condition: threading.Condition, seconds: float | None) -> None:
        del seconds
        began.append(clock.seconds)
        condition.wait(5)

    budget = Budget(1, clock=clock, wait=wait)
    budget.pause(10)
    threads = [threading.Thread(target=budget._acquire) for _ in range(2)]
    for number, thread in enumerate(threads, start=1):
        thread.start()
        while len(began) < number:
            time.sleep(0.001)
    clock.seconds = 110.0
    with budget._changed:
        budget._changed.notify(1)
    while budget.used < 1:
        time.sleep(0.001)
    clock.seconds = 115.0
    budget.limit = 2
    with budget._changed:
        budget._changed.notify_all()
    for thread in threads:
        thread.join()
    assert budget.waited == 15


def test_a_pause_of_one_second_is_a_pause() -> None:
    clock = HeldClock()
    budget = clock.budget(1)
    budget.pause(1)
    assert spend(budget, clock)[0] == 1
