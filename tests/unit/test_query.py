"""What a search is asked, word for word."""

from __future__ import annotations

import pytest

from tap_kustomer.api.client import ARCHIVE_SEARCH, SEARCH
from tap_kustomer.walks.page import Span
from tap_kustomer.walks.query import Query


@pytest.mark.parametrize("include_deleted", [False, True])
@pytest.mark.parametrize(
    ("context", "path", "prefix"),
    [
        ("conversation", SEARCH, "conversation"),
        ("kobject_order", SEARCH, "kobject"),
        ("kobject_order", ARCHIVE_SEARCH, "kobject_order"),
        ("kobject", ARCHIVE_SEARCH, "kobject"),
        ("kobjects", SEARCH, "kobjects"),
    ],
)
def test_the_body_of_a_search(
    context: str, path: str, prefix: str, *, include_deleted: bool
) -> None:
    """One millisecond more than the span is asked for."""
    updated = [
        {f"{prefix}_updated_at": {"gte": "1970-01-01T00:00:01.000Z"}},
        {f"{prefix}_updated_at": {"lte": "1970-01-01T00:00:02.001Z"}},
    ]
    created = [
        {f"{prefix}_created_at": {"gte": "1970-01-01T00:00:00.000Z"}},
        {f"{prefix}_created_at": {"lte": "1970-01-01T00:00:03.000Z"}},
    ]
    query = Query(context, path, include_deleted)
    for span, criteria in (
        (Span(1_000, 2_000), updated),
        (Span(1_000, 2_000, 0, 3_000), updated + created),
        (Span(1_000, 2_000, 0), updated + created[:1]),
        (Span(1_000, 2_000, None, 3_000), updated + created[1:]),
    ):
        assert query.body(span) == {
            "queryContext": context,
            "and": criteria,
            "sort": [{f"{prefix}_updated_at": "asc"}],
            "includeDeleted": include_deleted,
        }
