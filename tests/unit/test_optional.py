"""Lists that an org may lack, lists without pages, and lists per parent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_kustomer.errors import BadRequestError, ClosedStreamsError, TransientError
from tap_kustomer.streams import STREAMS
from tap_kustomer.streams.knowledge_base import KbTags
from tap_kustomer.streams.optional import OptionalList
from tap_kustomer.streams.per_parent import PerParentList
from tap_kustomer.walks.listing import read_list
from tests.emulated import emulated, whole_catalog
from tests.support import Messages, client_for, scripted, sync, tap_for

if TYPE_CHECKING:
    from emulator import Emulator
    from tap_kustomer.walks.items import Item
    from tests.support import Answer

OPTIONAL = [
    stream
    for stream in STREAMS
    if issubclass(stream, OptionalList) and not issubclass(stream, PerParentList)
]
REFUSED: Answer = (400, {}, b'{"errors": [{"code": "bad_request"}]}')


def page(*ids: str, **more: Any) -> Answer:
    body = {"data": [{"id": one} for one in ids], **more}
    return 200, {}, json.dumps(body).encode()


def listed(*answers: Answer, is_paged: bool) -> list[Item]:
    return list(read_list(client_for(scripted(*answers)), "/v1/x", is_paged=is_paged))


def test_a_list_without_pages_ends_where_a_second_page_is_refused() -> None:
    assert [item.id for item in listed(page("a", "b"), REFUSED, is_paged=False)] == ["a", "b"]


def test_a_list_without_pages_ends_where_it_repeats_itself() -> None:
    assert len(listed(page("a"), page("a"), page("a"), page("a"), is_paged=False)) == 1


def test_a_refused_page_is_an_error_where_pages_are_documented_or_linked() -> None:
    with pytest.raises(BadRequestError):
        listed(page("a"), REFUSED, is_paged=True)
    with pytest.raises(BadRequestError):
        listed(page("a", links={"next": "/v1/x?page=2"}), REFUSED, is_paged=False)
    with pytest.raises(BadRequestError):
        listed(REFUSED, is_paged=False)


@pytest.mark.usefixtures("waits")
def test_a_list_without_pages_that_counts_more_is_an_error() -> None:
    with pytest.raises(TransientError, match="more records than it returns"):
        listed(*[page("a", meta={"total": 2}), REFUSED] * 5, is_paged=False)


@pytest.mark.parametrize("stream", OPTIONAL, ids=lambda stream: str(stream.name))
def test_a_stream_that_the_org_lacks_is_no_error(
    stream: type[OptionalList], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    emulator = emulated(10)
    kinds = types(emulator, stream.name)
    emulator.switches.absent |= kinds
    messages = sync(emulator, catalog=whole_catalog(emulator, stream.name, "tags"))
    assert not messages.records(stream.name)
    assert not messages.of("ACTIVATE_VERSION", stream.name)
    assert messages.of("ACTIVATE_VERSION", "tags")
    lines = [r.getMessage() for r in caplog.records if "no error" in r.getMessage()]
    assert len(lines) == 1
    assert f"'{stream.name}'" in lines[0]


@pytest.mark.parametrize("stream", OPTIONAL, ids=lambda stream: str(stream.name))
def test_a_missing_role_still_is_an_error(stream: type[OptionalList]) -> None:
    emulator = emulated(10)
    emulator.switches.forbidden |= types(emulator, stream.name)
    emulator.roles = ("org.user.user.read",)
    with pytest.raises(ClosedStreamsError, match=rf"\[{stream.name}\] .*The stream needs"):
        sync(emulator, catalog=whole_catalog(emulator, stream.name))


def types(emulator: Emulator, name: str) -> set[str]:
    """The types of the resources that a stream reads."""
    sync(emulator, catalog=whole_catalog(emulator, name))
    asked = {request.path for request in emulator.requests}
    rules = [rule for rule in emulator.app.url_map.iter_rules() if rule.rule in asked]
    views = [emulator.app.view_functions[rule.endpoint] for rule in rules]
    return {view.args[0].type for view in views if hasattr(view, "args")}


def test_tags_of_articles_may_have_their_older_path() -> None:
    tap = tap_for(emulated(10), Messages())
    transport = scripted((404, {}, b"{}"), page("a", links={"next": None}))
    tap.session.__dict__["client"] = client_for(transport)
    stream = tap.streams["kb_tags"]
    assert isinstance(stream, KbTags)
    assert [tag["id"] for tag, _ in stream.resources()] == ["a"]
    assert transport.sent[1].path_url == "/v1/kb/tags"


def failing(name: str, *parts: str) -> tuple[Messages, Any]:
    """A tap to which paths with one of the `parts` are not found."""
    emulator, messages = emulated(10), Messages()
    tap = tap_for(emulator, messages, catalog=whole_catalog(emulator, name))
    get = tap.session.client.get

    def missing(path: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  (as the method)
        if any(part in path for part in parts):
            path = "/v1/nowhere"
        return get(path, *arguments, **options)

    tap.session.client.__dict__["get"] = missing
    return messages, tap


def test_a_parent_that_fails_costs_only_itself_and_retires_nothing() -> None:
    messages, tap = failing("kb_article_versions", "/versions/de")
    with pytest.raises(ClosedStreamsError, match=r"\[kb_article_versions\] Everything else"):
        tap.read()
    rows = messages.records("kb_article_versions")
    assert {row["lang"] for row in rows} == {"en_us"}
    assert len({row["article_id"] for row in rows}) == 2
    assert not messages.of("ACTIVATE_VERSION")


def test_an_endpoint_that_answers_for_no_parent_closes_its_stream() -> None:
    messages, tap = failing("ai_evaluation_runs", "/evaluation-runs")
    with pytest.raises(ClosedStreamsError, match=r"\[ai_evaluation_runs\] Kustomer does not"):
        tap.read()
    assert not messages.of("ACTIVATE_VERSION")


def test_results_belong_to_runs_and_those_to_evaluations() -> None:
    emulator = emulated(10)
    names = ("ai_evaluations", "ai_evaluation_runs", "ai_evaluation_results")
    messages = sync(emulator, catalog=whole_catalog(emulator, *names))
    evaluations, runs, results = (messages.records(name) for name in names)
    assert {run["evaluation_id"] for run in runs} == {one["id"] for one in evaluations}
    assert {one["evaluation_run_id"] for one in results} == {run["id"] for run in runs}
