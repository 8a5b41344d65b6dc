from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import Emulator, Org
from tap_kustomer.errors import ClosedStreamsError, RecordError, RequestRefusedError
from tap_kustomer.walks.metadata import RESOURCES, definition_id, definitions, klass_names
from tests.emulated import emulated, wall, whole_catalog
from tests.support import Messages, client_for, scripted, sync, tap_for

if TYPE_CHECKING:
    from tap_kustomer.tap import TapKustomer
    from tap_kustomer.walks.metadata import Definition
    from tests.support import Answer


def answers(*documents: Any) -> Any:  # noqa: ANN401  (JSON)
    return client_for(scripted(*((200, {}, json.dumps(one).encode()) for one in documents)))


def defined(data: Any) -> list[Definition]:  # noqa: ANN401  (JSON)
    return definitions(answers({"data": data}), "order") or []


def rows(emulator: Emulator, name: str) -> dict[str, dict[str, Any]]:
    messages = sync(emulator, catalog=whole_catalog(emulator, name))
    return {row["id"]: row for row in messages.records(name)}


def test_custom_attributes_of_every_resource_and_klass_deleted_ones_too() -> None:
    found = rows(emulated(30), "custom_attributes")
    assert {row["resource"] for row in found.values()} >= {
        *("company", "conversation", "customer", "message"),
        *("order", "subscription", "loyalty"),
    }
    deleted = found["conversation.oldReasonStr"]
    assert deleted["deleted_at"] == "2024-02-03T04:05:06.007Z"
    assert found["order.productId"]["multi"] is True
    assert found["order.productId"]["name"] == "productId"
    # A peer's schema has true or false where others have a list.
    assert found["customer.vipBool"]["additional_attributes"] == {"enumeration": False}


METADATA = {"type": "metadata", "id": "m"}
NAMES = st.text("a.\\", max_size=5)


def test_metadata_may_be_an_object_or_an_array() -> None:
    one, two = {"aStr": {"type": "string"}}, {"bNum": {"type": "number"}}
    alone = {**METADATA, "attributes": {"properties": one}}
    other = {**METADATA, "attributes": {"properties": two}}
    assert [d.name for d in defined(alone)] == ["aStr"]
    assert [d.name for d in defined([alone, other])] == ["aStr", "bNum"]
    named = {**METADATA, "attributes": {"properties": [{"name": "aStr"}, {"name": "bNum"}]}}
    assert [d.name for d in defined(named)] == ["aStr", "bNum"]
    assert defined(METADATA) == defined({**METADATA, "attributes": {}}) == []


@pytest.mark.parametrize("data", [[], {}])
def test_what_exists_has_metadata(data: object) -> None:
    with pytest.raises(RecordError, match="/v1/metadata/order"):
        defined(data)


def test_metadata_in_pages_is_an_error() -> None:
    answer = {"data": [METADATA], "links": {"next": "/v1/metadata/order?page=2"}}
    with pytest.raises(RecordError, match="/v1/metadata/order"):
        definitions(answers(answer), "order")


@given(st.lists(st.tuples(NAMES, NAMES), min_size=2, max_size=2, unique=True))
def test_definitions_of_different_names_have_different_ids(names: list[tuple[str, str]]) -> None:
    one, other = (definition_id(resource, key) for resource, key in names)
    assert one != other


def test_the_id_of_a_definition_is_what_carries_it_and_its_name() -> None:
    assert definition_id("loyalty-card", "orderNumberStr") == "loyalty-card.orderNumberStr"
    assert definition_id("order", "item.skuStr") == r"order.item\.skuStr"


def test_definitions_of_one_name_keep_apart() -> None:
    deleted = {"name": "aStr", "deletedAt": "2024-02-03T04:05:06.007Z"}
    data = {**METADATA, "attributes": {"properties": [{"name": "aStr"}, deleted]}}
    assert [(d.key, d.name) for d in defined(data)] == [("aStr", "aStr"), ("aStr#2", "aStr")]
    named = [{"name": "aStr#2"}, {"name": "aStr"}, deleted]
    keys = [d.key for d in defined({**METADATA, "attributes": {"properties": named}})]
    assert keys == ["aStr#2", "aStr", "aStr#3"]


@pytest.mark.parametrize("properties", ["x", 1, [{"label": "a"}], [1], [{"name": 3}]])
def test_metadata_in_no_known_form_is_an_error(properties: Any) -> None:  # noqa: ANN401  (JSON)
    with pytest.raises(RecordError, match="/v1/metadata/order"):
        defined({**METADATA, "attributes": {"properties": properties}})


def test_an_odd_definition_is_kept() -> None:
    (found,) = defined({**METADATA, "attributes": {"properties": {"aStr": "string"}}})
    assert found.item["attributes"] == {"definition": "string"}


LISTED: Answer = (
    200,
    {},
    b'{"data": [{"id": "k", "attributes": {"name": "odd/name"}}], "meta": {"total": 1}}',
)
NONE: Answer = (200, {}, b'{"data": [], "links": {"next": null}}')
MISSING: Answer = (404, {}, b"{}")


def test_a_klass_that_is_removed_meanwhile_is_passed_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    transport = scripted(MISSING, NONE, NONE, NONE)
    assert definitions(client_for(transport), "odd/name") is None
    assert transport.sent[0].path_url == "/v1/metadata/odd%2Fname"
    assert "Klass odd/name was deleted after it was listed" in caplog.text


def test_a_klass_that_is_still_listed_has_metadata() -> None:
    with pytest.raises(RequestRefusedError, match="/v1/metadata/odd%2Fname"):
        definitions(client_for(scripted(MISSING, LISTED, NONE, NONE)), "odd/name")


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_documented_resource_has_metadata(resource: str) -> None:
    with pytest.raises(RequestRefusedError, match=f"/v1/metadata/{resource}"):
        definitions(client_for(scripted(MISSING)), resource)


@pytest.mark.parametrize("klass", [".", ".."])
def test_a_klass_that_no_address_can_name_is_not_asked_for(klass: str) -> None:
    assert definitions(client_for(scripted()), klass) == []


def without_metadata(emulator: Emulator, resource: str, catalog: dict[str, Any]) -> TapKustomer:
    """A tap to which the metadata of a resource is not found."""
    tap = tap_for(emulator, Messages(), catalog=catalog)
    get = tap.session.client.get

    def missing(path: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  (as the method)
        return get(
            "/v1/nowhere" if path == f"/v1/metadata/{resource}" else path, *arguments, **options
        )

    tap.session.client.__dict__["get"] = missing
    return tap


@pytest.mark.parametrize("resource", ["company", "customer", "order"])
def test_metadata_that_is_not_found_retires_no_rows(resource: str) -> None:
    emulator = emulated(20)
    tap = without_metadata(emulator, resource, whole_catalog(emulator, "custom_attributes"))
    with pytest.raises(ClosedStreamsError, match=r"\[custom_attributes\]"):
        tap.read()
    messages: Any = tap.message_writer
    assert not messages.of("ACTIVATE_VERSION")


def test_a_klass_that_is_removed_meanwhile_costs_no_other_its_rows() -> None:
    emulator = emulated(20)
    tap = without_metadata(emulator, "order", whole_catalog(emulator, "custom_attributes"))
    get = tap.session.client.get

    def removing(path: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  (as the method)
        if path == "/v1/metadata/order":
            (klass,) = [
                k.id for k in emulator.org.resources["klass"].values() if named(k) == "order"
            ]
            emulator.org.remove("klass", klass)
        return get(path, *arguments, **options)

    tap.session.client.__dict__["get"] = removing
    tap.read()
    messages: Any = tap.message_writer
    carriers = {row["resource"] for row in messages.records("custom_attributes")}
    assert "order" not in carriers
    assert {"conversation", "subscription"} <= carriers
    assert messages.of("ACTIVATE_VERSION")


def named(klass: Any) -> Any:  # noqa: ANN401  (the emulator's resource)
    return klass.data["attributes"]["name"]


def test_a_klass_without_a_name_is_an_error() -> None:
    with pytest.raises(RecordError, match="no name"):
        klass_names(answers({"data": [{"id": "1", "attributes": {}}]}))


def test_schedules_have_their_holidays() -> None:
    found = rows(emulated(30), "schedules")
    for one, row in found.items():
        assert [holiday["schedule_id"] for holiday in row["holidays"]] == [one, one]
        assert {holiday["name"] for holiday in row["holidays"]} == {"New Year", "Fête nationale"}


def test_a_schedule_that_is_listed_and_not_found_retires_nothing() -> None:
    emulator = emulated(30)
    org = emulator.org
    messages = Messages()
    tap = tap_for(emulator, messages, catalog=whole_catalog(emulator, "schedules"))
    one, other = org.ids("schedule")
    get = tap.session.client.get

    def removing(path: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  (as the method)
        if path.endswith(one):
            org.remove("schedule", one)
        return get(path, *arguments, **options)

    tap.session.client.__dict__["get"] = removing
    with pytest.raises(ClosedStreamsError, match=rf"\[schedules\] .*/v1/schedules/{one}"):
        tap.read()
    assert [row["id"] for row in messages.records("schedules")] == [other]
    assert not messages.of("ACTIVATE_VERSION", "schedules")


def test_included_versions_may_be_one_object() -> None:
    emulator = Emulator(Org(now=wall()))
    messages = Messages()
    tap = tap_for(emulator, messages, catalog=whole_catalog(emulator, "sla_versions"))
    version = {"type": "sla_version", "id": "v", "attributes": {"version": 1}}
    tap.session.__dict__["client"] = answers({"data": {}}, {"data": [], "included": version})
    tap.read()
    assert messages.records("sla_versions") == [{"id": "v", "version_number": 1}]


def listed(*found: dict[str, Any]) -> dict[str, Any]:
    return {"data": list(found), "links": {"next": None}}


def test_what_moves_from_one_list_to_another_meanwhile_comes_once() -> None:
    emulator = Emulator(Org(now=wall()))
    messages = Messages()
    tap = tap_for(emulator, messages, catalog=whole_catalog(emulator, "klasses"))
    klass = {"type": "klass", "id": "k", "attributes": {"name": "order"}}
    tap.session.__dict__["client"] = answers({"data": {}}, listed(klass), listed(klass), listed())
    tap.read()
    assert messages.records("klasses") == [{"id": "k", "name": "order"}]
