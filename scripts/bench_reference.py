"""A plain singer-sdk tap to compare with: the SDK's request loop and defaults, page by page.

Its schema declares the members of objects, as published taps do; it is inferred from a record. It
is correct only if no two records have the same update time.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singer_sdk import RESTStream, Tap
from singer_sdk.authenticators import BearerTokenAuthenticator
from singer_sdk.pagination import BaseAPIPaginator

if TYPE_CHECKING:
    from collections.abc import Sequence

    import requests
    from singer_sdk import Stream
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.streams.rest import HTTPRequest, PageContext

PAGE_SIZE = 500


def infer(value: object) -> dict[str, Any]:
    """A JSON schema for `value`, with the members of objects."""
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    if isinstance(value, dict):
        members = {name: infer(member) for name, member in value.items()}
        return {"type": ["object", "null"], "properties": members, "additionalProperties": True}
    kind = kinds.get(type(value), "string")
    schema: dict[str, Any] = {"type": [kind, "null"]}
    if isinstance(value, list):
        schema["items"] = infer(value[0]) if value else {"type": "string"}
    return schema


class LastUpdate(BaseAPIPaginator[str]):
    """The next page starts at the last update time of this one."""

    def get_next(self, response: requests.Response) -> str | None:
        """The update time to continue from; `None` at the end."""
        data = response.json()["data"]
        return data[-1]["attributes"]["updatedAt"] if len(data) == PAGE_SIZE else None


class Conversations(RESTStream[str]):
    """Conversations, read as in the SDK's tap template."""

    name = "conversations"
    path = "/v1/customers/search"
    http_method = "POST"
    primary_keys = ("id",)
    replication_key = "updatedAt"
    is_sorted = True
    records_jsonpath = "$.data[*]"

    @property
    def url_base(self) -> str:
        """The emulator's address."""
        return str(self.config["base_url"])

    @property
    def authenticator(self) -> BearerTokenAuthenticator:
        """The API key as a bearer token."""
        return BearerTokenAuthenticator(token=self.config["api_key"])

    def get_new_paginator(self) -> LastUpdate:
        """Pages by update time."""
        return LastUpdate(self.config["start_date"])

    def get_http_request(self, *, page: PageContext[str]) -> HTTPRequest:
        """One page of the search."""
        request = super().get_http_request(page=page)
        request.params = {"page": 1, "pageSize": PAGE_SIZE}
        request.data = {
            "queryContext": "conversation",
            "and": [{"conversation_updated_at": {"gte": page.next_page_token}}],
            "sort": [{"conversation_updated_at": "asc"}],
            "includeDeleted": True,
        }
        return request

    def post_process(self, row: Record, context: Context | None = None) -> Record:
        """Move the attributes to the top level."""
        del context
        return {"id": row["id"], **row["attributes"], "relationships": row["relationships"]}


class Reference(Tap):
    """The reference tap."""

    name = "tap-reference"

    def discover_streams(self) -> Sequence[Stream]:
        """One stream, with a schema inferred from a record."""
        sample = json.loads(Path(self.config["sample"]).read_bytes())
        row = {"id": "", **sample["attributes"], "relationships": sample["relationships"]}
        schema = infer(row)
        schema["properties"]["updatedAt"] = {"type": "string", "format": "date-time"}
        return [Conversations(self, schema=schema)]


if __name__ == "__main__":
    Reference(config=json.loads(Path(sys.argv[1]).read_text())).sync_all()
