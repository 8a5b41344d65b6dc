from __future__ import annotations

import logging
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import requests
from jsonschema import Draft202012Validator, FormatChecker

from tap_kustomer import discovery
from tap_kustomer.errors import ClosedStreamsError, TransientError
from tap_kustomer.fitting import check
from tap_kustomer.records import RowBuilder
from tap_kustomer.schemas.conversation import CONVERSATION
from tap_kustomer.schemas.custom_attributes import columns
from tap_kustomer.streams import STREAMS
from tap_kustomer.tap import TapKustomer
from tap_kustomer.walks.metadata import Definition
from tests.emulated import emulated
from tests.support import CONFIG, SLEPT, Messages, Transport, scripted, sync, tap_for

if TYPE_CHECKING:
    from emulator import Emulator
    from tap_kustomer.records import Field

EVERY = {stream.name for stream in STREAMS}


def field(name: str, **definition: Any) -> Field:
    (found,) = columns([Definition(name, name, {"attributes": definition})])
    return found


def properties(catalog: dict[str, Any], stream: str) -> dict[str, Any]:
    (entry,) = [e for e in catalog["streams"] if e["tap_stream_id"] == stream]
    found: dict[str, Any] = entry["schema"]["properties"]
    return found


@pytest.mark.parametrize(
    ("name", "column", "kind", "good", "bad"),
    [
        ("orderNumberStr", "custom__order_number_str", "string", "4417", 4417),
        ("noteTxt", "custom__note_txt", "string", "a\nb", []),
        ("reasonTree", "custom__reason_tree", "string", "orders.late", {}),
        ("shopUrl", "custom__shop_url", "string", "https://example.com", False),
        ("productId", "custom__product_id", "string", "5f", ["5f"]),
        ("totalNum", "custom__total_num", "number", Decimal("19.99"), "19.99"),
        ("totalNum", "custom__total_num", "number", 9_007_199_254_740_993, True),
        ("vipBool", "custom__vip_bool", "boolean", False, "false"),
        ("paidAt", "custom__paid_at", "string", "2026-05-01T10:30:00.123Z", "soon"),
        ("odd name-Str", "custom__odd_name_str", "string", "", 0),
    ],
)
def test_the_suffix_decides_the_type(
    name: str,
    column: str,
    kind: str,
    good: Any,  # noqa: ANN401  (JSON)
    bad: Any,  # noqa: ANN401  (JSON)
) -> None:
    found = field(name)
    assert (found.column, found.json_type["type"]) == (column, ["null", kind])
    assert found.json_type.get("format") == ("date-time" if name.endswith("At") else None)
    fits = check(found.property).fits
    assert fits(good)
    assert fits(None)
    assert not fits(bad)


def test_an_array_holds_values_of_its_suffix() -> None:
    found = field("sizesNum", array=True)
    assert found.json_type == {
        "type": ["null", "array"],
        "items": {"type": ["null", "number"]},
    }
    fits = check(found.property).fits
    assert fits([1, Decimal("1.5"), None])
    assert not fits([1, "2"])
    assert not fits(1)


def test_a_description_is_one_line() -> None:
    assert field("aStr", displayName="A\n label").description == "Custom attribute aStr: A label."
    assert field("aStr", displayName=7).description == "Custom attribute aStr."


def test_no_suffix_no_column_and_of_two_of_one_column_only_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    names = ("plain", "a-bStr", "a_bStr")
    found = columns([Definition(name, name, {"attributes": {}}) for name in names])
    assert [one.source for one in found] == ["a-bStr"]
    assert "a_bStr stays in custom: a-bStr has the same column name" in caplog.text
    again = [Definition(key, "aStr", {"attributes": {}}) for key in ("aStr", "aStr#2")]
    assert [one.source for one in columns(again)] == ["aStr"]


def test_typed_columns_take_over_what_fits_and_nothing_is_lost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    emulator = emulated(80)
    free = sync(emulator)
    typed = sync(emulator, typed_custom_attributes=True)
    schemas = {m["stream"]: m["schema"] for m in typed.of("SCHEMA")}
    seen: set[str] = set()
    for name in ("conversations", "customers", "companies", "messages"):
        whole = {row["id"]: row for row in free.records(name)}
        validator = Draft202012Validator(schemas[name], format_checker=FormatChecker())
        for row in typed.records(name):
            validator.validate(row)
            moved = {column: value for column, value in row.items() if column[:8] == "custom__"}
            seen |= moved.keys()
            values = list((row.get("custom") or {}).values()) + list(moved.values())
            expected = list((whole[row["id"]].get("custom") or {}).values())
            assert sorted(map(repr, values)) == sorted(map(repr, expected))
            others = {column: value for column, value in row.items() if column not in moved}
            assert others.keys() == whole[row["id"]].keys()
    assert {"custom__order_number_str", "custom__vip_bool", "custom__revenue_num"} <= seen
    lines = [r for r in caplog.messages if "stay in custom: lifetimeValueNum" in r]
    assert len(lines) == 1
    odd = [row for row in typed.records("customers") if (row.get("custom") or {})]
    assert {row["custom"]["lifetimeValueNum"] for row in odd} == {"n/a"}
    assert not any("custom__lifetime_value_num" in row for row in odd)


def test_a_null_is_a_null_of_its_column_and_no_misfit() -> None:
    builder = RowBuilder(replace(CONVERSATION, custom=(field("totalNum"), field("vipBool"))))
    item = {"id": "1", "attributes": {"custom": {"totalNum": None, "vipBool": "yes", "x": 1}}}
    assert builder.row(item) == {
        "id": "1",
        "custom__total_num": None,
        "custom": {"vipBool": "yes", "x": 1},
    }
    assert builder.unfitting == {"vipBool": 1}


def test_custom_stays_whole_where_no_metadata_is_documented() -> None:
    emulator = emulated(30)
    catalog = tap_for(emulator, Messages(), typed_custom_attributes=True).catalog_dict
    for name in ("notes", "users", "kobjects"):
        assert not [c for c in properties(catalog, name) if c.startswith("custom__")]


def test_every_klass_becomes_a_stream_with_its_own_columns() -> None:
    emulator = emulated(80)
    messages = sync(emulator, kobject_streams=True)
    schemas = {m["stream"]: m["schema"]["properties"] for m in messages.of("SCHEMA")}
    klasses = {"order", "subscription", "ecomm_return", "loyalty"}
    assert {f"kobjects_{klass}" for klass in klasses} == {n for n in schemas if "kobjects_" in n}
    ids = [row["id"] for klass in klasses for row in messages.records(f"kobjects_{klass}")]
    assert len(ids) == len(set(ids)) == emulator.org.counts()["kobjects"]
    assert schemas["kobjects_order"]["custom__total_num"]["type"] == ["null", "number"]
    assert "custom__plan_str" not in schemas["kobjects_order"]
    totals = {row.get("custom__total_num") for row in messages.records("kobjects_order")}
    assert Decimal("19.99") in totals or 19.99 in totals
    assert messages.state["bookmarks"]["kobjects_order"]["replication_key"] == "updated_at"


def put_klass(emulator: Emulator, name: str) -> None:
    attributes = {"name": name, "status": "enabled"}
    emulator.org.put("klass", {"type": "klass", "id": name, "attributes": attributes})


def test_a_new_klass_takes_no_stream_over() -> None:
    emulator = emulated(20)
    put_klass(emulator, "order-item")
    before = tap_for(emulator, Messages(), kobject_streams=True).streams
    put_klass(emulator, "order_item")
    after = tap_for(emulator, Messages(), kobject_streams=True).streams
    for name, stream in before.items():
        assert getattr(after[name], "klass", None) == getattr(stream, "klass", None)
    (new,) = after.keys() - before.keys()
    assert new.startswith("kobjects_order_item_")


def test_the_catalog_keeps_the_klass() -> None:
    emulator = emulated(20)
    put_klass(emulator, "order-item")
    catalog = tap_for(emulator, Messages(), kobject_streams=True).catalog_dict
    assert root(catalog, "kobjects_order_item")["klass"] == "order-item"
    assert "klass" not in root(catalog, "kobjects")
    again = tap_for(emulator, Messages(), catalog=catalog, kobject_streams=True).catalog_dict
    assert root(again, "kobjects_order_item") == root(catalog, "kobjects_order_item")


def root(catalog: dict[str, Any], stream: str) -> dict[str, Any]:
    """The metadata of a stream itself."""
    (entry,) = [e for e in catalog["streams"] if e["tap_stream_id"] == stream]
    (found,) = [m["metadata"] for m in entry["metadata"] if not m["breadcrumb"]]
    return dict(found)


def test_a_klass_that_is_gone_when_its_attributes_are_asked_for_has_no_stream() -> None:
    emulator = emulated(20)
    tap = tap_for(emulator, Messages())
    get = tap.session.client.get

    def removing(path: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  (as the method)
        if path == "/v1/metadata/order":
            for one, klass in list(emulator.org.resources["klass"].items()):
                if klass.data["attributes"]["name"] == "order":
                    emulator.org.remove("klass", one)
            path = "/v1/nowhere"
        return get(path, *arguments, **options)

    tap.session.client.__dict__["get"] = removing
    names = {stream.name for stream in discovery.tailored(tap, typed=False, klasses=True)}
    assert "kobjects_order" not in names
    assert "kobjects_loyalty" in names


def test_plain_discovery_asks_nothing() -> None:
    emulator = emulated(20)
    assert set(tap_for(emulator, Messages()).streams) == EVERY
    assert not emulator.requests
    assert set(TapKustomer(validate_config=False).streams) == EVERY


def unreachable(**config: Any) -> tuple[TapKustomer, Transport]:
    """A tap whose every request fails, and what it sent."""
    tap = TapKustomer(config={**CONFIG, **config}, setup_mapper=False)
    transport = scripted(*(requests.ConnectionError() for _ in range(40)))
    tap.session.client.session.mount(tap.session.settings.api_url, transport)
    tap.session.client.retry.sleep = SLEPT.append
    return tap, transport


@pytest.mark.usefixtures("waits")
def test_discovery_goes_on_without_a_network_but_no_run_does(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tap, _ = unreachable(typed_custom_attributes=True, kobject_streams=True)
    assert set(tap.streams) == EVERY
    assert "custom" in properties(tap.catalog_dict, "conversations")
    (line,) = [
        r for r in caplog.records if "Discovery can't read custom attributes" in r.getMessage()
    ]
    assert line.levelno == logging.WARNING
    with pytest.raises(TransientError):
        tap.read()


def test_discovery_without_settings_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    tap = TapKustomer(config={"typed_custom_attributes": True}, validate_config=False)
    assert set(tap.streams) == EVERY
    assert "Setting api_key is missing" in caplog.text


@pytest.mark.usefixtures("waits")
def test_discovery_does_not_wait_long_for_a_network(capsys: pytest.CaptureFixture[str]) -> None:
    tap, transport = unreachable(typed_custom_attributes=True)
    tap.run_discovery()
    assert '"tap_stream_id":"conversations"' in capsys.readouterr().out
    assert len(transport.sent) == 2


def test_a_run_without_the_permission_for_metadata_says_so() -> None:
    emulator = emulated(20, forbidden={"metadata"})
    messages = Messages()
    tap = tap_for(emulator, messages, typed_custom_attributes=True)
    with pytest.raises(Exception, match="metadata") as caught:
        tap.read()
    assert not isinstance(caught.value, ClosedStreamsError)
    assert not messages.of("RECORD")


def test_a_typed_column_that_the_catalog_lacks_stays_in_custom() -> None:
    emulator = emulated(40)
    catalog = tap_for(emulator, Messages()).catalog_dict
    free = sync(emulator, catalog=catalog).records("conversations")
    typed = sync(emulator, catalog=catalog, typed_custom_attributes=True).records("conversations")
    assert typed == free
