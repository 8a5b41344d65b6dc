"""Fixtures."""

import pytest

from emulator.times import SECOND
from tests.emulator.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def filled(world: World) -> World:
    """Ten conversations, number 1 the oldest, a second apart."""
    for number in range(1, 11):
        world.add(number, age=(10 - number) * SECOND)
    return world
