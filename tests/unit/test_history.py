"""Which part of a range is read through which search, to the millisecond."""

from __future__ import annotations

import pytest

from tap_kustomer.api.client import ARCHIVE_SEARCH, SEARCH
from tap_kustomer.instants import DAY
from tap_kustomer.walks.archive import Part, parts

LINE = 10_000 * DAY
NOW = LINE + 730 * DAY
NEAR, FAR = LINE - 7 * DAY, LINE + 7 * DAY
NOTES = "/v1/notes"


def test_all_of_history() -> None:
    """Around the line both are asked, search first, and the bookmark waits before it."""
    assert parts(5, NOW, NOW) == [
        Part(ARCHIVE_SEARCH, 5, NEAR - 1, NOW),
        Part(SEARCH, NEAR, FAR, NEAR),
        Part(ARCHIVE_SEARCH, NEAR, FAR, NEAR),
        Part(SEARCH, FAR + 1, NOW, NOW),
    ]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (5, 6, [Part(ARCHIVE_SEARCH, 5, 6, 6)]),
        (5, NEAR - 1, [Part(ARCHIVE_SEARCH, 5, NEAR - 1, NEAR - 1)]),
        (
            NEAR - 1,
            NEAR,
            [
                Part(ARCHIVE_SEARCH, NEAR - 1, NEAR - 1, NEAR),
                Part(SEARCH, NEAR, NEAR, NEAR),
                Part(ARCHIVE_SEARCH, NEAR, NEAR, NEAR),
            ],
        ),
        (LINE, LINE, [Part(SEARCH, LINE, LINE, LINE), Part(ARCHIVE_SEARCH, LINE, LINE, LINE)]),
        (
            FAR,
            FAR + 1,
            [
                Part(SEARCH, FAR, FAR, FAR),
                Part(ARCHIVE_SEARCH, FAR, FAR, FAR),
                Part(SEARCH, FAR + 1, FAR + 1, FAR + 1),
            ],
        ),
        (FAR + 1, NOW, [Part(SEARCH, FAR + 1, NOW, NOW)]),
        (NOW, NOW, [Part(SEARCH, NOW, NOW, NOW)]),
    ],
)
def test_a_part_of_history(start: int, end: int, expected: list[Part]) -> None:
    assert parts(start, end, NOW) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (5, NOW, [Part(NOTES, 5, FAR, 5), Part(SEARCH, FAR + 1, NOW, NOW)]),
        (5, FAR, [Part(NOTES, 5, FAR, 5)]),
        (5, FAR + 1, [Part(NOTES, 5, FAR, 5), Part(SEARCH, FAR + 1, FAR + 1, FAR + 1)]),
        (5, 6, [Part(NOTES, 5, 6, 5)]),
        (FAR, NOW, [Part(NOTES, FAR, FAR, FAR), Part(SEARCH, FAR + 1, NOW, NOW)]),
        (FAR + 1, NOW, [Part(SEARCH, FAR + 1, NOW, NOW)]),
    ],
)
def test_what_no_archive_holds_comes_from_a_list(
    start: int, end: int, expected: list[Part]
) -> None:
    assert parts(start, end, NOW, listed=NOTES) == expected
