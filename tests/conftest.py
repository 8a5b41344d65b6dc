"""Fixtures and hypothesis profiles."""

from __future__ import annotations

import os

import pytest
from hypothesis import Phase, settings

from tests.support import SLEPT

settings.register_profile("default", max_examples=100, deadline=None, derandomize=True)
settings.register_profile("nightly", max_examples=2_000, deadline=None)
settings.register_profile(
    "quick", max_examples=30, deadline=None, derandomize=True, phases=[Phase.generate]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture
def waits() -> list[float]:
    """The seconds that retries would have slept since the test began; they return at once."""
    SLEPT.clear()
    return SLEPT
