"""The data of one org: the newest version of every resource, and what searches see.

Children of conversations that searches know are stored from the first time they are asked for, and
grow with their conversations from then on. The other children are made whenever they are asked for.
"""

from collections import defaultdict
from threading import RLock
from typing import TYPE_CHECKING, Any

from emulator.children import CHILDREN, Child
from emulator.index import Index
from emulator.resource import JsonObject, Resource
from emulator.times import SECOND, to_text

if TYPE_CHECKING:
    from collections.abc import Callable

# Their relationship with the conversation.
SEARCHED = {"conversation_time": "conversation", "work_item": "resource"}


class Store:
    """Resources by type and id; every method is safe to call from several threads.

    Attributes:
        id: the org's id.
        resources: type -> id -> newest version.
        lock: hold it to read several things in one consistent state.
        worked_until: epoch ms up to which data was made up.
        index_delay: gives the ms until searches see a version put without ``indexed_at``.
    """

    def __init__(self, now: int, *, org_id: str = "") -> None:
        """Start without data, at ``now`` in epoch milliseconds."""
        self.id = org_id or f"{now // SECOND:08x}{0:016x}"
        self.worked_until = now
        self.resources: dict[str, dict[str, Resource]] = defaultdict(dict)
        self.lock = RLock()
        self.index_delay: Callable[[], int] = lambda: 0
        self._indexes: dict[str, Index] = defaultdict(Index)
        self._ids: dict[str, list[str]] = {}
        self._version = 0
        # Kind of children -> conversation -> their ids, oldest first.
        self._children: dict[str, dict[str, list[str]]] = {}

    def put(self, kind: str, data: JsonObject, indexed_at: int | None = None) -> None:
        """Insert or replace a resource.

        Args:
            kind: its type, for example ``conversation``.
            data: the JSON:API resource object.
            indexed_at: epoch ms from which searches see this version; None: see ``index_delay``.
        """
        with self.lock:
            self._version += 1
            record = Resource.of(kind, data, self._version)
            known = self.resources[kind]
            if record.id not in known:
                self._ids.pop(kind, None)
            known[record.id] = record
            if indexed_at is None and (delay := self.index_delay()):
                indexed_at = record.updated + delay
            self._indexes[kind].add(record, indexed_at)
            if kind == "kobject":
                # The klass has a query context of its own.
                klass = record.type.replace(".", "_", 1)
                self._indexes[klass].add(record, indexed_at)
            if kind == "conversation":
                for child, known_ids in self._children.items():
                    self._grow(child, record, known_ids[record.id], indexed_at)

    def touch(
        self,
        kind: str,
        resource_id: str,
        *,
        at: int,
        indexed_at: int | None = None,
        **attributes: Any,
    ) -> None:
        """Update a resource: ``updatedAt`` becomes ``at`` (epoch ms), ``rev`` grows by one."""
        with self.lock:
            data = self.resources[kind][resource_id].data
            own = data.setdefault("attributes", {})
            own["rev"] = int(own.get("rev") or 0) + 1
            own["updatedAt"] = to_text(at)
            own.update(attributes)
            self.put(kind, data, indexed_at)

    def delete(self, kind: str, resource_id: str, *, at: int) -> None:
        """Mark a resource deleted at ``at`` (epoch ms).

        Chosen: ``updatedAt`` moves with a deletion.
        """
        self.touch(kind, resource_id, at=at, deleted=True, deletedAt=to_text(at))

    def remove(self, kind: str, resource_id: str) -> None:
        """Take a resource out of its list; searches keep it."""
        with self.lock:
            del self.resources[kind][resource_id]
            self._ids.pop(kind, None)

    def ids(self, kind: str) -> list[str]:
        """Return the ids of a type in ascending order, which is that of lists."""
        with self.lock:
            if kind not in self._ids:
                self._ids[kind] = sorted(self.resources[kind])
            return self._ids[kind]

    def children(self, kind: str) -> dict[str, list[str]]:
        """Return the ids of all children of a searched kind, by conversation, oldest first."""
        with self.lock:
            if kind not in self._children:
                found: dict[str, list[str]] = defaultdict(list)
                path = ("relationships", SEARCHED[kind], "data", "id")
                for record in self.resources[kind].values():  # of a file
                    found[str(record.part(path))].append(record.id)
                for parent in self.resources["conversation"].values():
                    self._grow(kind, parent, found[parent.id], None)
                self._children[kind] = found
            return self._children[kind]

    def _grow(self, kind: str, parent: Resource, ids: list[str], indexed_at: int | None) -> None:
        """Make the children that a conversation has gained; a work item changes with it."""
        child: Child = CHILDREN[kind]
        first = 0 if kind == "work_item" else len(ids)
        for made in child.made(parent, kind, self.id, range(first, child.count(parent))):
            if made["id"] not in self.resources[kind]:
                ids.append(made["id"])
            self.put(kind, made, indexed_at)

    def index(self, context: str, now: int) -> Index:
        """Return what searches of a query context see at ``now``; read it under ``lock``."""
        if context in SEARCHED:
            self.children(context)
        index = self._indexes[context]
        index.catch_up(now)
        return index
