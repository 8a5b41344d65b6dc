"""Whatever happens before, between and during runs, nothing is lost: histories of all kinds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.world import BASE, LOOKBACK, Change, RunPlan, World, id_of

# Instants close together, so that many records share one.
AGES = st.integers(0, 6).map(lambda n: n * 1_000) | st.integers(0, 3_600_000)
CREATED = st.integers(0, 2).map(lambda n: n * 500) | st.integers(0, 10_000)
RECORDS = st.lists(st.tuples(AGES, CREATED), max_size=40)
BURSTS = st.lists(st.tuples(st.integers(2, 25), AGES), max_size=2)
CHANGES = st.lists(
    st.builds(
        Change,
        record=st.integers(0, 45),
        delay=st.just(0) | st.integers(0, LOOKBACK - 10_000),
        delete=st.booleans(),
    ),
    max_size=12,
).map(tuple)
# Never so many in a row that a run gives up, nor so many alike that a short page is believed.
VISIBLE = ["", "429", "500", "503", "reset", "truncated", "html", "error_bodies"]
DISORDER, LOSSES = ["disorder", "outside"], ["timed_out", "short"]
FEW = st.just(()) | st.lists(st.integers(0, 45), max_size=3, unique=True).map(tuple)


def faults(visible: list[str], others: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    """Faults of one run, as many that are seen at once as others."""
    return st.lists(st.sampled_from(visible) | st.sampled_from(others), max_size=8).map(tuple)


PLANS = st.builds(
    RunPlan,
    changes=CHANGES,
    moving=st.integers(0, 3),
    faults=faults(VISIBLE, LOSSES + DISORDER),
    kill_after=st.none() | st.integers(0, 60),
    latency=st.sampled_from([0, 10, 900, 20_000]),
    # Like Kustomer's 10,000, it is never within the first page.
    total_cap=st.none() | st.integers(17, 50),
    max_served=st.none() | st.integers(1, 8),
    clamp=st.none() | st.integers(1, 8),
    doubled=FEW,
    poison=FEW,
)
# What such an answer has lost, nothing tells.
BARE = st.builds(
    RunPlan,
    changes=CHANGES,
    moving=st.integers(0, 3),
    faults=faults(VISIBLE, DISORDER),
    kill_after=st.none() | st.integers(0, 60),
    latency=st.sampled_from([0, 900]),
    clamp=st.none() | st.integers(1, 8),
    bare_search=st.sampled_from([True]),
    doubled=FEW,
    poison=FEW,
)
RUNS = st.lists(PLANS | PLANS | BARE, min_size=1, max_size=5)


@settings(max_examples=settings().max_examples // 2)
@given(RECORDS, BURSTS, RUNS, FEW, st.integers(1, 8), st.sampled_from([1, 1, 4]))
def test_nothing_is_lost(
    records: list[tuple[int, int]],
    bursts: list[tuple[int, int]],
    runs: list[RunPlan],
    hidden: tuple[int, ...],
    page_size: int,
    concurrency: int,
) -> None:
    world = World(page_size, concurrency, hidden=set(map(id_of, hidden)))
    number = 0
    for age, created in records:
        world.put(number, BASE - age, BASE - age - created)
        number += 1
    for size, age in bursts:
        for _ in range(size):
            world.put(number, BASE - age, BASE - age)
            number += 1
    for plan in runs:
        world.run(plan)
    world.settle()


# So many records made at once, and how late the search sees them.
LATE = st.tuples(st.integers(0, 3), st.integers(0, 50_000))
# Of a context that the search may refuse, or refuse to sort, from some request on.
SESSIONS = st.builds(
    RunPlan,
    changes=CHANGES,
    faults=faults(VISIBLE, LOSSES + DISORDER),
    kill_after=st.none() | st.integers(0, 60),
    latency=st.sampled_from([0, 10, 900]),
    total_cap=st.none() | st.integers(17, 50),
    clamp=st.none() | st.integers(1, 8),
    doubled=FEW,
    poison=FEW,
    refuses_sort=st.booleans(),
    refused_after=st.none() | st.integers(0, 40),
)


@settings(max_examples=settings().max_examples // 4)
@given(RECORDS, BURSTS, st.lists(SESSIONS, min_size=1, max_size=4), st.integers(1, 8))
def test_nothing_is_lost_whichever_way_sessions_are_read(
    records: list[tuple[int, int]],
    bursts: list[tuple[int, int]],
    runs: list[RunPlan],
    page_size: int,
) -> None:
    world = World(page_size, kind="work_session", stream="work_sessions")
    ages = [*records, *((age, 0) for size, age in bursts for _ in range(size))]
    for number, (age, created) in enumerate(ages):
        world.put(number, BASE - age, BASE - age - created)
    for plan in runs:
        world.run(plan)
    world.settle()


@settings(max_examples=settings().max_examples // 4)
@given(
    st.lists(AGES, max_size=40),
    st.lists(st.lists(LATE, max_size=6), max_size=4),
    st.integers(1, 8),
    st.booleans(),
)
def test_nothing_is_lost_by_time_of_creation(
    ages: list[int],
    later: list[list[tuple[int, int]]],
    page_size: int,
    refuses_sort: bool,  # noqa: FBT001  (hypothesis fills it)
) -> None:
    """Handle times never change; new ones are indexed late."""
    world = World(page_size, kind="conversation_time", stream="conversation_times")
    for number, age in enumerate(ages):
        world.put(number, BASE - age, BASE - age)
    number = len(ages)
    for made in later:
        changes = []
        for count, delay in made:
            for _ in range(count):
                changes.append(Change(number, delay))
                number += 1
        world.run(RunPlan(tuple(changes), refuses_sort=refuses_sort))
    world.settle()


@settings(max_examples=settings().max_examples // 4)  # three runs each
@given(RECORDS, BURSTS, st.integers(1, 8))
def test_the_output_does_not_depend_on_concurrency(
    records: list[tuple[int, int]], bursts: list[tuple[int, int]], page_size: int
) -> None:
    outputs = []
    for concurrency in (1, 4, 16):
        world = World(page_size, concurrency)
        ages = [*records, *((age, 0) for size, age in bursts for _ in range(size))]
        for number, (age, created) in enumerate(ages):
            world.put(number, BASE - age, BASE - age - created)
        world.now += 2_000
        messages = world.run(RunPlan())
        assert messages is not None
        outputs.append([row["id"] for row in messages.records("conversations")])
        assert len(outputs[-1]) == len(set(outputs[-1])) == len(ages)
    assert outputs[0] == outputs[1] == outputs[2]
