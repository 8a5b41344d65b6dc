"""One version of one JSON:API resource, kept encoded.

A page of 500 records is answered by joining bytes, so only what every search needs is decoded.
"""

from random import Random
from typing import Any

import msgspec

from emulator.times import SECOND, to_ms

JsonObject = dict[str, Any]

_encode = msgspec.json.Encoder().encode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def new_id(rng: Random, created: int) -> str:
    """Return an id whose first 8 hex digits are the second of its creation (inferred)."""
    return f"{created // SECOND:08x}{rng.getrandbits(64):016x}"


def link(kind: str, record_id: str, path: str = "") -> JsonObject:
    """Return a to-one relationship; ``path`` is its list's, if that is not the type with an s."""
    related = {"self": f"/v1/{path or f'{kind}s'}/{record_id}"}
    return {"data": {"type": kind, "id": record_id}, "links": related}


def json_resource(
    kind: str, record_id: str, path: str, attributes: JsonObject, relationships: JsonObject
) -> JsonObject:
    """Return a JSON:API resource; ``path`` is that of its list, below ``/v1``."""
    return {
        "type": kind,
        "id": record_id,
        "attributes": attributes,
        "relationships": relationships,
        "links": {"self": f"/v1/{path}/{record_id}"},
    }


class Resource(msgspec.Struct, frozen=True, gc=False):
    """A stored version: encoded JSON plus the fields every search needs.

    Attributes:
        type: JSON:API type, for example ``conversation`` or ``kobject.order``.
        id: 24 hexadecimal characters; for an ``auth_role`` its name.
        raw: the whole resource as JSON.
        created: ``createdAt`` in epoch milliseconds, 0 when absent.
        updated: ``updatedAt`` in epoch milliseconds; ``createdAt`` when absent.
        deleted: whether ``deleted`` is true or ``deletedAt`` is set.
        version: counts up with every write to the org.
    """

    type: str
    id: str
    raw: bytes
    created: int
    updated: int
    deleted: bool
    version: int

    @classmethod
    def of(cls, kind: str, data: JsonObject, version: int) -> "Resource":
        """Encode a JSON:API resource object."""
        attributes = data.get("attributes") or {}
        created, updated = attributes.get("createdAt"), attributes.get("updatedAt")
        created_ms = to_ms(created) if created else 0
        return cls(
            data.get("type", kind),
            data["id"],
            _encode(data),
            created_ms,
            to_ms(updated) if updated else created_ms,
            bool(attributes.get("deleted") or attributes.get("deletedAt")),
            version,
        )

    def part(self, path: tuple[str, ...]) -> object:
        """Return the value at a path such as ``("attributes", "status")``; None when absent.

        Decodes nothing beside the path: filters look at every record of a range.
        """
        raw = self.raw
        for key in path:
            members = _members(raw) if raw[:1] == b"{" else {}
            if key not in members:
                return None
            raw = bytes(members[key])
        value: object = msgspec.json.decode(raw)
        return value

    @property
    def data(self) -> JsonObject:
        """A fresh decoded copy of the resource."""
        decoded: JsonObject = msgspec.json.decode(self.raw)
        return decoded
