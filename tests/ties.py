"""Records that share one instant, and what several tests of them have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_kustomer.walks.page import Chunk, Span
from tests.table import Row, Table, rows

if TYPE_CHECKING:
    from collections.abc import Callable

AT = 5
WHOLE = Span(AT, AT)
TIED = "1970-01-01T00:00:00.005Z"
LATER = [Row(AT + 1, 5, f"x{n}") for n in range(3)]


def taken(table: Table, size: int) -> list[Chunk]:
    return list(table.ties(size).read(AT))


def tied(*created: int | None) -> list[Row]:
    return rows(*((AT, one) for one in created))


def names(count: int) -> list[str]:
    return [f"{n:05d}" for n in range(count)]


def rotated(table: Table, found: list[Row]) -> list[Row]:
    """Records of one instant come in an order that moves by three with each answer."""
    step = 3 * len(table.asked) % max(len(found), 1)
    return found[step:] + found[:step]


def in_order_of(*wanted: str) -> Callable[[list[Row]], list[Row]]:
    """The records of an answer in this order, whatever their timestamps."""
    return lambda found: sorted(found, key=lambda row: wanted.index(row.id))
