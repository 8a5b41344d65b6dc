"""`make run`: load Kustomer, or the emulator, into PostgreSQL and show the result."""

from __future__ import annotations

import io
import signal
import sys
import time
from contextlib import ExitStack

import psycopg

from scripts import demo, meltano, postgres, report
from scripts.plan import SCHEMA, URL, Plan, RunError, check_values, make_plan
from tap_kustomer import files
from tap_kustomer.errors import SettingsError
from tap_kustomer.streams import STREAMS

INTERRUPTED = 130
STREAM = "conversations"
DEFAULT = {stream.name for stream in STREAMS if stream.selected_by_default}


def main() -> int:
    """Run once; the exit code is 0 only if everything was loaded."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # keeps its order with the log
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, _interrupt)
    try:
        environment = files.environment(meltano.ROOT)
        check_values(environment, meltano.plugins())
        return load(make_plan(environment), environment)
    except (RunError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. The next run continues from the bookmark.", file=sys.stderr)
        return INTERRUPTED


def load(plan: Plan, environment: dict[str, str]) -> int:
    """Run what is planned and print the result; the exit code."""
    with ExitStack() as stack:
        home = meltano.ROOT / (plan.home or ".meltano")
        home.mkdir(parents=True, exist_ok=True)
        stack.enter_context(meltano.alone())
        environment[SCHEMA] = plan.schema
        # target-postgres creates columns without a time zone: they hold UTC, as Kustomer sends it.
        environment.setdefault("PGTZ", "UTC")
        if plan.home:
            environment["MELTANO_DATABASE_URI"] = f"sqlite:///{home / 'meltano.db'}"
        expected = None
        if plan.demo:
            org, done = demo.open_org(home / "org.json")
            environment |= stack.enter_context(demo.serving(org))
            expected = {name: n for name, n in org.counts().items() if name in DEFAULT}
            _print_source(done)
        server = plan.server
        if server:
            _check_server(server)
        else:
            server = stack.enter_context(postgres.embedded(home / "postgres"))
            url = server.replace("postgresql://", "postgresql+psycopg://", 1)
            environment[URL] = url
        before = meltano.bookmark(environment, STREAM)
        start, clock = time.time_ns() // 1_000_000, time.monotonic()
        code = meltano.run(environment, force=plan.home is not None)
        if code:
            msg = (
                f"meltano run failed with exit code {code}; the reason is above. Rows that were "
                f"loaded stay, and the next run continues from the bookmark."
            )
            raise RunError(msg)
        seconds = time.monotonic() - clock
        after = meltano.bookmark(environment, STREAM)
        print(f"\nLoaded in {seconds:.0f} s\n")
        agree = _show(server, plan.schema, start, expected)
        print(f"\nBookmark of {STREAM}: {before or 'none'} → {after or 'none'}")
        print("\nQuery the tables: make psql. Load what has changed since: make run.")
    if not agree:
        msg = "The tables differ from the emulator in the rows marked ✗ above."
        raise RunError(msg)
    return 0


def _show(server: str, schema: str, start: int, expected: dict[str, int] | None) -> bool:
    """Print row counts and query results; returns whether the counts are as expected."""
    with psycopg.connect(server) as connection:
        counts = report.count(connection, schema, start)
        text, agree = report.compare(counts, expected)
        print(text)
        for result in report.results(connection, schema, set(counts)):
            print(f"\n{result}")
    return agree


def _check_server(server: str) -> None:
    """Refuse a server that can't be reached before anything is read."""
    try:
        psycopg.connect(server, connect_timeout=10).close()
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        msg = f"Can't connect to your PostgreSQL, check {URL}: {reason}"
        raise RunError(msg) from None
    except psycopg.Error:  # it may quote the password
        msg = f"{URL} must be like postgresql+psycopg://user:password@host:5432/database."
        raise RunError(msg) from None


def _print_source(done: dict[str, int] | None) -> None:
    """Say that the demo org is read, and what has changed in it."""
    print("TAP_KUSTOMER_API_KEY and TAP_KUSTOMER_BASE_URL are not set: reading the emulator.")
    if done is None:
        print("Created a demo org.")
    else:
        changes = ", ".join(f"{what.replace('_', ' ')} {n:,}" for what, n in done.items() if n)
        print(f"Changes in the demo org since the last run: {changes or 'none'}.")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
