"""Page sizes and failures of one query, request by request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_kustomer.api.retry import TRIES
from tap_kustomer.errors import OverloadedError, RequestRefusedError, TransientError
from tap_kustomer.walks.ask import EMPTY, FEW_TRIES, GROW_AFTER
from tap_kustomer.walks.page import Span
from tests.table import Row, Table, rows, spread

if TYPE_CHECKING:
    from collections.abc import Callable

SPAN = Span(1, 900)


def failing(table: Table, times: int) -> Callable[[Span], bool]:
    """The first requests fail."""
    return lambda _: len(table.asked) <= times


def test_a_page_is_asked_for_once() -> None:
    table = Table(spread(3))
    page = table.asker(70).page(SPAN)
    assert [hit.instant for hit in page.hits] == [1, 2, 3]
    assert table.asked == [(SPAN, 1, 70)]
    table.asker(70).page(SPAN, 2)
    table.asker(70, 9).page(SPAN)
    table.asker(70).page(SPAN, 3, 4)
    assert table.asked[1:] == [(SPAN, 2, 70), (SPAN, 1, 9), (SPAN, 3, 4)]


def test_any_other_failure_is_asked_again_as_it_was() -> None:
    table = Table(spread(3))
    table.broken = failing(table, TRIES - 1)
    asker = table.asker(70)
    assert asker.page(SPAN).complete
    assert table.asked == [(SPAN, 1, 70)] * TRIES
    assert len(table.waits) == TRIES - 1
    assert asker.size == 70


def test_a_failure_that_lasts_is_raised() -> None:
    table = Table(spread(3), broken=lambda _: True)
    with pytest.raises(TransientError, match="status 500"):
        table.asker(70).page(SPAN)
    assert len(table.asked) == TRIES


def test_what_is_too_much_is_asked_in_halves() -> None:
    table = Table(spread(100), strength=10)
    asker = table.asker(70)
    assert len(asker.page(SPAN).hits) == 8
    assert table.sizes == [70, 35, 17, 8]
    assert asker.size == 8


def test_a_page_is_never_smaller_than_one_record() -> None:
    table = Table(spread(100), strength=0)
    asker = table.asker(3)
    with pytest.raises(OverloadedError):
        asker.page(SPAN)
    assert table.sizes == [3] + [1] * (TRIES - 1)


def test_a_page_of_a_fixed_size_is_asked_again_as_it_was_and_not_for_long() -> None:
    """Where it ends, the next one begins."""
    table = Table(spread(100), strength=10)
    asker = table.asker(70)
    with pytest.raises(OverloadedError):
        asker.page(SPAN, 2, 30)
    assert table.asked == [(SPAN, 2, 30)] * FEW_TRIES
    assert asker.size == 70


def test_after_some_good_answers_a_larger_page_is_tried_again() -> None:
    table = Table(spread(400), strength=10)
    asker = table.asker(70)
    asker.page(SPAN)
    table.strength = 500
    for _ in range(10):
        asker.page(SPAN)
    assert table.sizes == [70, 35, 17, 8, 8, 16, 16, 32, 32, 64, 64, 70, 70, 70]
    assert asker.size == 70


def test_a_larger_page_that_fails_at_once_is_tried_less_often() -> None:
    table = Table(spread(400), strength=10)
    asker = table.asker(16)
    for _ in range(2 + 4 + 8 + 8 + 1):
        asker.page(SPAN)
    assert table.sizes == [16, *[8] * 2, 16, *[8] * 4, 16, *[8] * 8, 16, *[8] * 8, 16, 8]


def test_a_larger_page_that_failed_later_is_tried_again_soon() -> None:
    table = Table(spread(400))
    asker = table.asker(16)
    asker.page(SPAN)
    for _ in range(3):
        table.strength = 10
        asker.page(SPAN)
        table.strength = 500
        for _ in range(3):
            asker.page(SPAN)
    assert table.sizes == [16] + [16, 8, 8, 16, 16] * 3


def test_good_answers_count_anew_after_each_overload() -> None:
    table = Table(spread(400), strength=10)
    asker = table.asker(16)
    asker.page(SPAN)
    table.strength = 5
    asker.page(SPAN)
    assert table.sizes == [16, 8, 8, 4]
    asker.page(SPAN)
    asker.page(SPAN)
    assert table.sizes[4:] == [4, 8, 4]


def test_pages_of_another_size_do_not_count_as_good() -> None:
    table = Table(spread(400))
    asker = table.asker(70, 8)
    for _ in range(2 * GROW_AFTER):
        asker.page(SPAN, 1, 5)
    assert asker.size == 8


def test_a_page_that_can_not_be_read_is_none_though_the_search_works() -> None:
    table = Table(spread(3), broken=lambda span: span == SPAN)
    asker = table.asker(70)
    assert asker.page_or_none(SPAN) is None
    assert table.spans == [SPAN] * TRIES + [EMPTY]


def test_parts_of_what_could_not_be_read_get_few_tries_until_it_is_passed() -> None:
    table = Table(spread(3), broken=lambda span: span == SPAN)
    asker = table.asker(70)
    asker.page_or_none(SPAN)
    table.asked.clear()
    assert asker.page_or_none(SPAN) is None
    assert table.spans == [SPAN] * FEW_TRIES + [EMPTY]
    asker.recovered()
    table.asked.clear()
    assert asker.page_or_none(SPAN) is None
    assert table.spans == [SPAN] * TRIES + [EMPTY]


def test_a_search_that_fails_as_a_whole_is_an_error() -> None:
    table = Table(spread(3), broken=lambda _: True)
    with pytest.raises(TransientError):
        table.asker(70).page_or_none(SPAN)
    assert table.spans == [SPAN] * TRIES + [EMPTY] * FEW_TRIES


def test_a_refusal_is_no_page_that_can_not_be_read() -> None:
    def refuse(_: Span) -> bool:
        raise RequestRefusedError(404, "/v1/customers/search")

    table = Table(spread(3), broken=refuse)
    with pytest.raises(RequestRefusedError):
        table.asker(70).page_or_none(SPAN)
    assert len(table.asked) == 1


def test_from_a_small_size_it_grows_after_as_many_answers() -> None:
    table = Table(spread(400))
    asker = table.asker(70, 8)
    for _ in range(GROW_AFTER + 1):
        asker.page(SPAN)
    assert table.sizes == [8] * GROW_AFTER + [16]


def test_a_later_page_that_fails_is_asked_for_as_often_as_any_other() -> None:
    table = Table(spread(30))
    table.broken = lambda _: len(table.asked) <= TRIES - 1
    assert table.asker(10).page(SPAN, 2, 10).hits
    assert len(table.asked) == TRIES


def test_all_who_ask_the_same_query_know_that_order_proves_nothing() -> None:
    table = Table(spread(30), order_in_page=lambda found: found[::-1])
    table.asker(10).page(SPAN)
    assert table.asker(10).is_disordered
    assert not Table([]).asker(10).is_disordered


def test_records_that_do_not_say_when_they_were_updated_do_not_accuse_the_order() -> None:
    table = Table(rows((5, 1), (6, 1), undated=True))
    asker = table.asker(10)
    assert asker.page(SPAN).ordered is None
    assert not asker.is_disordered


def test_an_answer_that_can_not_be_true_is_asked_again_and_names_the_path(
    caplog: pytest.LogCaptureFixture,
) -> None:
    table = Table(spread(3), order=lambda _: [Row(5_000, 5, "x")])
    asker = table.asker(70)
    with pytest.raises(TransientError, match=r"at /v1/customers/search \(records outside"):
        asker.page(SPAN)
    assert table.sizes == [70] * TRIES
    assert caplog.messages[0].startswith("/v1/customers/search: records outside")
