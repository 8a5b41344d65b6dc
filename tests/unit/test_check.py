from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from emulator import Emulator, Org
from tap_kustomer.errors import (
    KeyRefusedError,
    LimitedError,
    RecordError,
    RequestRefusedError,
    SettingsError,
    TransientError,
)
from tap_kustomer.streams import STREAMS
from tap_kustomer.streams.configuration import Tags
from tap_kustomer.streams.search import format_total
from tests.emulated import emulated, state_at, wall, whole_catalog
from tests.support import KEY, Messages, tap_for

if TYPE_CHECKING:
    from tap_kustomer.tap import TapKustomer

NAMES = sorted(stream.name for stream in STREAMS)


def table(tap: TapKustomer, capsys: pytest.CaptureFixture[str]) -> tuple[bool, dict[str, str], str]:
    """Whether the check is good, its lines by stream, and all of it, unfolded."""
    good = tap.check()
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 120
    lines = {line.split()[0]: line for line in text.splitlines() if line.split()[:1]}
    return good, {name: lines[name] for name in NAMES}, text.replace("\n  ", " ")


def test_every_stream_with_what_is_waiting(capsys: pytest.CaptureFixture[str]) -> None:
    emulator = emulated(300)
    good, lines, text = table(tap_for(emulator, Messages()), capsys)
    assert good
    assert text.startswith("Reading org ")
    assert text.endswith("Every selected stream can be read.\n")
    for name in ("conversations", "messages", "customers", "notes", "companies", "kobjects"):
        assert f"yes       yes       {emulator.org.counts()[name]:,}" in lines[name]
    assert "          yes       300 conversations" in lines["attachments"]
    assert "full table" in lines["users"]
    assert "org." not in lines["users"]  # only a stream that can't be read names what it needs
    # One search for each stream but the lists, and three to test each of four contexts.
    assert len([r for r in emulator.requests if r.method == "POST"]) == 6 + 10 + 1 + 3 * 4
    assert len(emulator.requests) < 100
    assert emulator.writes_refused == 0


def test_only_what_is_new_is_waiting_after_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    emulator = emulated(100)
    tap = tap_for(emulator, Messages(), state=state_at(wall()), lookback_seconds=0)
    _, lines, _ = table(tap, capsys)
    assert "yes       yes       0" in lines["conversations"]


@pytest.mark.parametrize(
    ("total", "words"), [(None, "not counted"), (9_999, "9,999"), (10_000, "10,000 or more")]
)
def test_a_total_may_be_missing_or_capped(total: int | None, words: str) -> None:
    assert format_total(total) == words


@pytest.mark.parametrize("status", [401, 403])
def test_a_stream_that_can_not_be_read_is_named_with_what_it_needs(
    status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    emulator = emulated(30, forbidden={"team", "attachment"}, missing_role_status=status)
    good, lines, text = table(tap_for(emulator, Messages()), capsys)
    assert not good
    assert "yes       no" in lines["teams"]
    assert "\nteams: needs org.permission.team.read\n" in text
    assert "          no" in lines["attachments"]
    assert (
        "\nattachments: needs (org.permission.attachment.read or org.user.attachment.read) and"
        in text
    )
    assert "Some selected streams can't be read" in text


def test_what_is_not_selected_need_not_be_readable(capsys: pytest.CaptureFixture[str]) -> None:
    emulator = emulated(30, forbidden={"team", "audit_log", "attachment"})
    catalog = whole_catalog(emulator, "conversations")
    good, lines, _ = table(tap_for(emulator, Messages(), catalog=catalog), capsys)
    assert good
    assert " no" in lines["teams"]


def test_companies_that_the_search_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    emulator = emulated(30, refused_contexts={"company"})
    good, lines, _ = table(tap_for(emulator, Messages()), capsys)
    assert good
    assert "full table" in lines["companies"]


def test_an_empty_org(capsys: pytest.CaptureFixture[str]) -> None:
    good, lines, _ = table(tap_for(Emulator(Org(now=wall())), Messages()), capsys)
    assert good
    assert "0 conversations" in lines["attachments"]
    assert "0, by the search of work_item" in lines["work_items"]


def test_a_dead_key() -> None:
    with pytest.raises(KeyRefusedError):
        tap_for(emulated(10, expired_key=True), Messages()).check()


@pytest.mark.usefixtures("waits")
def test_a_stream_that_keeps_failing_has_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    emulator = emulated(10)
    tap = tap_for(emulator, Messages())
    client: Any = tap.session.client
    get = client.get

    def failing(path: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  (as the method)
        if path == "/v1/tags":
            path = "/v1/nowhere"
        return get(path, *arguments, **options)

    client.get = failing
    good, lines, text = table(tap, capsys)
    assert not good
    assert " no" in lines["tags"]
    assert "tags: Kustomer does not answer /v1/nowhere (status 404, not_found)" in text


@pytest.mark.parametrize(
    "error",
    [
        TransientError("/v1/tags", "status 503"),
        KeyRefusedError(),
        RequestRefusedError(404, "/v1/tags"),
        LimitedError("/v1/tags"),
        RecordError("A record is odd."),
        SettingsError("The state's bookmark is odd."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_error_of_the_tap_is_a_row_and_a_line(
    error: Exception, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tap = tap_for(emulated(10), Messages())

    def failing(_: object) -> str:
        raise error

    monkeypatch.setattr(Tags, "estimate_pending", failing)
    good, lines, text = table(tap, capsys)
    assert not good
    assert "yes       no" in lines["tags"]
    assert f"\ntags: {error}\n" in text
    assert "yes       yes" in lines["users"]


def test_a_broken_bookmark_leaves_the_other_rows(capsys: pytest.CaptureFixture[str]) -> None:
    state = state_at(wall())
    state["bookmarks"]["notes"]["replication_key_value"] = "soon"
    good, lines, text = table(tap_for(emulated(10), Messages(), state=state), capsys)
    assert not good
    assert "\nnotes: The state's bookmark of 'notes' is not a date-time" in text
    assert "yes       yes" in lines["users"]


def test_a_table_is_plain_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tap = tap_for(emulated(10), Messages())
    monkeypatch.setattr(Tags, "estimate_pending", lambda _: f"{KEY}\n\x1b[31mERROR forged")
    _, lines, _ = table(tap, capsys)
    assert "********\\n\\x1b[31mERROR forged" in lines["tags"]
