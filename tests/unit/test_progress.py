from __future__ import annotations

import io
import threading
import time

import pytest
from tqdm import tqdm

from tap_kustomer import progress, timestamps
from tap_kustomer.progress import Progress, StreamProgress, Usage
from tests.emulated import emulated, whole_catalog
from tests.support import sync

DAY = timestamps.DAY
START = timestamps.parse("2026-05-01")
WAITED = "waited 0 s for the budget"


def reading(reached: int | None = None, records: int = 0) -> StreamProgress:
    found = StreamProgress("conversations", START, START + 100 * DAY, reached, records)
    found.began = 0.0
    return found


def test_all_facts() -> None:
    text = reading(START + 25 * DAY, 12_345).text(Usage(200, 196, 0), 120.0)
    assert text == "at 2026-05-26 00:00, 12,345 records, 98 searches a minute, 6 min left"


@pytest.mark.parametrize(
    ("share", "seconds", "left"),
    [(0.5, 60.0, "1 min"), (0.5, 20.0, "a minute"), (0.01, 600.0, "16 h"), (1.0, 99.0, "a minute")],
)
def test_the_time_left_follows_the_share_done(share: float, seconds: float, left: str) -> None:
    text = reading(START + int(100 * DAY * share)).text(Usage(0, 0, 0), seconds)
    assert text.endswith(f"a minute, {left} left")


def test_where_each_conversation_costs_a_request_they_are_counted() -> None:
    found = reading(START + 25 * DAY)
    found.conversations = 1_200
    text = found.text(Usage(1_203, 3, 0), 300.0)
    assert text == (
        "at 2026-05-26 00:00, 1,200 conversations, 0 records, 241 requests a minute, 15 min left"
    )


def test_a_bar_fits_80_columns() -> None:
    found = StreamProgress("satisfaction_responses", START, START + 100 * DAY, START + 2 * DAY)
    found.conversations, found.records, found.began = 1_000_000, 1_000_000, 0.0
    file = io.StringIO()
    with tqdm(total=100, bar_format=progress.BAR, ncols=80, file=file) as bar:
        bar.set_description(found.name, refresh=False)
        bar.set_postfix_str(found.short_text(72_000.0))
    shown = file.getvalue().split("\r")[-2]
    assert len(shown) <= 80
    assert shown.rstrip().endswith("|, 1,000,000 conversations, 980 h left")


def test_a_list_has_no_range() -> None:
    assert (
        StreamProgress("users", began=0.0).text(Usage(3, 0, 0), 9.0)
        == "0 records, 3 requests a minute"
    )


@pytest.mark.parametrize("reached", [START - DAY, START + 200 * DAY])
def test_a_share_is_never_out_of_bounds(reached: int) -> None:
    share = reading(reached).share
    assert share in {0.0, 1.0}


def test_an_empty_range_has_a_share() -> None:
    assert StreamProgress("notes", START, START, START).share == 0.0


def running() -> int:
    return threading.active_count()


def test_a_log_line_comes_again_and_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(progress, "LOG_EVERY", 0.001)
    before = running()
    with Progress(reading(START, 7), lambda: Usage(1, 1, 0)):
        for _ in range(500):
            if len(caplog.messages) > 2:
                break
            time.sleep(0.01)
    assert running() == before
    assert caplog.messages[0].startswith("conversations: at 2026-05-01 00:00, 7 records")
    assert len(caplog.messages) > 2


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(progress, "DRAW_EVERY", 0.001)
    with Progress(reading(START + 25 * DAY, 7), lambda: Usage(1, 1, 0)):
        for _ in range(500):
            if "25%" in terminal.getvalue():
                break
            time.sleep(0.01)
    assert "conversations:" in terminal.getvalue()
    assert "7 records, " in terminal.getvalue()


def test_nothing_is_drawn_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(reading(), lambda: Usage(0, 0, 0)):
        pass
    assert not capsys.readouterr().err


def test_every_stream_is_summed_up_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    emulator = emulated(40)
    messages = sync(emulator, catalog=whole_catalog(emulator, "conversations", "users"))
    bookmark = messages.state["bookmarks"]["conversations"]["replication_key_value"]
    lines = [line for line in caplog.messages if ": records " in line]
    own = emulator.org.counts()["users"]
    assert lines == [
        f"users: records {own}, requests 2, {WAITED}, full table",
        f"conversations: records 40, requests 1, {WAITED}, bookmark none → {bookmark}",
    ]
