"""Query parameters. An endpoint names those it takes; anything else answers 400."""

import re
from collections.abc import Collection, Mapping

from flask import abort, request

# Parameter -> values it may have; an empty collection stands for any value.
Parameters = Mapping[str, Collection[str]]
PAGING: Parameters = {"page": (), "pageSize": ()}


def check_parameters(known: Parameters) -> None:
    """Refuse parameters and values that are not known, and repeated parameters."""
    for name, values in request.args.lists():
        if name not in known or len(values) > 1 or (known[name] and values[0] not in known[name]):
            abort(400, f"unexpected parameter {name}={','.join(values)}")


def number(name: str, default: int, largest: int = 1_000_000) -> int:
    """Return a parameter that is a whole number from 1 to ``largest``."""
    text = request.args.get(name, str(default))
    if not re.fullmatch(r"[1-9][0-9]{0,6}", text) or int(text) > largest:
        abort(400, f"{name} is not a number from 1 to {largest}")
    return int(text)
