"""Faults: what can go wrong with an answer, and which one the next request gets."""

from random import Random

from emulator.resource import Resource
from emulator.search import Found
from emulator.switches import Switches

STATUSES = {"429": 429, "500": 500, "503": 503}
TRANSPORT = (*STATUSES, "reset")
BODY = ("truncated", "html")
SEARCH = ("timed_out", "short", "disorder", "outside")
FAULTS = (*TRANSPORT, *BODY, *SEARCH)


def draw(switches: Switches, rng: Random, *, probe: bool, search: bool) -> str:
    """Return the fault of this request, "" for none.

    A planned fault that does not fit the request (search faults fit searches, faults of the body
    fit all but the key probe) waits for the next one that it fits.
    """
    if unknown := {*switches.faults, *switches.fault_plan} - {"", *FAULTS}:
        message = f"no such faults: {unknown}"
        raise ValueError(message)
    fitting = {"", *TRANSPORT, *(() if probe else BODY), *(SEARCH if search else ())}
    if switches.fault_plan:
        return switches.fault_plan.popleft() if switches.fault_plan[0] in fitting else ""
    for kind, probability in switches.faults.items():
        if kind in fitting and rng.random() < probability:
            return kind
    return ""


def spoil(found: Found, kind: str, rng: Random, outsiders: list[Resource]) -> Found:
    """Return a search's page with a fault.

    ``timed_out`` loses records and leaves them out of the total as well, ``short`` loses records
    silently, ``disorder`` shuffles, ``outside`` adds one of the records outside of the range.
    """
    records = list(found.records)
    if kind == "disorder":
        rng.shuffle(records)
        if records == found.records:
            records.reverse()
    elif kind == "outside" and outsiders:
        records.insert(rng.randint(0, len(records)), rng.choice(outsiders))
    elif kind in {"short", "timed_out"} and records:
        kept = sorted(rng.sample(range(len(records)), rng.randrange(len(records))))
        records = [records[position] for position in kept]
    timed_out = kind == "timed_out"
    lost = len(found.records) - len(records) if timed_out else 0
    return Found(records, found.total - lost, timed_out=timed_out)
