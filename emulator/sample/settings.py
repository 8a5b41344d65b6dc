"""Sample settings of an org: tags, brands, shortcuts, SLAs, klasses, queues and the like."""

from dataclasses import dataclass
from random import Random

from emulator.ids import BRAND, FORM, QUEUE, SLA, SLA_VERSION
from emulator.resource import JsonObject, json_resource, link, new_id
from emulator.sample.conversations import Staff
from emulator.store import Store
from emulator.times import DAY, to_text

_TAGS = ("vip", "refund", "Übergröße", "late parcel", "fraud?", "praise", "bug", "wholesale",
         "press", "legal", "duplicate", "spam")  # fmt: skip
_KLASSES: tuple[tuple[str, str, list[str]], ...] = (
    ("order", "enabled", []),
    ("subscription", "enabled", ["assignable", "commentable"]),
    ("ecomm-return", "existing_only", []),
    ("loyalty", "disabled", []),
)
# Resource or klass -> attribute -> type, and what else its definition says.
_DEFINITIONS: dict[str, dict[str, JsonObject]] = {
    "conversation": {
        "orderNumberStr": {"type": "string"},
        "orderTotalNum": {"type": "number"},
        "vipBool": {"type": "boolean"},
        "deliveryAt": {"type": "date"},
        "reasonTree": {"type": "tree", "tree": {"children": [{"id": "orders", "children": []}]}},
        "noteTxt": {"type": "string", "hasSensitiveAttributes": True},
        "oldReasonStr": {"type": "string", "deletedAt": "2024-02-03T04:05:06.007Z"},
    },
    "customer": {
        "lifetimeValueNum": {"type": "number", "displayName": "Lifetime value (€)"},
        "vipBool": {"type": "boolean", "enumeration": False},
        "birthdayAt": {"type": "date"},
        "favouritesStr": {"type": "string", "array": True, "enumeration": ["shoes", "hats"]},
        "shopUrl": {"type": "url", "deletedAt": "2024-02-03T04:05:06.007Z"},
    },
    "company": {"sectorTree": {"type": "tree", "tree": None}, "revenueNum": {"type": "number"}},
    "message": {"orderIdStr": {"type": "string", "target": None}},
    "order": {
        "totalNum": {"type": "number"},
        "paidAt": {"type": "date"},
        "productId": {"type": "relation", "target": "product", "multi": True},
    },
    "subscription": {"planStr": {"type": "string", "enumeration": ["basic", "plus"]}},
    "ecomm-return": {},
    "loyalty": {"pointsNum": {"type": "number"}},
}


@dataclass(frozen=True)
class Settings:
    """Puts settings made and changed in the year before ``now`` into a store."""

    store: Store
    rng: Random
    now: int

    def put(
        self,
        kind: str,
        path: str,
        attributes: JsonObject,
        record_id: str = "",
        relationships: JsonObject | None = None,
        *,
        dates: str = "createdAt updatedAt modifiedAt",
    ) -> str:
        """Put a resource with the `dates` named, and return its id."""
        created = self.now - self.rng.randrange(30 * DAY, 400 * DAY)
        updated = self.rng.randrange(created, self.now - DAY)
        record_id = record_id or new_id(self.rng, created)
        stamps = {
            name: to_text(created if name == "createdAt" else updated) for name in dates.split()
        }
        related = {"org": link("org", self.store.id), "createdBy": None, **(relationships or {})}
        self.store.put(kind, json_resource(kind, record_id, path, attributes | stamps, related))
        return record_id


def add_settings(store: Store, rng: Random, staff: Staff, *, now: int) -> None:
    """Put all settings into the store."""
    settings = Settings(store, rng, now)
    for record_id, name in zip(staff.tags, _TAGS, strict=True):
        deletion = {"deletedAt": to_text(now - DAY)} if name == "spam" else {}
        attributes = {"name": name, "color": rng.choice((None, "#ff8800")), **deletion}
        settings.put("tag", "tags", attributes | {"deleted": name == "spam"}, record_id)
    brand = {"name": "Sample Store", "iconUrl": None, "default": True}
    settings.put("brand", "brands", brand, BRAND)
    settings.put("brand", "brands", brand | {"name": "Outlet", "default": False})
    for name in ("Greeting", "Refund done", "Où est mon colis ?", "Closing"):
        settings.put("shortcut", "shortcuts", {
            "name": name, "draft": {"text": f"**{name}** {{{{customer.name}}}}"},
            "conversation": rng.choice((None, {"tags": {"operator": "add", "value": []}})),
            "payload": {"text": {"blocks": [{"text": name}], "entityMap": {"0": {"data": {}}}}},
            "isPrivate": False, "appDisabled": None, "deleted": name == "Closing", "rev": 2,
        }, relationships={"parent": None, "accessUsers": {"data": []}})  # fmt: skip
    _slas(settings)
    _klasses(settings)
    for name in ("DEFAULT_QUEUE", "Returns", "Closed long ago"):
        is_system, is_deleted = name == "DEFAULT_QUEUE", name.startswith("Closed")
        queue: JsonObject = {
            "name": name, "displayName": name.title(), "description": None, "system": is_system,
            "key": name.lower().replace(" ", "-"), "priority": 3, "itemSize": 50,
            "restrictTransfersByUsers": False, "acceptsVoiceChannel": is_system,
            "deleted": is_deleted, "deletedAt": to_text(now - DAY) if is_deleted else None,
        }  # fmt: skip
        settings.put("queue", "routing/queues", queue, QUEUE if name == "Returns" else "")
    _schedules(settings)
    for record_id, name in ((FORM, "How did we do?"), ("", "Chat survey")):
        settings.put("satisfaction", "satisfaction", {
            "name": name, "formType": "csat", "enabled": True, "channel": "email",
            "description": None, "from": {"account": "help@example.com", "app": "postmark"},
            "delayTime": 3_600_000, "scale": {"options": 5, "type": "emoji", "labelLow": "bad"},
            "introduction": "Hi!", "ratingPrompt": name, "questions": [{"prompt": "Why?"}],
            "positiveQuestions": [], "negativeQuestions": [], "criteria": {"and": [], "or": []},
        }, record_id, {"template": None})  # fmt: skip


def _slas(settings: Settings) -> None:
    for sla, versions in ((SLA, (SLA_VERSION, "")), ("", ("",))):
        sla_id = sla or new_id(settings.rng, settings.now - 100 * DAY)
        made: list[JsonObject] = []
        for number, record_id in zip(range(len(versions), 0, -1), versions, strict=True):
            version = settings.put("sla_version", f"slas/{sla_id}/versions", {
                "name": "Standard" if sla else "VIP", "description": None, "version": number,
                "hours": "business" if sla else None, "metrics": {
                    "firstResponse": {"enabled": True, "times": {"1": 60, "5": 1.5}}},
                "criteria": {"and": [{"conversation_priority": {"operator": "gte", "value": 3}}]},
            }, record_id, {"sla": link("sla", sla_id)}, dates="createdAt")  # fmt: skip
            made.append({"type": "sla_version", "id": version})
        attributes = {"currentVersion": len(versions)}
        related: JsonObject = {"versions": {"data": made}}
        settings.put("sla", "slas", attributes, sla_id, related, dates="createdAt")


def _klasses(settings: Settings) -> None:
    for name, status, mixins in _KLASSES:
        settings.put("klass", "klasses", {
            "name": name, "displayName": name.title(), "icon": "box", "color": None,
            "klassSchema": "1.0", "appVersion": None, "appDisabled": False, "status": status,
            "mixins": mixins,
        }, relationships={"kobjects": {"links": {"self": f"/v1/klasses/{name}"}}},
            dates="createdAt updatedAt")  # fmt: skip
    for resource, definitions in _DEFINITIONS.items():
        record_id = new_id(settings.rng, settings.now - 300 * DAY)
        properties = {
            name: {"displayName": name, "modifiedAt": to_text(settings.now - 90 * DAY)} | definition
            for name, definition in definitions.items()
        }
        settings.store.put("metadata", {
            "type": "metadata", "id": record_id, "attributes": {"properties": properties},
            "relationships": {"org": link("org", settings.store.id)},
            "links": {"self": f"/v1/metadata/{resource}"},
        })  # fmt: skip


def _schedules(settings: Settings) -> None:
    hours = {str(day): [[540, 1_020]] if 0 < day < 6 else None for day in range(7)}  # noqa: PLR2004  (Saturday)
    for name, zone in (("Default", "Europe/Paris"), ("Night shift", "America/New_York")):
        attributes = {"name": name, "hours": hours, "timezone": zone, "default": name == "Default"}
        record_id = settings.put("schedule", "schedules", attributes)
        for holiday in ("New Year", "Fête nationale"):
            settings.put("holiday", f"schedules/{record_id}/holidays", {
                "name": holiday, "description": None, "startDate": "2027-01-01T00:00:00",
                "endDate": "2027-01-02T00:00:00", "enabled": True,
            }, relationships={"schedule": link("schedule", record_id)})  # fmt: skip
