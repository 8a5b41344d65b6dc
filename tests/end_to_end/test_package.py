"""The package as users get it: built, installed where nothing else is, and run.

`make package` does the same on every Python found; this is the running one alone.
"""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scripts import package
from tap_kustomer.streams import STREAMS

if TYPE_CHECKING:
    import pytest


def test_the_wheel_works_alone(tmp_path: Path) -> None:
    built = package.build(tmp_path)
    assert built.pythons == ("3.11", "3.12", "3.13", "3.14")
    place = tmp_path / "place"
    place.mkdir()
    tried = package.try_wheel(built, Path(sys.executable), place, pinned=True)
    assert tried.python == platform.python_version()
    assert tried.streams == len(STREAMS)
    assert tried.records > 0


def test_a_python_that_does_not_run_is_not_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shim = tmp_path / "python3.99"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert package.find_python("3.99") is None
    assert package.version_of(tmp_path / "none") is None
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert package.find_python(here) == Path(sys.executable)
