"""Serve a sample org until Ctrl-C."""

import argparse
import sys
import time

from emulator import Emulator, Org, Switches
from emulator.faults import FAULTS
from emulator.times import wall_ms


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m emulator", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=8910, help="port on 127.0.0.1 (%(default)s)")
    add("--seed", type=int, default=1, help="same seed, same data and faults (%(default)s)")
    add("--conversations", type=int, default=2_000, help="how many to make up (%(default)s)")
    add("--days", type=int, default=60, help="how far back the data goes (%(default)s)")
    add("--latency", type=float, default=0.0, help="seconds per request (%(default)s)")
    add("--fault", choices=FAULTS, action="append", default=[], help="repeatable; see --fault-rate")
    add("--fault-rate", type=float, default=0.05, help="share of each fault (%(default)s)")
    add("--search-limit", type=int, default=100, help="searches a minute (%(default)s), 0: any")
    add("--org-limit", type=int, default=1_000, help="requests a minute (%(default)s), 0: any")
    add("--moving", type=int, default=0, help="conversations updated per search (%(default)s)")
    return parser.parse_args()


def main() -> None:
    """Serve as the command line says."""
    options = _options()
    org = Org.sample(
        seed=options.seed, now=wall_ms(), conversations=options.conversations, days=options.days
    )
    switches = Switches(
        latency=options.latency,
        faults=dict.fromkeys(options.fault, options.fault_rate),
        search_limit=options.search_limit or None,
        org_limit=options.org_limit or None,
        moving=options.moving,
    )
    emulator = Emulator(org, switches, seed=options.seed)
    with emulator.serve(options.port) as url:
        counts = ", ".join(f"{number} {name}" for name, number in org.counts().items())
        sys.stdout.write(f"url   {url}\nkey   {emulator.api_key}\ndata  {counts}\n")
        sys.stdout.flush()
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            sys.stdout.write("\n")


if __name__ == "__main__":
    main()
