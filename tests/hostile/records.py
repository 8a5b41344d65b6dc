"""What the hostile server holds: records of a search, rows of a list, and instants in ms."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

SECOND = 1_000
DAY = 86_400 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Row = dict[str, Any]


def text(instant: int) -> str:
    """Milliseconds since 1970 as Kustomer writes them."""
    moment = _EPOCH + timedelta(milliseconds=instant)
    return f"{moment.isoformat()[:19]}.{instant % SECOND:03d}Z"


def parse(moment: str) -> int:
    """The milliseconds since 1970 that a date-time names."""
    return (datetime.fromisoformat(moment) - _EPOCH) // timedelta(milliseconds=1)


def row(one: str, **attributes: Any) -> Row:
    """A JSON:API resource."""
    return {"type": "thing", "id": one, "attributes": attributes}


@dataclass
class Record:
    """A searched record; `micros` is what the index knows beyond its text."""

    id: str
    updated: int
    created: int | None = None
    micros: int = 0
    deleted: bool = False
    raw: bytes = b""

    def __post_init__(self) -> None:
        attributes: Row = {"updatedAt": text(self.updated)}
        attributes["createdAt"] = None if self.created is None else text(self.created)
        if self.deleted:
            attributes["deleted"] = True
        self.raw = self.raw or json.dumps(row(self.id, **attributes)).encode()
