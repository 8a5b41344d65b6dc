"""Answers that do not end in time or in size, over real sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.hostile.harness import run
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
