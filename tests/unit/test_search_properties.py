"""The search walk against servers of all kinds: what comes, comes once, whatever they do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from tests.table import Row, Table, read, rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    Place = tuple[int, int | None]


LINKS: list[Callable[[bool], Any]] = [
    lambda more: {"next": "/next" if more else None},
    lambda more: {"next": "/next"} if more else {},
    lambda more: {"next": "/next" if more else ""},
    lambda _: {"next": "/next"},
    lambda _: {},
    lambda _: None,
]


CREATED = st.none() | st.integers(0, 4)


ROWS = st.lists(st.tuples(st.integers(0, 6) | st.integers(0, 1_000), CREATED), max_size=25)


def shuffle(random: Random) -> Callable[[list[Row]], list[Row]]:
    """Records of one instant come in another order each time."""
    return lambda found: sorted(found, key=lambda row: (row.updated, random.random()))


@given(
    ROWS,
    st.integers(1, 6),
    st.sampled_from(LINKS),
    st.booleans(),
    st.sampled_from([500, 3]),
    st.booleans(),
    st.randoms(use_true_random=False) | st.none(),
    st.booleans(),
)
def test_every_record_comes_once_and_in_order(  # noqa: PLR0913, PLR0917  (what a server may do)
    found: list[tuple[int, int | None]],
    size: int,
    links: Callable[[bool], Any],
    counts: bool,  # noqa: FBT001  (given by hypothesis)
    served: int,
    tells_size: bool,  # noqa: FBT001  (as above)
    random: Random | None,
    is_disordered: bool,  # noqa: FBT001  (as above)
) -> None:
    """Whatever shares which instants, and whatever the server does with links and order."""
    table = Table(rows(*found), served=served, tells_size=tells_size, links=links)
    table.total = (lambda count: count) if counts else (lambda _: None)
    if random:
        table.order = shuffle(random)
        if is_disordered:
            table.order_in_page = lambda page: random.sample(page, len(page))
    hits, hidden, unread = read(table.walk(0, 1_000, size))
    assert Counter(hit.id for hit in hits) == Counter(row.id for row in table.rows)
    moments = [hit.instant for hit in hits]
    assert moments == sorted(moments)
    assert (hidden, unread) == (0, [])


@given(ROWS, st.sets(st.integers(0, 24)), st.integers(1, 6), st.booleans())
def test_hidden_records_hide_no_other_and_are_counted(
    found: list[tuple[int, int | None]],
    numbers: set[int],
    size: int,
    holds_places: bool,  # noqa: FBT001  (given by hypothesis)
) -> None:
    """At instants 2 ms apart: of neighbours nobody can tell which of the two is short."""
    table = Table(
        [
            Row(at * 2, created, f"{n:05d}", hidden=n in numbers)
            for n, (at, created) in enumerate(found)
        ],
        holds_places=holds_places,
    )
    hits, hidden, unread = read(table.walk(0, 2_000, size))
    assert Counter(hit.id for hit in hits) == Counter(row.id for row in table.visible)
    moments = [hit.instant for hit in hits]
    assert moments == sorted(moments)
    missing = sum(row.hidden for row in table.rows)
    # Those without a place in a page that is full are not noticed.
    assert hidden == missing if holds_places else hidden <= missing
    assert unread == []


@given(ROWS, st.sets(st.integers(0, 24)), st.integers(1, 6))
def test_records_without_updated_at_come_at_least_once(
    found: list[tuple[int, int | None]], numbers: set[int], size: int
) -> None:
    table = Table(
        [
            Row(at, created, f"{n:05d}", undated=n in numbers)
            for n, (at, created) in enumerate(found)
        ]
    )
    hits, hidden, unread = read(table.walk(0, 1_000, size))
    came = Counter(hit.id for hit in hits)
    assert came.keys() == {row.id for row in table.rows}
    assert all(came[row.id] == 1 for row in table.rows if not row.undated)
    assert (hidden, unread) == (0, [])


@given(ROWS, st.sets(st.integers(0, 24), max_size=3), st.integers(1, 6))
def test_poison_hides_no_record_of_another_instant(
    found: list[tuple[int, int | None]], numbers: set[int], size: int
) -> None:
    table = Table(
        [
            Row(at * 2 + 10, created, f"{n:05d}", poison=n in numbers)
            for n, (at, created) in enumerate(found)
        ],
        patience=20_000,
    )
    hits, _, unread = read(table.walk(10, 2_010, size))
    came = Counter(hit.id for hit in hits)
    assert max(came.values(), default=1) == 1
    poisoned = {row.updated for row in table.rows if row.poison}
    assert came.keys() >= {row.id for row in table.rows if row.updated not in poisoned}
    assert not came.keys() & {row.id for row in table.rows if row.poison}
    assert poisoned <= set(unread) <= poisoned | {at - 1 for at in poisoned}
