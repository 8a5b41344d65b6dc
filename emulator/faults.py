"""What can go wrong with an answer, and which fault the next request gets.

``error_bodies`` is a 200 with ``errors`` instead of data. 403 and 404 hit what belongs to a
conversation while the conversation itself stays readable.
"""

import re
from collections.abc import Iterable
from random import Random

from flask import abort

from emulator.resource import Resource
from emulator.search import Found
from emulator.switches import Switches

TRANSPORT = ("429", "500", "503", "reset")
BODY = ("truncated", "html", "error_bodies")
PARTS = ("403", "404")
SEARCH = ("timed_out", "short", "disorder", "outside")
FAULTS = (*TRANSPORT, *BODY, *PARTS, *SEARCH)
_PART = re.compile(r"/v\d/(routing/)?conversations/[^/]+/.+|/v1/satisfaction-responses/.+")


def draw(switches: Switches, rng: Random, path: str, *, probe: bool, search: bool) -> str:
    """Return the fault of a request, "" for none.

    A planned fault that does not fit the request waits for the next one that it fits.
    """
    if unknown := {*switches.faults, *switches.fault_plan} - {"", *FAULTS}:
        message = f"no such faults: {unknown}"
        raise ValueError(message)
    fitting = {"", *TRANSPORT, *(() if probe else BODY), *(SEARCH if search else ())}
    if _PART.fullmatch(path):
        fitting.update(PARTS)
    if switches.fault_plan:
        return switches.fault_plan.popleft() if switches.fault_plan[0] in fitting else ""
    for kind, probability in switches.faults.items():
        if kind in fitting and rng.random() < probability:
            return kind
    return ""


def refuse_poison(switches: Switches, sent: Iterable[str]) -> None:
    """Answer 500 instead of sending one of the poisonous ids."""
    if not switches.poison.isdisjoint(sent):
        abort(500, "poison")


def spoil(found: Found, kind: str, rng: Random, outsiders: list[Resource]) -> Found:
    """Return a page of a search with a fault.

    ``timed_out`` loses records, and the total does not count them; ``short`` loses records, and the
    total does; ``disorder`` shuffles; ``outside`` adds a record from outside of the range.
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
