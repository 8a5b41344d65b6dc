"""What several tests need: a config, a held clock, and transports without a network."""

from __future__ import annotations

import copy
import io
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import BaseAdapter
from singer_sdk.contrib.msgspec import MsgSpecWriter
from urllib3 import HTTPResponse
from urllib3._collections import HTTPHeaderDict

from tap_kustomer import settings
from tap_kustomer.api.budget import Budget
from tap_kustomer.api.client import Client
from tap_kustomer.session import utc_now
from tap_kustomer.tap import TapKustomer

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from flask import Flask
    from singer_sdk.singerlib import Message

    from emulator import Emulator

NOW = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
KEY = "emulator-key"
CONFIG: dict[str, Any] = {"api_key": KEY, "base_url": "https://acme.kustomerapp.com"}

# Seconds that retries would have slept: see the fixture `waits`.
SLEPT: list[float] = []
Answer = tuple[int, Mapping[str, str], bytes]


def load(**config: Any) -> settings.Settings:
    """Settings at a fixed moment."""
    return settings.load({**CONFIG, **config}, NOW)


class HeldClock:
    """Seconds that pass only when somebody waits."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        """Stand in for `Condition.wait`."""
        del condition
        assert seconds is not None, "nobody else could end this wait"
        self.seconds += seconds

    def budget(self, limit: int) -> Budget:
        """A budget that this clock runs."""
        return Budget(limit, clock=self, wait=self.wait)


class Transport(BaseAdapter):
    """Answers requests in-process; keeps what was sent."""

    def __init__(self, answer: Callable[[requests.PreparedRequest], Answer]) -> None:
        super().__init__()
        self.sent: list[requests.PreparedRequest] = []
        self._answer = answer

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        self.sent.append(request)
        status, headers, body = self._answer(request)
        raw = HTTPResponse(
            body=io.BytesIO(body),
            headers=HTTPHeaderDict(headers),
            status=status,
            preload_content=False,
        )
        response = requests.Response()
        response.status_code = status
        response.headers.update(headers)
        response.raw = raw
        response.url = request.url or ""
        response.request = request
        return response

    def close(self) -> None:
        """Nothing is open."""


def scripted(*answers: Answer | Exception) -> Transport:
    """Gives the answers one after the other."""
    left = deque(answers)

    def answer(_: requests.PreparedRequest) -> Answer:
        item = left.popleft()
        if isinstance(item, Exception):
            raise item
        return item

    return Transport(answer)


def served_by(app: Flask) -> Transport:
    """Asks a WSGI app, without a socket."""

    def answer(request: requests.PreparedRequest) -> Answer:
        body = request.body.encode() if isinstance(request.body, str) else request.body
        try:
            response = app.test_client().open(
                request.path_url, method=request.method, headers=dict(request.headers), data=body
            )
        except ConnectionResetError as error:
            raise requests.ConnectionError(request=request) from error
        return response.status_code, dict(response.headers), response.get_data()

    return Transport(answer)


class Messages(MsgSpecWriter):
    """A message writer that keeps what a target would read."""

    def __init__(self) -> None:
        self.all: list[dict[str, Any]] = []

    def write_message(self, message: Message) -> None:
        """Keep one message, as it was when it was written."""
        self.all.append(copy.deepcopy(message.to_dict()))

    def of(self, kind: str, stream: str | None = None) -> list[dict[str, Any]]:
        """The messages of a kind, in order."""
        return [m for m in self.all if m["type"] == kind and stream in {None, m.get("stream")}]

    def records(self, stream: str) -> list[dict[str, Any]]:
        """The rows of a stream, in order."""
        return [m["record"] for m in self.of("RECORD", stream)]

    @property
    def state(self) -> dict[str, Any]:
        """The last state, which is what the next run gets."""
        states = self.of("STATE")
        return states[-1]["value"] if states else {}


def tap_for(
    emulator: Emulator,
    messages: Messages,
    *,
    state: dict[str, Any] | None = None,
    catalog: dict[str, Any] | None = None,
    now: Callable[[], datetime] = utc_now,
    **config: Any,
) -> TapKustomer:
    """A tap that reads an emulator without sockets, at full size and without waiting."""
    tap = TapKustomer(
        config={**CONFIG, **config},
        state=copy.deepcopy(state),
        catalog=catalog,
        message_writer=messages,
        setup_mapper=False,
        now=now,
    )
    transport = served_by(emulator.app)
    tap.session.__dict__["client"] = client_for(transport, now=now, **config)
    tap.setup_mapper()
    return tap


def sync(emulator: Emulator, **options: Any) -> Messages:
    """What one whole run writes."""
    messages = Messages()
    tap_for(emulator, messages, **options).read()
    return messages


def client_for(
    transport: Transport,
    clock: HeldClock | None = None,
    now: Callable[[], datetime] = utc_now,
    **config: Any,
) -> Client:
    """A client that never sleeps."""
    clock = clock or HeldClock()
    loaded = settings.load({**CONFIG, **config}, now())
    client = Client(
        loaded,
        search_budget=clock.budget(loaded.max_search_requests_per_minute),
        org_budget=clock.budget(loaded.max_requests_per_minute),
        moment=lambda: NOW.timestamp() + clock.seconds,
        sleep=SLEPT.append,
    )
    client.session.mount(loaded.api_url, transport)
    return client
