"""Sample companies."""

from random import Random

from emulator.resource import JsonObject, json_resource, link, new_id
from emulator.sample.people import LAST_NAMES
from emulator.store import Store
from emulator.times import DAY, to_text


def add_companies(store: Store, rng: Random, *, now: int, days: int, number: int) -> list[str]:
    """Put companies changed within the last ``days`` into a store; returns their ids."""
    made: list[str] = []
    for position in range(number):
        updated = now - rng.randrange(1, days * DAY)
        created = updated - rng.randrange(300 * DAY)
        record_id = new_id(rng, created)
        domain = f"firm{position}.example.com"
        attributes: JsonObject = {
            "name": f"{rng.choice(LAST_NAMES)} & Söhne {position}",
            "externalId": f"firm-{position}", "createdAt": to_text(created),
            "updatedAt": to_text(updated), "modifiedAt": to_text(created), "tags": [],
            "emails": [], "phones": [], "socials": [],
            # Objects in the reference, text in another connector's schema.
            "domains": rng.choice(([domain], [{"domain": domain}])),
            "urls": [], "locations": [], "employeeCount": rng.choice((None, 0, 250)),
            "defaultLang": None, "rev": 1, "roleGroupVersions": [], "creditLimit": 10_000.5,
            "custom": rng.choice((None, {"sectorTree": "retail.food", "revenueNum": 1e9})),
        }  # fmt: skip
        if position % 15 == 7:  # noqa: PLR2004  (some are deleted)
            attributes |= {"deleted": True, "deletedAt": to_text(updated)}
        related: JsonObject = {"org": link("org", store.id), "createdBy": None}
        store.put("company", json_resource("company", record_id, "companies", attributes, related))
        made.append(record_id)
    return made
