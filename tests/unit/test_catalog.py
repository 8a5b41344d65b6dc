"""A catalog that selects what discovery does not make: the rest is read, and the run says so."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.singerlib import Catalog as SdkCatalog

from tap_kustomer import catalog
from tap_kustomer.errors import ClosedStreamsError
from tests.emulated import emulated, whole_catalog
from tests.support import Messages, tap_for

if TYPE_CHECKING:
    from emulator import Emulator

Catalog = dict[str, Any]


def entry_of(whole: Catalog, stream: str) -> Any:  # noqa: ANN401  (JSON)
    (entry,) = [one for one in whole["streams"] if one["tap_stream_id"] == stream]
    return entry


def root(whole: Catalog, stream: str) -> Any:  # noqa: ANN401  (JSON)
    (found,) = [m["metadata"] for m in entry_of(whole, stream)["metadata"] if not m["breadcrumb"]]
    return found


def renamed(whole: Catalog, old: str, new: str) -> Catalog:
    entry_of(whole, old).update(tap_stream_id=new, stream=new)
    return whole


def remove_klass(emulator: Emulator, name: str) -> None:
    for one, klass in list(emulator.org.resources["klass"].items()):
        if klass.data["attributes"]["name"] == name:
            emulator.org.remove("klass", one)


def closed(emulator: Emulator, whole: Catalog, **config: Any) -> tuple[str, Messages]:
    """What the run says in the end, and its messages."""
    messages = Messages()
    with pytest.raises(ClosedStreamsError) as caught:
        tap_for(emulator, messages, catalog=whole, **config).read()
    return str(caught.value), messages


def test_a_misspelt_name_is_told_and_the_others_are_read(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    emulator = emulated(20)
    whole = renamed(whole_catalog(emulator, "tags", "teams"), "tags", "tgas")
    said, messages = closed(emulator, whole)
    assert "[tgas] There is no such stream" in said
    assert messages.records("teams")
    assert [r.levelno for r in caplog.records if "'tgas' is left out" in r.getMessage()] == [
        logging.ERROR
    ]
    assert tap_for(emulator, Messages(), catalog=whole).check() is False
    out = capsys.readouterr().out
    assert "tgas: There is no such stream" in out
    assert "Every selected stream can be read" not in out


def test_a_klass_that_is_gone_is_told() -> None:
    emulator = emulated(20)
    whole = whole_catalog(emulator, "kobjects_order", "kobjects_loyalty", kobject_streams=True)
    remove_klass(emulator, "order")
    said, messages = closed(emulator, whole, kobject_streams=True)
    assert "1 of the selected streams" in said
    assert "[kobjects_order] This org has no klass" in said
    assert messages.of("SCHEMA", "kobjects_loyalty")
    assert not messages.of("SCHEMA", "kobjects_order")


def test_a_setting_that_was_forgotten_is_told() -> None:
    emulator = emulated(20)
    whole = whole_catalog(emulator, "kobjects_order", "tags", kobject_streams=True)
    said, messages = closed(emulator, whole)
    assert "needs the setting kobject_streams" in said
    assert messages.records("tags")


def test_what_is_not_selected_may_be_anything(capsys: pytest.CaptureFixture[str]) -> None:
    emulator = emulated(20)
    whole = renamed(whole_catalog(emulator, "tags", kobject_streams=True), "teams", "taems")
    tap_for(emulator, Messages(), catalog=whole).read()
    assert tap_for(emulator, Messages(), catalog=whole).check()
    assert "taems" not in capsys.readouterr().out


def test_the_stream_of_another_klass_is_not_read(capsys: pytest.CaptureFixture[str]) -> None:
    emulator = emulated(40)
    whole = whole_catalog(emulator, "kobjects_order", "kobjects_loyalty", kobject_streams=True)
    root(whole, "kobjects_order")["klass"] = "Order"
    said, messages = closed(emulator, whole, kobject_streams=True)
    assert "[kobjects_order] The catalog has this stream for klass 'Order', this org for" in said
    assert not messages.records("kobjects_order")
    assert messages.of("SCHEMA", "kobjects_loyalty")
    assert not tap_for(emulator, Messages(), catalog=whole, kobject_streams=True).check()
    assert "kobjects_order: The catalog has this stream" in capsys.readouterr().out
    root(whole, "kobjects_order")["selected"] = False
    tap_for(emulator, Messages(), catalog=whole, kobject_streams=True).read()


def test_a_catalog_without_klasses_is_read_as_before() -> None:
    emulator = emulated(40)
    whole = whole_catalog(emulator, "kobjects_order", kobject_streams=True)
    del root(whole, "kobjects_order")["klass"]
    messages = Messages()
    tap_for(emulator, messages, catalog=whole, kobject_streams=True).read()
    assert messages.records("kobjects_order")


def test_a_discovery_that_could_not_ask_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    emulator = emulated(20, forbidden={"metadata"})
    tap = tap_for(emulator, Messages(), kobject_streams=True)
    assert tap.check() is False
    assert "discovery: Kustomer refused /v1/metadata/" in capsys.readouterr().out


NAMED_STREAMS = {"streams": [{"tap_stream_id": "streams", "metadata": []}]}


@pytest.mark.parametrize(
    "given",
    [
        *(None, "catalog.json", {}, {"streams": [{"tap_stream_id": "a"}]}),
        *(NAMED_STREAMS, SdkCatalog.from_dict(NAMED_STREAMS)),
    ],
)
def test_any_catalog_may_name_no_klass(given: object) -> None:
    assert catalog.klasses(given) == {}
