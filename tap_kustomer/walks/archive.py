"""History beyond the search: which part of a range is read through which of the two searches.

Kustomer's search knows what was updated within two years, its archive search what is older
(documented). The line between them moves on while a run reads, and how a record crosses it nobody
says. So around the line both are asked, search first: a record that the search no longer had, the
archive has by then. Until both are done the bookmark stays before that part.
Notes are in no archive: what is older is read from their plain list.
See docs/BEHAVIOR.md, "Two years".
"""

from __future__ import annotations

from typing import NamedTuple

from tap_kustomer import instants
from tap_kustomer.api.client import ARCHIVE_SEARCH, SEARCH

REACH = 730 * instants.DAY
# On either side of the line: for days that are counted differently, and for runs that take long.
OVERLAP = 7 * instants.DAY


class Part(NamedTuple):
    """A range (bounds included) to read through one path; the bookmark may reach `bookmark`."""

    path: str
    start: int
    end: int
    bookmark: int


def parts(start: int, end: int, now: int, *, listed: str | None = None) -> list[Part]:
    """The parts that together cover `start` to `end`, in the order to read them.

    `listed` is the plain list of records that the archive does not know.
    """
    line = now - REACH
    near, far = max(start, line - OVERLAP), min(end, line + OVERLAP)
    if listed and start <= far:
        old = Part(listed, start, far, start)
        return [old, Part(SEARCH, far + 1, end, end)] if far < end else [old]
    everything = [
        Part(ARCHIVE_SEARCH, start, min(near - 1, end), end),
        Part(SEARCH, near, far, near),
        Part(ARCHIVE_SEARCH, near, far, near),
        Part(SEARCH, max(near, far + 1), end, end),
    ]
    return [part for part in everything if part.start <= part.end]
