"""Plain-text tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

Cell = str | int
WIDEST = 60


def table(names: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Columns under their names, two spaces apart; numbers are right-aligned, with separators."""
    numeric = [
        bool(rows) and all(isinstance(row[i], int) for row in rows) for i in range(len(names))
    ]
    lines = [names, *([_shown(cell) for cell in row] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(names))]
    return "\n".join(
        "  "
        + "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    )


def _shown(cell: Cell) -> str:
    if isinstance(cell, int):
        return f"{cell:,}"
    return cell if len(cell) <= WIDEST else f"{cell[: WIDEST - 1]}…"
