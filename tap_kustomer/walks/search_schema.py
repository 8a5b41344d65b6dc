"""What Kustomer itself lists as searchable and sortable in an org.

Only shown in a check: documented since 2026 without an example of what can be sorted, and some
attributes that others search are not listed. Whether a search works is tested, see `probe.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_kustomer import jsonapi
from tap_kustomer.api.document import fetch
from tap_kustomer.errors import KustomerError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_kustomer.api.client import Client

PATH = "/v1/customers/searches/schema"


def describe(client: Client, names: Iterable[str]) -> str:
    """One line on what Kustomer's list says of the attributes `names`."""
    try:
        attributes = jsonapi.object_in(fetch(client, PATH), "data", "attributes")
    except KustomerError as error:
        return f"Kustomer's list of searchable attributes can't be read: {error}"
    searchable = jsonapi.object_in(attributes, "fields", "properties")
    fields = jsonapi.object_in(attributes, "sort", "properties", "fields")
    listed = fields.get("enum")
    sortable = listed if isinstance(listed, list) else []

    def words(name: str) -> str:
        if name not in searchable:
            return f"{name} not listed"
        return f"{name} searchable{' and sortable' if name in sortable else ', not sortable'}"

    return f"Kustomer's list of searchable attributes: {'; '.join(map(words, names))}."
