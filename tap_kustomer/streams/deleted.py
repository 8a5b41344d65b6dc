"""Full tables whose deleted resources are in a list of their own.

See docs/BEHAVIOR.md, "Lists".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_kustomer.errors import BadRequestError
from tap_kustomer.streams.base import ListStream
from tap_kustomer.walks.listing import read_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class ListWithDeleted(ListStream):
    """A full table, deleted resources too.

    What is in use comes from `lists`, whatever becomes of the list of `deleted` ones: that one is
    newer than the others, and a server may not know its parameter.
    """

    deleted: ClassVar[tuple[str, Mapping[str, str | int]]]
    """Path and parameters of the list that contains the deleted resources, maybe others too."""
    cost = "2 requests, for up to 100 rows each; a list of more than one page is read twice"

    @override
    def resources(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Those in use, then the deleted ones, unless the first request for them answers 400."""
        yield from super().resources()
        path, params = self.deleted
        is_begun = False
        try:
            for resource in self.readable(read_list(self.session.client, path, params)):
                is_begun = True
                yield resource, {}
        except BadRequestError:
            if is_begun:
                raise
            self.logger.warning(
                "Deleted %s are not read, the others are: Kustomer answers 400 to %s with %s",
                self.name,
                path,
                ", ".join(f"{name}={value}" for name, value in params.items()),
            )
