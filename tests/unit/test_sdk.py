"""The private methods of singer-sdk that are overridden are still there, and still called."""

from __future__ import annotations

import inspect

import pytest
import singer_sdk
from singer_sdk import Stream, Tap

from tap_kustomer import sdk
from tap_kustomer.tap import TapKustomer


@pytest.mark.parametrize(
    ("base", "method", "parameters"),
    [
        (Tap, "_validate_config", ["self", "raise_errors"]),
        (Tap, "_handle_termination", ["self", "signum", "frame"]),
        (Stream, "_generate_record_messages", ["self", "record"]),
        (Stream, "_increment_stream_state", ["self", "latest_record", "context"]),
    ],
)
def test_a_private_method_has_the_parameters_it_is_overridden_with(
    base: type, method: str, parameters: list[str]
) -> None:
    assert list(inspect.signature(getattr(base, method)).parameters) == parameters
    callers = [inspect.getsource(one) for one in inspect.getmro(base)[:-1] if one is not object]
    assert any(f"self.{method}" in source for source in callers)


def test_no_other_private_method_is_overridden() -> None:
    assert issubclass(TapKustomer, sdk.SdkTap)
    for own, base in ((sdk.SdkTap, singer_sdk.Tap), (sdk.SdkStream, singer_sdk.Stream)):
        for cls in subclasses(own):
            private = {n for n in vars(cls) if n.startswith("_") and not n.startswith("__")}
            shared = {name for name in private if hasattr(base, name)} - {"_abc_impl"}
            assert cls is own or not shared, cls


def subclasses(cls: type[object]) -> set[type[object]]:
    found = {cls}
    for child in cls.__subclasses__():
        found |= subclasses(child)
    return found
