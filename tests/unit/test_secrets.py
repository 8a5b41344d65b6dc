"""What an org keeps secret never leaves Kustomer through the tap."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.sample.administration import SECRET
from tap_kustomer.allow_list import host_of
from tap_kustomer.records import RowBuilder
from tap_kustomer.streams import STREAMS
from tests.emulated import emulated, whole_catalog
from tests.support import Messages, tap_for

if TYPE_CHECKING:
    from tap_kustomer.records import Field, Resource

HOLDING = [stream for stream in STREAMS if stream.resource.listed_only]
of_each = pytest.mark.parametrize("stream", HOLDING, ids=lambda stream: str(stream.name))
NAMES = st.sampled_from(
    [
        "token",
        "headers",
        "hash",
        "url",
        "email",
        "lastTokenChars",
        "maskedValue",
        "settings",
        "custom",
        "params",
        "context",
        "event",
        "value",
        "id2",
    ]
)
# The secret within an object or list, as no plain column wants it.
NESTED = st.sampled_from(
    [
        {"token": SECRET},
        [{"value": SECRET}],
        [[SECRET]],
        {"id": {"hash": [SECRET]}},
        {"status": [{"a": SECRET}]},
        {SECRET: SECRET},
    ]
)
ANYWHERE = NESTED | st.just(SECRET)


def test_the_streams_that_hold_secrets_are_known() -> None:
    assert {stream.name for stream in HOLDING} >= {
        *("api_keys", "outbound_webhooks", "inbound_hooks", "installed_apps", "cards"),
        *("workflows", "workflow_errors"),
    }


@of_each
def test_nothing_without_a_column_is_published(stream: Any) -> None:  # noqa: ANN401  (a class)
    shape: Resource = stream.resource
    names = {
        "token",
        "headers",
        "hash",
        "url",
        "email",
        "last_token_chars",
        "masked_value",
        "settings",
        "additional_attributes",
        "additional_relationships",
    }
    assert not names & set(shape.schema["properties"])
    for field in shape.attributes:
        if "object" in field.json_type["type"] or field.json_type.get("items") == {}:
            assert field.members, field.source


def planted(field: Field, draw: st.DataObject) -> Any:  # noqa: ANN401  (JSON)
    """A value for a column that holds the secret wherever the column does not want a plain one."""
    if not field.members:
        return draw.draw(NESTED)
    hidden = {draw.draw(NAMES): draw.draw(ANYWHERE)}
    shown = {name: draw.draw(NESTED) for name in field.members}
    whole = draw.draw(st.sampled_from([hidden, {**hidden, **shown}]))
    if field.is_map:
        return {"shown": whole, "token": SECRET, "listed": [SECRET]}
    return draw.draw(st.sampled_from([whole, [whole, [whole]], [SECRET, whole][1:]]))


@of_each
def test_no_planted_secret_gets_into_a_row(stream: Any) -> None:  # noqa: ANN401  (as above)
    shape: Resource = stream.resource
    builder = RowBuilder(shape)

    @given(st.data())
    def check(draw: st.DataObject) -> None:
        attributes = {field.source: planted(field, draw) for field in shape.attributes}
        attributes |= {draw.draw(NAMES): draw.draw(ANYWHERE)}
        related = {"token": SECRET, "other": {"data": {"id": SECRET}}}
        related |= {
            field.source: {"data": {"id": draw.draw(NESTED)}} for field in shape.relationships
        }
        item = {"id": "1", "attributes": attributes, "relationships": related, "token": SECRET}
        assert SECRET not in json.dumps(builder.row(item))

    check()


def test_a_wider_catalog_does_not_let_them_out() -> None:
    for stream in HOLDING:
        shape: Resource = stream.resource
        free: dict[str, Any] = {
            name: {} for name in [*shape.schema["properties"], "additional_attributes"]
        }
        builder = RowBuilder(shape.only(free), columns=set(free))
        attributes = {field.source: {"token": SECRET} for field in shape.attributes}
        item = {"id": "1", "attributes": {**attributes, "token": SECRET}}
        assert SECRET not in json.dumps(builder.row(item))


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_none_of_the_orgs_secrets_is_in_messages_state_or_log(
    level: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(level)
    emulator, messages = emulated(20), Messages()
    kept = [record.raw for kind in emulator.org.resources.values() for record in kind.values()]
    assert sum(SECRET.encode() in raw for raw in kept) > 12
    tap_for(emulator, messages, catalog=whole_catalog(emulator)).read()
    assert {m["stream"] for m in messages.of("RECORD")} >= {stream.name for stream in HOLDING}
    assert SECRET not in json.dumps(messages.all, default=str)
    assert SECRET not in caplog.text


def test_the_secret_of_customers_sign_in_is_never_asked_for() -> None:
    emulator = emulated(20)
    tap_for(emulator, Messages(), catalog=whole_catalog(emulator)).read()
    assert not [request for request in emulator.requests if "auth/customer" in request.path]


@pytest.mark.parametrize(
    ("address", "host"),
    [
        (f"https://user:{SECRET}@a.example.com:8443/{SECRET}?k={SECRET}#{SECRET}", "a.example.com"),
        (SECRET, None),
        (f"/{SECRET}", None),
        (f"https://[{SECRET}", None),
        ("", None),
        (None, None),
        ({"url": SECRET}, None),
    ],
)
def test_of_an_address_only_the_host_is_kept(address: object, host: str | None) -> None:
    assert host_of(address) == host
