"""What only a live key can tell: `make live` asks it of your own org, with reads only.

Each test holds what the tap relies on, and prints what it found. See docs/BEHAVIOR.md.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest

from tap_kustomer import settings, timestamps
from tap_kustomer.api.client import ARCHIVE_SEARCH, SEARCH, Client
from tap_kustomer.api.document import fetch, parse
from tap_kustomer.errors import AccessRefusedError, RequestRefusedError
from tap_kustomer.jsonapi import attribute, id_of, timestamp_of
from tap_kustomer.streams import STREAMS
from tap_kustomer.streams.base import ListStream
from tap_kustomer.streams.deleted import ListWithDeleted
from tap_kustomer.walks import search_schema
from tap_kustomer.walks.listing import read_list
from tap_kustomer.walks.metadata import klass_names
from tap_kustomer.walks.page import Span
from tap_kustomer.walks.probe import probe
from tap_kustomer.walks.query import CREATED, UPDATED, UPDATED_ONLY, Query

NAMES = ("TAP_KUSTOMER_API_KEY", "TAP_KUSTOMER_BASE_URL")
pytestmark = pytest.mark.skipif(
    not all(os.environ.get(name) for name in NAMES), reason=f"set {' and '.join(NAMES)}"
)
CONTEXTS = ("conversation", "customer", "message", "note", "kobject")
UNPROMISED = {
    "company": UPDATED,
    "conversation_time": CREATED,
    "work_item": UPDATED_ONLY,
    "work_session": UPDATED_ONLY,
}
LISTS = {stream.name: stream.lists[0] for stream in STREAMS if issubclass(stream, ListStream)}
DELETED = {one.name: one.deleted for one in STREAMS if issubclass(one, ListWithDeleted)}
SAME_INSTANT = 1_000


@pytest.fixture(scope="module")
def client() -> Client:
    """A client for the org of the environment."""
    key, url = (os.environ[name] for name in NAMES)
    return Client(settings.load({"api_key": key, "base_url": url}, datetime.now(UTC)))


def search(client: Client, body: dict[str, Any], path: str = SEARCH, **page: int) -> dict[str, Any]:
    """One answer of a search, decoded."""
    number, size = page.get("page", 1), page["size"]
    return client.retry(
        path, lambda: parse(client.search(path, body, page=number, size=size), path)
    )


def everything(context: str, path: str = SEARCH, start: int = 0) -> dict[str, Any]:
    """The body of a search as the tap sends it, for all records updated since `start`."""
    return Query(context, path, include_deleted=True).body(Span(start, _now()))


def _now() -> int:
    return timestamps.of(datetime.now(UTC))


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_context_filters_and_sorts(client: Client, context: str) -> None:
    oldest = search(client, everything(context), size=50)["data"]
    if not oldest:
        pytest.skip("there are none")
    bound = timestamp_of(oldest[-1], otherwise=0)
    body = everything(context, start=bound)
    found = [timestamp_of(one, otherwise=0) for one in search(client, body, size=50)["data"]]
    print(f"{context}: {len(found)} records from {timestamps.text(bound)}")
    assert found == sorted(found)
    assert found[0] >= bound


@pytest.mark.parametrize("context", UNPROMISED)
def test_what_no_document_promises(client: Client, context: str) -> None:
    probe(client, Query(context, SEARCH, include_deleted=True, key=UNPROMISED[context]), _now())


def test_the_list_of_searchable_attributes(client: Client) -> None:
    names = [f"{context}_{key.criterion}" for context, key in UNPROMISED.items()]
    print(search_schema.describe(client, names))


def test_beyond_ten_thousand_records(client: Client) -> None:
    total = search(client, everything("message"), size=1)["meta"].get("total")
    if total is None or total <= 10_000:
        pytest.skip(f"there are {total}")
    with pytest.raises(RequestRefusedError) as caught:
        search(client, everything("message"), page=21, size=500)
    print(caught.value)


@pytest.mark.parametrize("context", CONTEXTS)
def test_the_total_of_everything(client: Client, context: str) -> None:
    total = search(client, everything(context), size=1)["meta"].get("total")
    print(f"{context}: total {total}")
    assert total is None or isinstance(total, int)


def test_two_operators_in_one_criterion(client: Client) -> None:
    both = {"gte": timestamps.text(_now() - timestamps.DAY), "lte": timestamps.text(_now())}
    body = {**everything("conversation"), "and": [{"conversation_updated_at": both}]}
    try:
        found = search(client, body, size=1)
    except RequestRefusedError as error:
        print(f"two operators: {error}")
    else:
        print(f"two operators: total {found['meta'].get('total')}")


def test_rate_headers(client: Client) -> None:
    seen: list[dict[str, str]] = []

    def note(response: Any, *_: object, **__: object) -> None:  # noqa: ANN401  (requests' hook)
        names = [n for n in response.headers if "ratelimit" in n.lower() or "retry" in n.lower()]
        seen.append({name: response.headers[name] for name in names})

    client.session.hooks["response"].append(note)
    fetch(client, "/v1/auth/tokens/current")
    search(client, everything("conversation"), size=1)
    client.session.hooks["response"].remove(note)
    print(f"a list: {seen[0]}, a search: {seen[1]}")


def test_the_archive_refuses_notes(client: Client) -> None:
    with pytest.raises(RequestRefusedError) as caught:
        search(client, everything("note", ARCHIVE_SEARCH), ARCHIVE_SEARCH, size=1)
    print(caught.value)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_can_be_read(client: Client, name: str) -> None:
    path, params = LISTS[name]
    answer = fetch(client, path, {**params, "pageSize": 1})
    kinds = {one.get("type") for one in answer["data"]}
    links = sorted(answer.get("links") or {})
    print(f"{name}: types {kinds}, meta {answer.get('meta')}, links {links}")


@pytest.mark.parametrize("name", DELETED)
def test_deleted_ones_are_listed(client: Client, name: str) -> None:
    path, params = DELETED[name]
    found = list(read_list(client, path, params))
    gone = sum(attribute(one.resource, "deleted") is True for one in found)
    print(f"{name}: {gone} of {len(found)} are deleted")
    assert gone or not found, "either none was deleted, or the parameter is ignored"


def test_the_list_of_schedules_includes_all_holidays(client: Client) -> None:
    path, include = "/v1/schedules", {"include": "holidays"}
    listed = {one.id for one in read_list(client, path, include, member="included")}
    single = {
        id_of(holiday)
        for schedule in read_list(client, path)
        for holiday in fetch(client, f"{path}/{schedule.id}", include).get("included") or ()
    }
    print(f"holidays: {len(listed)} in the list, {len(single)} one by one")
    assert listed == single


def test_work_sessions_newest_first(client: Client) -> None:
    path = "/v1/routing/work-sessions"
    found = fetch(client, path, {"sort": "desc"})["data"]
    began = [timestamp_of(one, "createdAt", otherwise=0) for one in found]
    if len(set(began)) < 2:
        pytest.skip("too few")
    assert began == sorted(began, reverse=True), "the whole list is read in every run"


@pytest.mark.parametrize("resource", ["company", "conversation", "customer", "message"])
def test_metadata_is_an_object(client: Client, resource: str) -> None:
    data = fetch(client, f"/v1/metadata/{resource}")["data"]
    print(f"{resource}: {type(data).__name__}")
    assert isinstance(data["attributes"]["properties"], dict)


def test_one_klass_is_searched(client: Client) -> None:
    names = klass_names(client)
    if not names:
        pytest.skip("there are no klasses")
    found = search(client, everything(f"kobject_{names[0]}"), size=1)
    print(f"kobject_{names[0]}: total {found['meta'].get('total')}")


def test_the_audit_log(client: Client) -> None:
    path = "/v1/audit-logs"
    try:
        entries = fetch(client, path, {"count": 20})["data"]
    except AccessRefusedError as error:
        pytest.skip(str(error))
    if not entries:
        pytest.skip("there are none")
    began = [timestamp_of(one, "createdAt", otherwise=0) for one in entries]
    order = {True: "newest first", False: "in another order"}[began == sorted(began, reverse=True)]
    at = timestamps.text(began[-1])
    again = fetch(client, path, {"filter[start]": at, "filter[end]": at})["data"]
    print(f"audit log: {order}; with both bounds at an entry: {len(again)} entries")


def test_durations_are_milliseconds(client: Client) -> None:
    recent = everything("conversation", start=_now() - 30 * timestamps.DAY)
    for one in search(client, recent, size=500)["data"]:
        own = one["attributes"]
        answer, first = own.get("firstResponse") or {}, own.get("firstMessageIn") or {}
        if answer.get("responseTime") and answer.get("sentAt") and first.get("sentAt"):
            elapsed = timestamps.parse(answer["sentAt"]) - timestamps.parse(first["sentAt"])
            print(f"responseTime {answer['responseTime']}, between the instants {elapsed} ms")
            assert abs(elapsed - answer["responseTime"]) < SAME_INSTANT
            return
    pytest.skip("no conversation has what it takes")
