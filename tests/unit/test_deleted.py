from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_kustomer.errors import BadRequestError, ClosedStreamsError
from tests.emulated import emulated, whole_catalog
from tests.support import Messages, tap_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator import Emulator

PARAMETERS = {"teams": "deleted", "shortcuts": "deleted", "queues": "all"}
of_each = pytest.mark.parametrize(("name", "parameter"), PARAMETERS.items())


def run(emulator: Emulator, name: str, parameter: str, *, refused_page: int = 0) -> Messages:
    """What a tap emits to which that page of a list with the parameter is refused with 400."""
    messages = Messages()
    tap = tap_for(emulator, messages, catalog=whole_catalog(emulator, name))
    get, pages = tap.session.client.get, 0

    def refuse(
        path: str, params: Mapping[str, str | int] | None = None, *, link: str | None = None
    ) -> bytes:
        nonlocal pages
        if parameter in (params or {}):
            pages += 1
            if pages == refused_page:
                raise BadRequestError(400, path)
        return get(path, params, link=link)

    tap.session.client.get = refuse  # type: ignore[method-assign]  # this client only
    tap.sync_all()
    tap.access.raise_if_closed()
    return messages


@of_each
def test_deleted_ones_are_read_too(name: str, parameter: str) -> None:
    emulator = emulated(20)
    messages = run(emulator, name, parameter)
    rows = messages.records(name)
    assert len(rows) == emulator.org.counts()[name]
    assert {bool(row["deleted"]) for row in rows} == {True, False}
    assert messages.of("ACTIVATE_VERSION")


@of_each
def test_those_in_use_are_read_where_the_parameter_is_unknown(
    name: str, parameter: str, caplog: pytest.LogCaptureFixture
) -> None:
    messages = run(emulated(20), name, parameter, refused_page=1)
    rows = messages.records(name)
    assert rows
    assert not any(row["deleted"] for row in rows)
    assert messages.of("ACTIVATE_VERSION")
    assert f"Deleted {name} are not read, the others are" in caplog.text


def test_deleted_ones_read_in_part_close_the_stream() -> None:
    emulator = emulated(20)
    for number in range(501):
        team = {"id": f"{number:024x}", "type": "team", "attributes": {"deleted": True}}
        emulator.org.put("team", team)
    with pytest.raises(ClosedStreamsError, match="teams"):
        run(emulator, "teams", "deleted", refused_page=2)
