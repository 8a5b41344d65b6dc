"""`--check`: is the key alive, what may it read, and about how much is waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tap_kustomer.api.errors import AccessRefusedError
from tap_kustomer.command import PLAIN_ERRORS
from tap_kustomer.plain_text import plain
from tap_kustomer.run import needs
from tap_kustomer.writer import printing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_kustomer.run import Run
    from tap_kustomer.streams.base import KustomerStream

HEAD = ("stream", "selected", "readable", "waiting", "needs")


def check(run: Run, streams: Sequence[KustomerStream], untailored: Exception | None = None) -> bool:
    """Print the key, and a table of the streams; whether every selected one can be read.

    With `untailored`, why discovery could not ask what the settings want to know, none can.

    Raises:
        KustomerError: the key itself is refused, or Kustomer does not answer.
        OutputError: there is no room to print.
    """
    _print(run.key_facts())
    rows: list[tuple[str, ...]] = [HEAD]
    problems = [f"{name}: {reason}" for name, reason in run.closed.items()]
    problems += [f"discovery: {untailored}"] if untailored else []
    good, refused = not problems, False
    for stream in streams:
        readable, waiting = "yes", ""
        try:
            waiting = stream.waiting()
        except AccessRefusedError:
            readable = "no"
            refused = refused or stream.selected
        except PLAIN_ERRORS as error:
            readable = "no"
            problems.append(f"{stream.name}: {error}")
        good = good and (readable == "yes" or not stream.selected)
        selected = "yes" if stream.selected else ""
        row = (stream.name, selected, readable, waiting, needs(stream.permissions))
        rows.append(tuple(plain(cell) for cell in row))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    _print("")
    for cells in rows:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        _print("  ".join(padded).rstrip())
    for line in ("", *problems, _verdict(good=good, refused=refused)):
        _print(line)
    return good


def _print(line: str) -> None:
    with printing():
        click.echo(plain(line))


def _verdict(*, good: bool, refused: bool) -> str:
    if good:
        return "Every selected stream can be read."
    if not refused:
        return "Some selected streams can't be read, for the reasons above."
    return (
        "Some selected streams can't be read: create a key with the permissions named above, one "
        "of those joined by 'or' (permissions can't be added to a key), or deselect the streams."
    )
