from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_kustomer.errors import SettingsError
from tests.emulated import emulated, whole_catalog
from tests.support import Messages, sync, tap_for

if TYPE_CHECKING:
    from emulator import Emulator


def selecting(emulator: Emulator, *left_out: tuple[str, ...]) -> dict[str, Any]:
    """A catalog with some properties of conversations deselected."""
    catalog = tap_for(emulator, Messages()).catalog_dict
    (entry,) = [e for e in catalog["streams"] if e["stream"] == "conversations"]
    for path in left_out:
        breadcrumb = [part for name in path for part in ("properties", name)]
        entry["metadata"] = [m for m in entry["metadata"] if m["breadcrumb"] != breadcrumb]
        entry["metadata"].append({"breadcrumb": breadcrumb, "metadata": {"selected": False}})
    return catalog


def test_deselected_columns_are_left_out_and_nothing_else() -> None:
    emulator = emulated()
    everything = {row["id"]: row for row in sync(emulator).records("conversations")}
    left_out = ("preview", "sla_id", "additional_attributes")
    messages = sync(emulator, catalog=selecting(emulator, *((name,) for name in left_out)))
    (schema,) = messages.of("SCHEMA", "conversations")
    assert not set(left_out) & set(schema["schema"]["properties"])
    for row in messages.records("conversations"):
        whole = everything.pop(row["id"])
        assert row == {name: value for name, value in whole.items() if name not in left_out}
    assert not everything


def test_members_of_a_column_can_be_deselected() -> None:
    emulator = emulated()
    messages = sync(emulator, catalog=selecting(emulator, ("custom", "orderNumberStr")))
    customs = [row["custom"] for row in messages.records("conversations") if row.get("custom")]
    assert customs
    assert not any("orderNumberStr" in custom for custom in customs)
    plain = [row.get("custom") for row in sync(emulator).records("conversations")]
    assert any("orderNumberStr" in custom for custom in plain if custom)


def test_what_an_old_catalog_has_no_column_for_arrives_among_the_others() -> None:
    emulator = emulated()
    catalog = selecting(emulator)
    for entry in catalog["streams"]:
        entry["schema"]["properties"].pop("preview", None)
        entry["schema"]["properties"].pop("customer_id", None)
    whole = {row["id"]: row for row in sync(emulator).records("conversations")}
    rows = sync(emulator, catalog=catalog).records("conversations")
    assert rows
    for row in rows:
        assert not {"preview", "customer_id"} & set(row)
        assert row["additional_attributes"]["preview"] == whole[row["id"]]["preview"]
        assert row["additional_relationships"]["customer"] == whole[row["id"]]["customer_id"]


def test_stream_maps_see_whole_values() -> None:
    emulator = emulated()
    names = {"id": "id", "sla_name": "sla['name'] if sla else None", "__else__": None}
    maps = {"conversations": names}
    rows = sync(emulator, stream_maps=maps).records("conversations")
    assert any(row["sla_name"] for row in rows)
    assert set(rows[0]) == {"id", "sla_name"}


@pytest.mark.parametrize(
    ("maps", "fault"),
    [
        ({"user": {"name": None}}, "there is no stream 'user'"),
        ({"people": {"__source__": "persons"}}, "there is no stream 'persons'"),
        ({"users": {"emial": None}}, "stream 'users' has no column 'emial'"),
        ({"users": {"email": "sha256("}}, "sha256"),
        ({"users": {"email": "sha256(emial)"}}, "sha256"),
        ({"users": {"email": "1 / 0"}}, "users: an expression fails on a record .ZeroDivision"),
        ({"users": {"email": "sha256(7)"}}, "users: an expression fails on a record .Attribute"),
        ({"users": {"id": None}}, "key property 'id'"),
    ],
)
def test_a_stream_map_that_can_not_be_used_is_one_sentence(
    maps: dict[str, Any], fault: str
) -> None:
    emulator = emulated(10)
    with pytest.raises(SettingsError, match=f"^Setting stream_maps can't be used: .*{fault}"):
        sync(emulator, catalog=whole_catalog(emulator, "users"), stream_maps=maps)


def test_a_stream_map_may_name_a_column_that_a_record_lacks() -> None:
    emulator = emulated(10)
    maps = {"user*": {"name": "sha256(name) if name else None", "display_name": None}}
    rows = sync(emulator, catalog=whole_catalog(emulator, "users"), stream_maps=maps).records(
        "users"
    )
    assert rows
    assert all(row["name"] is None or len(row["name"]) == 64 for row in rows)
    assert not any("display_name" in row for row in rows)


@pytest.mark.parametrize("wanted", ["deleted_at == None", "not deleted_at"])
def test_a_filter_may_name_a_column_that_a_record_lacks(wanted: str) -> None:
    emulator = emulated(40)
    plain = sync(emulator).records("conversations")
    assert any("deleted_at" not in row for row in plain)
    maps = {"conversations": {"__filter__": wanted}}
    rows = sync(emulator, stream_maps=maps).records("conversations")
    assert {row["id"] for row in rows} == {row["id"] for row in plain if not row.get("deleted_at")}


def test_a_mapped_record_has_no_column_that_its_schema_lacks() -> None:
    emulator = emulated(10)
    catalog = selecting(emulator, ("preview",))
    messages = sync(emulator, catalog=catalog, stream_maps={"conversations": {"copy": "name"}})
    (schema,) = messages.of("SCHEMA", "conversations")
    rows = messages.records("conversations")
    assert rows
    assert all(set(row) <= set(schema["schema"]["properties"]) for row in rows)


@pytest.mark.parametrize("option", ["__filter__", "copy"])
def test_an_expression_with_a_deselected_column_is_refused(option: str) -> None:
    emulator = emulated(10)
    maps = {"conversations": {option: "preview == None"}}
    with pytest.raises(SettingsError, match=r"^Setting stream_maps can't be used: .*preview"):
        sync(emulator, catalog=selecting(emulator, ("preview",)), stream_maps=maps)
