"""Full tables of what Kustomer lists per parent only, where the parents are a small whole list.

A parent whose children can't be read costs only itself: it is named, the run exits non-zero, and no
row is retired. If no parent answers, the endpoint fails, and the stream is closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from urllib.parse import quote

from typing_extensions import override

from tap_kustomer import jsonapi
from tap_kustomer.api.document import fetch
from tap_kustomer.errors import AccessRefusedError, KustomerError
from tap_kustomer.streams.base import FATAL, Order
from tap_kustomer.streams.optional import OptionalList
from tap_kustomer.walks.listing import read_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Resources = Iterator[tuple[dict[str, Any], dict[str, Any]]]

# Parents in a row that may fail, after five minutes of retries each, before the stream fails.
MAX_FAILED = 5


class Step(NamedTuple):
    """How to get from a parent to its children: `{}` in the path, or a parameter, is its id."""

    path: str
    parameter: str = ""


class PerParentList(OptionalList):
    """A full table, read with a list per parent. `lists` are those of the first parents."""

    steps: ClassVar[tuple[Step, ...]]
    """From the first parents to the rows."""
    parent: ClassVar[str] = ""
    """The relationship that names the parent, if rows have the column `<parent>_id`."""

    selected_by_default = False

    @override
    @property
    def order(self) -> Order:
        return Order.PER_PARENT

    @override
    def resources(self) -> Resources:
        """The children of all parents, level by level."""
        found: Resources = super().resources()
        for step in self.steps:
            found = self._children([parent for parent, _ in found], step)
        yield from found

    @override
    def estimate_pending(self) -> str:
        """Checks that the lists, and the children of one parent, can be read."""
        for parent, _ in super().resources():
            for path, params in self.requests(parent, self.steps[0]):
                fetch(self.session.client, path, {**params, "pageSize": 1})
            break
        return "full table"

    def requests(
        self, parent: dict[str, Any], step: Step
    ) -> Iterator[tuple[str, dict[str, str | int]]]:
        """Path and parameters of each list of a parent's children."""
        key = jsonapi.id_of(parent)
        yield step.path.format(quote(key, safe="")), {step.parameter: key} if step.parameter else {}

    def _children(self, parents: Iterable[dict[str, Any]], step: Step) -> Resources:
        """The children of each parent; a parent that fails is added to `skipped`.

        Raises:
            KustomerError: no parent answers, or several in a row fail.
        """
        failed: list[KustomerError] = []
        has_answered = False
        for parent in parents:
            key = jsonapi.id_of(parent)
            if not key:
                self.skipped.append("A record has no id, so what belongs to it can't be requested.")
                continue
            try:
                for path, params in self.requests(parent, step):
                    for child in self.readable(read_list(self.session.client, path, params)):
                        yield self._named(child, key)
                has_answered = True
                failed.clear()
            except FATAL:
                raise
            except KustomerError as error:
                if isinstance(error, AccessRefusedError):
                    self.access.check_key()
                failed.append(error)
                if len(failed) > MAX_FAILED:
                    raise
                self.skipped.append(f"What belongs to {key}: {error}")
        if failed and not has_answered:
            raise failed[0]

    def _named(self, child: dict[str, Any], key: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The child, and its parent's id, which a relationship need not repeat."""
        if not self.parent:
            return child, {}
        if jsonapi.related_id(child, self.parent) == key:
            related = child["relationships"].items()
            others = {name: value for name, value in related if name != self.parent}
            child = {**child, "relationships": others}
        return child, {f"{self.parent}_id": key}
