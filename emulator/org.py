"""The org that the emulator serves: its data, where it comes from and how it lives on."""

from pathlib import Path

import msgspec

from emulator.life import live_on
from emulator.sample import fill
from emulator.store import Store


class _File(msgspec.Struct):
    """What is kept in a data file: the newest versions, not what searches lag behind."""

    id: str
    name: str
    worked_until: int
    resources: dict[str, list[msgspec.Raw]]


class Org(Store):
    """A store that can be made up, saved and loaded."""

    @classmethod
    def sample(cls, *, seed: int, now: int, conversations: int = 2_000, days: int = 60) -> "Org":
        """Make up an org whose last ``days`` end at ``now`` (epoch ms); same seed, same data."""
        org = cls(now)
        fill(org, seed=seed, now=now, conversations=conversations, days=days)
        return org

    def work(self, *, at: int, seed: int = 0) -> dict[str, int]:
        """Let life go on until ``at`` (epoch ms); returns how much of what was done."""
        with self.lock:
            return live_on(self, at=at, seed=seed)

    def save(self, path: str | Path) -> None:
        """Write the data to a JSON file."""
        with self.lock:
            resources = {
                kind: [msgspec.Raw(record.raw) for record in records.values()]
                for kind, records in self.resources.items()
            }
            file = _File(self.id, self.name, self.worked_until, resources)
        Path(path).write_bytes(msgspec.json.encode(file))

    @classmethod
    def load(cls, path: str | Path) -> "Org":
        """Read the data of a JSON file written by ``save``."""
        file = msgspec.json.decode(Path(path).read_bytes(), type=_File)
        org = cls(file.worked_until, org_id=file.id, name=file.name)
        for kind, records in file.resources.items():
            for raw in records:
                org.put(kind, msgspec.json.decode(raw))
        return org
