"""Answers that do not end in time or in size, over real sockets."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from tests.hostile.harness import Kept, run, spread
from tests.hostile.records import row
from tests.hostile.server import Server
from tests.hostile.sockets import TIMEOUT, WAYS, Handler, listening, peak, prepared, within_bounds

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("way", WAYS)
def test_a_large_page(way: Callable[[Handler, bytes], None]) -> None:
    """Every page of 500 comes so; smaller ones come as they should."""
    before = peak()
    handler = prepared(way, lambda path: "pageSize=500" in path)
    with listening(handler) as url:
        outcome = run(handler.truth, url=url, request_timeout=TIMEOUT)
    assert outcome.error is None
    assert len(outcome.ids()) == 800
    assert any(ask.is_search and ask.size < 500 for ask in handler.truth.asked)
    within_bounds(handler, before)


@pytest.mark.parametrize("way", WAYS)
def test_one_answer_of_a_list(way: Callable[[Handler, bytes], None]) -> None:
    before, first = peak(), [True]

    def only_once(path: str) -> bool:
        return path.startswith("/v1/tags") and first.pop() if first else False

    handler = prepared(way, only_once)
    with listening(handler) as url:
        outcome = run(handler.truth, "tags", url=url, request_timeout=TIMEOUT)
    assert outcome.error is None
    assert outcome.ids("tags") == {"1", "2"}
    assert sum(ask.path == "/v1/tags" for ask in handler.truth.asked) >= 2
    within_bounds(handler, before)


def test_large_children_wait_as_they_were_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice as many conversations wait as there are threads: decoded, they would take 60 MB."""
    changes = {f"k{n}": {"before": "x", "after": "y"} for n in range(1_000)}
    conversations = spread(12, step=60_000)
    server = Server(conversations, context="conversation", patience=100)
    for one in conversations:
        rows = [row(f"{one.id}-{n}", changes=changes) for n in range(20)]
        server.lists[f"/v1/conversations/{one.id}/events"] = rows
    written: list[str] = []
    monkeypatch.setattr(Kept, "write_message", lambda _, message: written.append(message.type))
    tracemalloc.start()
    try:
        outcome = run(server, "conversation_events", concurrency=4)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert outcome.error is None
    assert written.count("RECORD") == 240
    assert most < 20_000_000
