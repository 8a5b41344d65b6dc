"""`make psql`: psql on the PostgreSQL that `make run` loads with the same settings."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack

from scripts import meltano, postgres
from scripts.plan import RunError, make_plan
from tap_kustomer import files
from tap_kustomer.errors import SettingsError


def main(arguments: list[str]) -> int:
    """Run psql with these arguments; its exit code."""
    try:
        plan = make_plan(files.environment(meltano.ROOT))
    except (RunError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    with ExitStack() as stack:
        server = plan.server
        if server is None:
            data = meltano.ROOT / (plan.home or "") / "postgres"
            if not data.exists():
                print("There is no database yet: make run creates it.", file=sys.stderr)
                return 1
            server = stack.enter_context(postgres.embedded(data))
        # Ctrl-C cancels a query in psql; it must not end this process.
        signal.signal(signal.SIGINT, lambda *_: None)
        environment = os.environ | {"PGOPTIONS": f"-c search_path={plan.schema},public"}
        command = [str(postgres.PSQL), server, *arguments]
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
