"""One run of the tap against a server of this folder: the only code here that knows the tap."""

from __future__ import annotations

import copy
import gc
import logging
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from tap_kustomer.tap import TapKustomer
from tests.hostile.records import DAY, Record, parse, text
from tests.support import CONFIG, NOW, SLEPT, Messages, tap_for

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from singer_sdk.singerlib import Message

    from emulator import Emulator
    from tests.hostile.server import Server

PRESENT = int(NOW.timestamp() * 1_000)
BEGIN = PRESENT - DAY
STREAM = "customers"


class Kept(Messages):
    """Keeps messages without a deep copy of each row, of which there are many here."""

    def write_message(self, message: Message) -> None:
        """Keep one message; only a state changes after it was written."""
        kept = message.to_dict()
        self.all.append(copy.deepcopy(kept) if kept["type"] == "STATE" else kept)


class Warnings(logging.Handler):
    """Keeps what the tap warns of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep warnings; errors tell of closed streams."""
        if record.levelno == logging.WARNING:
            self.found.append(record.getMessage())


@dataclass
class Outcome:
    """What one run did."""

    messages: Kept = field(default_factory=Kept)
    error: Exception | None = None
    warnings: list[str] = field(default_factory=list)
    requests: int = 0

    def ids(self, stream: str = STREAM) -> set[str]:
        """The ids that were delivered."""
        return {one["id"] for one in self.messages.records(stream)}

    def bookmark(self, stream: str = STREAM) -> int | None:
        """The bookmark that the next run goes on from."""
        held = self.state.get("bookmarks", {}).get(stream, {}).get("replication_key_value")
        return None if held is None else parse(held)

    @property
    def state(self) -> dict[str, Any]:
        """The last state."""
        return self.messages.state

    def retires(self, stream: str) -> bool:
        """Whether a target may retire the rows of earlier runs."""
        return bool(self.messages.of("ACTIVATE_VERSION", stream))


def run(
    server: Server,
    *streams: str,
    state: dict[str, Any] | None = None,
    now: Callable[[], int] = lambda: PRESENT,
    url: str | None = None,
    **config: Any,
) -> Outcome:
    """One run of some streams, by default the customers of the last day.

    With a `url` the tap asks over real sockets whatever listens there for `server`.
    """
    settings = {
        "start_date": text(BEGIN),
        "max_history_months": 0,
        "max_requests_per_minute": 2_000,
        "max_search_requests_per_minute": 1_000,
        "concurrency": 1,
        **config,
    }
    outcome, before = Outcome(), len(server.asked)
    tap: TapKustomer | None = None

    def moment() -> datetime:
        return datetime.fromtimestamp(now() / 1_000, UTC)

    with _listening(outcome):
        try:
            if url is None:
                stand_in = cast("Emulator", server)
                tap = tap_for(stand_in, outcome.messages, state=state, now=moment, **settings)
            else:
                tap = TapKustomer(
                    config={**CONFIG, **settings, "base_url": url},
                    state=state,
                    message_writer=outcome.messages,
                    now=moment,
                )
                tap.session.client.retry.sleep = SLEPT.append
            _sync(tap, streams or (STREAM,))
        except Exception as error:  # noqa: BLE001  (how it ends is what a test asks)
            outcome.error = _bare(error)
        finally:
            tap = None
            _join()
    outcome.requests = len(server.asked) - before
    assert len(server.asked) <= server.patience, "the tap asks for ever"
    return outcome


def _sync(tap: TapKustomer, streams: Collection[str]) -> None:
    for name, stream in tap.streams.items():
        stream.selected = name in streams
    tap.read()


def _bare(error: Exception) -> Exception:
    """The error without the frames it came through: what they hold keeps threads waiting."""
    each: BaseException | None = error
    while each is not None:
        before = each.__context__
        each.__traceback__ = each.__context__ = each.__cause__ = None
        each = before
    return error


@contextmanager
def _listening(outcome: Outcome) -> Iterator[None]:
    handler, logger = Warnings(), logging.getLogger("tap-kustomer")
    outcome.warnings = handler.found
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def _join() -> None:
    """Threads of a run that failed end before the clock is real again."""
    gc.collect()
    deadline = time.monotonic() + 1
    for thread in threading.enumerate():
        if thread.name.startswith("kustomer"):
            thread.join(max(deadline - time.monotonic(), 0))


def spread(count: int, *, begin: int = BEGIN, step: int = 9_000) -> list[Record]:
    """Records one after the other, all different, and all created before."""
    return [Record(f"{n:024x}", begin + n * step, begin - DAY + n) for n in range(count)]


def told(outcome: Outcome, *words: str) -> None:
    """The run ended non-zero, with a sentence that holds these words."""
    sentence = str(outcome.error)
    assert outcome.error is not None, "the run ended well"
    assert not isinstance(outcome.error, AssertionError), sentence
    assert all(word in sentence for word in words), sentence
