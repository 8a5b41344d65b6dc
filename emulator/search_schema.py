"""The attributes that an org can search, as it lists them itself.

Work items and work sessions are not in the documented example, though others search them.
"""

import msgspec

from emulator.parameters import Parameters
from emulator.query import CONTEXTS
from emulator.store import Store
from emulator.switches import Switches

_UNLISTED = ("work_item", "work_session")


class SearchSchema:
    """The endpoint: one record."""

    type = "search_schema"

    @property
    def parameters(self) -> Parameters:
        """It takes none."""
        return {}

    def answer(self, store: Store, switches: Switches, _: str) -> bytes:
        """Return the record."""
        listed = {
            f"{context}_{date}": {"type": "string", "format": "date-time", "operator": "datetime"}
            for context, dates in CONTEXTS.items()
            if context not in {*_UNLISTED, *switches.refused_contexts}
            for date in dates
        }
        sortable = [name for name in listed if not name.startswith(tuple(switches.refused_sorts))]
        attributes = {
            "fields": {"type": "object", "properties": listed, "definitions": {}},
            "operators": {"properties": {"datetime": {"type": "string", "enum": ["gte", "lte"]}}},
            "sort": {"properties": {"fields": {"type": "string", "enum": sortable}}},
        }
        data = {"type": "schema", "id": store.id, "attributes": attributes}
        return msgspec.json.encode({"data": data})
