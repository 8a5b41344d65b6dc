"""Names that come from the org: injective, and of a form that every target takes."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_kustomer.names import custom_column, klass_stream
from tap_kustomer.schemas.custom_attributes import columns
from tap_kustomer.streams import STREAMS
from tap_kustomer.walks.metadata import Definition

WORD = st.sampled_from(["order", "item", "a", "2", "deadbeef", "0" * 8, "x" * 39, "x" * 41])
KLASS = st.one_of(
    st.text(),
    st.text(alphabet="aA-_ /.é0"),
    st.lists(WORD, min_size=1).map("-".join),
    st.lists(WORD, min_size=1).map("_".join),
    st.sampled_from(["/", "..", ".", "Order", "order", "ORDER", "é", "e\u0301", "\ufffd", ""]),
)


@given(KLASS, KLASS)
@example("order-item", "order_item")
@example("order-item", "order-Item")
@example("order", "order-")
@example("order-deadbeef", "order")
@example("é", "e")
def test_no_two_klasses_share_a_stream(one: str, other: str) -> None:
    assert (klass_stream(one) == klass_stream(other)) == (one == other)


@given(KLASS)
def test_a_stream_is_named_as_every_database_and_file_system_takes_it(klass: str) -> None:
    name = klass_stream(klass)
    assert re.fullmatch(r"kobjects(_[a-z0-9]+)+", name)
    assert len(name) <= 58
    assert name not in {stream.name for stream in STREAMS}


@pytest.mark.parametrize(
    ("klass", "name"),
    [
        ("order", "kobjects_order"),
        ("ecomm-return", "kobjects_ecomm_return"),
        ("a" * 40, "kobjects_" + "a" * 40),
        ("a" * 41, "kobjects_" + "a" * 40 + "_c0f8bd4d"),
        ("order_item", "kobjects_order_item_"),
        ("orderItem", "kobjects_order_item_"),
        ("deadbeef", "kobjects_deadbeef_"),
        ("order-deadbeef", "kobjects_order_deadbeef_"),
        ("order-deadbeef0", "kobjects_order_deadbeef0"),
        ("../x", "kobjects_x_"),
        ("..", "kobjects_"),
        ("日本", "kobjects_"),
    ],
)
def test_a_stream_has_the_name_of_its_klass(klass: str, name: str) -> None:
    found = klass_stream(klass)
    assert found == name or (name[-1] == "_" and re.fullmatch(name + "[0-9a-f]{8}", found))


ATTRIBUTE = st.one_of(st.text(), st.text(alphabet="aéB- 日", min_size=20)).map(lambda t: f"{t}Str")


@given(ATTRIBUTE)
def test_a_column_name_fits_into_63_bytes(attribute: str) -> None:
    assert len(custom_column(attribute).encode()) <= 63


@given(st.text(alphabet="aé日", min_size=70), st.text(max_size=3), st.text(max_size=3))
def test_long_names_stay_apart(start: str, one: str, other: str) -> None:
    assert (custom_column(f"{start}{one}Str") == custom_column(f"{start}{other}Str")) == (
        one == other
    )


@pytest.mark.parametrize(
    ("attribute", "column"),
    [
        ("orderNumberStr", "custom__order_number_str"),
        ("größe in cmNum", "custom__größe_in_cm_num"),
        ("a" * 51 + "Str", "custom__" + "a" * 51 + "_str"),
        ("a" * 52 + "Str", "custom__" + "a" * 46 + "_4d9c5cd3"),
        ("日" * 30 + "Str", "custom__" + "日" * 15 + "_176d7081"),
    ],
)
def test_a_column_has_the_name_of_its_attribute(attribute: str, column: str) -> None:
    assert custom_column(attribute) == column


@given(st.lists(ATTRIBUTE, min_size=1, unique=True), ATTRIBUTE)
def test_a_column_depends_on_its_attribute_alone(names: list[str], other: str) -> None:
    def made(*attributes: str) -> dict[str, str]:
        found = columns(Definition(name, name, {"attributes": {}}) for name in attributes)
        return {field.source: field.column for field in found}

    alone = {name: made(name)[name] for name in names}
    together = made(*names, other)
    assert together == made(other, *reversed(names))
    for name, column in alone.items():
        # Of two that differ in case or punctuation alone, the first by name has the column.
        assert together.get(name, column) == column
