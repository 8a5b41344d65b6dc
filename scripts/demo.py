"""The demo org: stored in a file, and changed as if time had passed whenever it is opened."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from emulator import Emulator, Org

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def open_org(file: Path) -> tuple[Org, dict[str, int] | None]:
    """Load the org and let it change since it was saved; create it if there is no file.

    Returns:
        The org, and the number of changes by kind; `None` for a new org.
    """
    now = time.time_ns() // 1_000_000
    if file.exists():
        org = Org.load(file)
        done = org.work(at=now, seed=now)
    else:
        org = Org.sample(seed=1, now=now)
        done = None
    # Written whole or not at all, in case this process is killed.
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".unfinished")
    org.save(unfinished)
    unfinished.replace(file)
    return org, done


@contextmanager
def serving(org: Org) -> Iterator[dict[str, str]]:
    """Serve the org on a free local port; yields the tap's settings for it."""
    with Emulator(org).serve(port=0) as url:
        yield {"TAP_KUSTOMER_API_KEY": "emulator-key", "TAP_KUSTOMER_BASE_URL": url}
