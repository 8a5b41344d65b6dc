"""`make run`: Kustomer, or the emulator, into PostgreSQL, and a look at the result."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime

import psycopg
from dotenv import dotenv_values

from scripts import demo, meltano, postgres, report
from scripts.plan import SCHEMA, Plan, PlanError, check_tap, make_plan
from tap_kustomer.streams import STREAMS

INTERRUPTED = 130
STREAM = "conversations"
DEFAULT = {stream.name for stream in STREAMS if stream.selected_by_default}


class RunError(Exception):
    """The run can't go on; the message is one sentence for the user."""


def main() -> int:
    """Run once; the exit code is 0 only if everything arrived."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # in step with the log
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _interrupt)
    try:
        environment = read_environment()
        return load(make_plan(environment), environment)
    except (PlanError, RunError, meltano.BusyError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. Start it again at any time: it goes on where it was.", file=sys.stderr)
        return INTERRUPTED


def read_environment() -> dict[str, str]:
    """The environment, and what only `.env` sets."""
    written = {n: v for n, v in dotenv_values(meltano.ROOT / ".env").items() if v}
    return written | {name: value for name, value in os.environ.items() if value}


def load(plan: Plan, environment: dict[str, str]) -> int:
    """Carry out a plan and print what came of it; the exit code."""
    with ExitStack() as stack:
        home = meltano.ROOT / (plan.home or ".meltano")
        home.mkdir(parents=True, exist_ok=True)
        stack.enter_context(meltano.alone())
        environment[SCHEMA] = plan.schema
        # target-postgres makes columns without a time zone: they hold UTC, as Kustomer sends it.
        environment.setdefault("PGTZ", "UTC")
        if plan.home:
            environment["MELTANO_DATABASE_URI"] = f"sqlite:///{home / 'meltano.db'}"
        expected = None
        if plan.demo:
            org, done = demo.open_org(home / "org.json")
            environment |= stack.enter_context(demo.serving(org))
            expected = {name: n for name, n in org.counts().items() if name in DEFAULT}
            _tell(done)
        check_tap(environment, datetime.now(UTC))
        server = plan.server
        if server:
            _check_server(server)
        else:
            server = stack.enter_context(postgres.embedded(home / "postgres"))
            url = server.replace("postgresql://", "postgresql+psycopg://", 1)
            environment["TARGET_POSTGRES_SQLALCHEMY_URL"] = url
        before = meltano.bookmark(environment, STREAM)
        start, clock = time.time_ns() // 1_000_000, time.monotonic()
        code = meltano.run(environment, force=plan.home is not None)
        if code:
            msg = (
                f"meltano run ended with exit code {code}, the reason is above. What was loaded "
                f"stays, and the next run goes on from there."
            )
            raise RunError(msg)
        seconds = time.monotonic() - clock
        after = meltano.bookmark(environment, STREAM)
        print(f"\nLoaded in {seconds:.0f} s\n")
        agree = _show(server, plan.schema, start, expected)
        print(f"\nBookmark of {STREAM}: {before or 'none'} → {after or 'none'}")
        print("\nA closer look: make psql. Bring it up to date: make run.")
    if not agree:
        msg = "The tables and the emulator differ: see the ✗ above."
        raise RunError(msg)
    return 0


def _show(server: str, schema: str, start: int, expected: dict[str, int] | None) -> bool:
    """Print the tables' counts and the query results; if the counts are as expected."""
    with psycopg.connect(server) as connection:
        counts = report.count(connection, schema, start)
        text, agree = report.compare(counts, expected)
        print(text)
        for result in report.results(connection, schema, set(counts)):
            print(f"\n{result}")
    return agree


def _check_server(server: str) -> None:
    """Refuse a server that can't be reached, before anything is read for it."""
    try:
        psycopg.connect(server, connect_timeout=10).close()
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        msg = f"Your PostgreSQL can't be used, check the TARGET_POSTGRES_ settings: {reason}"
        raise RunError(msg) from None
    except psycopg.Error:  # it may quote the password
        msg = (
            "Your PostgreSQL can't be used: write TARGET_POSTGRES_SQLALCHEMY_URL as "
            "postgresql+psycopg://user:password@host:5432/database."
        )
        raise RunError(msg) from None


def _tell(done: dict[str, int] | None) -> None:
    """Say which org the demonstration reads."""
    print(
        "No TAP_KUSTOMER_API_KEY and no TAP_KUSTOMER_BASE_URL: a demonstration with the emulator."
    )
    if done is None:
        print("An org was made up for it.")
    else:
        happened = ", ".join(f"{what.replace('_', ' ')} {n:,}" for what, n in done.items() if n)
        print(f"Since the last run life went on in its org: {happened or 'nothing happened'}.")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
