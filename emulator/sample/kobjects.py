"""Sample custom objects."""

from random import Random

from emulator.resource import JsonObject, json_resource, link, new_id
from emulator.store import Store
from emulator.times import DAY, to_text

KLASSES = ("order", "subscription", "ecomm-return")


def add_kobjects(
    store: Store, rng: Random, customers: list[str], *, now: int, days: int, number: int
) -> None:
    """Put custom objects of several klasses, changed within the last ``days``, into a store."""
    for position in range(number):
        name = KLASSES[position % 5 // 2]
        updated = now - rng.randrange(1, days * DAY)
        created = updated - rng.randrange(60 * DAY)
        record_id = new_id(rng, created)
        total = rng.choice((19.99, 40, 0, 1_234.5))
        attributes: JsonObject = {
            "externalId": f"{name}-{position}", "title": f"{name} #{position}", "description": None,
            "icon": "box", "images": [], "tags": [], "rev": rng.randrange(1, 9),
            # Beyond what a double holds exactly.
            "data": {"lines": [{"sku": "A-1", "price": total}], "tracking": 9_007_199_254_740_993},
            "custom": rng.choice((None, {"totalNum": total, "paidAt": to_text(created)})),
            "createdAt": to_text(created), "updatedAt": to_text(updated),
            "attribution": rng.choice((None, {})), "klassDisplayName": name.title(),
            "klassMixins": [], "roleGroupVersions": [], "warehouseRegion": "eu",
        }  # fmt: skip
        if name == "subscription":
            # Only klasses with the assignable mixin have these.
            attributes |= {"klassMixins": ["assignable"], "status": "open", "assignedUser": None,
                           "lastDone": {}, "doneCount": 0}  # fmt: skip
        if rng.randrange(40) == 0:
            attributes |= {"deleted": True, "deletedAt": to_text(updated)}
        customer = rng.choice(customers) if customers else None
        relationships: JsonObject = {
            "org": {"data": {"type": "org"}},
            # A klass is named here, not identified; and "link" where all others say "links".
            "klass": {"data": {"type": "klass", "id": name},
                      "link": {"self": f"/v1/klasses/{name}"}},
            "customer": customer and link("customer", customer), "company": None,
        }  # fmt: skip
        made = json_resource(
            f"kobject.{name}", record_id, f"klasses/{name}", attributes, relationships
        )
        store.put("kobject", made)
