"""CONTRIBUTING's recipe for a stream, run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tap_kustomer import schemas
from tap_kustomer.records import Resource
from tap_kustomer.schemas import configuration
from tap_kustomer.streams import configuration as streams
from tap_kustomer.streams.base import ListStream
from tests.emulated import emulated
from tests.support import Messages, tap_for

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()
MODULES = {"schemas": configuration, "streams": streams}


def test_the_recipe_for_a_stream_makes_a_stream_that_reads() -> None:
    fields, stream = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict[str, Any] = {**vars(schemas), "Resource": Resource, "ListStream": ListStream}
    exec(fields + stream, names)  # noqa: S102  (the page's own code)
    assert len([line for line in stream.splitlines()[2:] if line.strip()]) <= 5
    emulator, messages = emulated(10), Messages()
    names["Brands"](tap_for(emulator, messages)).sync()
    brands = emulator.org.counts()["brands"]
    assert brands
    assert len(messages.records("brands")) == brands
    assert len(messages.of("ACTIVATE_VERSION", "brands")) == 1


def test_the_recipe_names_the_files_that_hold_it() -> None:
    files = re.findall(r"`(tap_kustomer/[\w/]+\.py)`:\n\n```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(files) == 2
    for path, code in files:
        assert code in (Path(__file__).parents[2] / path).read_text()
